//! The computer's time zone, as the C library knows it.

#![allow(unsafe_code)]

use std::time::SystemTime;

/// How far local time is ahead of UTC at `time`, in seconds; zero where that is unknown.
#[cfg(all(unix, target_pointer_width = "64"))]
pub(super) fn utc_offset(time: SystemTime) -> i32 {
    use std::ffi::{c_char, c_int, c_long};

    /// `struct tm` of Linux, macOS and the BSDs.
    #[repr(C)]
    struct BrokenDown {
        fields: [c_int; 9],
        utc_offset: c_long,
        zone: *const c_char,
    }

    unsafe extern "C" {
        fn localtime_r(time: *const i64, result: *mut BrokenDown) -> *mut BrokenDown;
    }

    let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else { return 0 };
    let Ok(seconds) = i64::try_from(since.as_secs()) else { return 0 };
    let mut result = BrokenDown { fields: [0; 9], utc_offset: 0, zone: std::ptr::null() };
    // SAFETY: on these targets `time_t` has 64 bits and `struct tm` this layout; both pointers are valid for the call.
    let filled = unsafe { localtime_r(&seconds, &mut result) };
    if filled.is_null() { 0 } else { i32::try_from(result.utc_offset).unwrap_or(0) }
}

/// Unknown here: UTC.
#[cfg(not(all(unix, target_pointer_width = "64")))]
pub(super) fn utc_offset(_time: SystemTime) -> i32 {
    0
}
