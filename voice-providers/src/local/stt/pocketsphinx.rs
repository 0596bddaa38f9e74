//! PocketSphinx' C interface, both generations of it, behind a safe decoder.
//!
//! Signatures are those of `pocketsphinx.h`: 5.x configures with `ps_config_*` and is one library; what came before
//! (Debian's 0.8+5prealpha) with `cmd_ln_*` of `libsphinxbase`, which `libpocketsphinx` brings along. Everything else
//! used here is the same in both.

#![allow(unsafe_code)]

use crate::local::library::Wanted;
use libloading::os::unix;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use voice_core::{Error, ErrorKind, Result, Stage};

pub(super) const POCKETSPHINX: Wanted =
    Wanted { engine: "PocketSphinx", stage: Stage::Stt, packages: "libpocketsphinx3 pocketsphinx-en-us" };

type ConfigInit = unsafe extern "C" fn(*const c_void) -> *mut c_void;
type ConfigSet = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> *const c_void;
type ParseArguments = unsafe extern "C" fn(*mut c_void, *const c_void, i32, *mut *mut c_char, i32) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;

/// How a configuration is made.
enum Configure {
    Five { init: ConfigInit, set: ConfigSet },
    Older { definitions: unsafe extern "C" fn() -> *const c_void, parse: ParseArguments },
}

/// The functions used, and the library they live in.
pub(super) struct Library {
    configure: Configure,
    config_free: Free,
    init: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    free: Free,
    start_utterance: Free,
    end_utterance: Free,
    process: unsafe extern "C" fn(*mut c_void, *const i16, usize, c_int, c_int) -> c_int,
    hypothesis: unsafe extern "C" fn(*mut c_void, *mut i32) -> *const c_char,
    // Declared last: the functions above must not outlive it.
    _library: unix::Library,
}

impl Library {
    /// Opens the first library of `names` there is and looks its functions up.
    pub(super) fn open(names: &[String]) -> Result<Self> {
        let library = POCKETSPHINX.open(names)?;
        // SAFETY: every type is the one in PocketSphinx' header for the function named beside it.
        unsafe {
            let configure = match POCKETSPHINX.symbol(&library, "ps_config_init") {
                Ok(init) => Configure::Five { init, set: POCKETSPHINX.symbol(&library, "ps_config_set_str")? },
                Err(_) => Configure::Older {
                    definitions: POCKETSPHINX.symbol(&library, "ps_args")?,
                    parse: POCKETSPHINX.symbol(&library, "cmd_ln_parse_r")?,
                },
            };
            let config_free = match configure {
                Configure::Five { .. } => POCKETSPHINX.symbol(&library, "ps_config_free")?,
                Configure::Older { .. } => POCKETSPHINX.symbol(&library, "cmd_ln_free_r")?,
            };
            let silence: unsafe extern "C" fn(*mut c_void) = POCKETSPHINX.symbol(&library, "err_set_logfp")?;
            // Once and before any decoder exists: the log file is a plain global of the library. Null turns it off.
            silence(ptr::null_mut());
            Ok(Self {
                configure,
                config_free,
                init: POCKETSPHINX.symbol(&library, "ps_init")?,
                free: POCKETSPHINX.symbol(&library, "ps_free")?,
                start_utterance: POCKETSPHINX.symbol(&library, "ps_start_utt")?,
                end_utterance: POCKETSPHINX.symbol(&library, "ps_end_utt")?,
                process: POCKETSPHINX.symbol(&library, "ps_process_raw")?,
                hypothesis: POCKETSPHINX.symbol(&library, "ps_get_hyp")?,
                _library: library,
            })
        }
    }
}

/// One decoder: hears one utterance at a time. May move between threads, but is never shared.
pub(super) struct Decoder {
    raw: NonNull<c_void>,
    config: NonNull<c_void>,
    library: Arc<Library>,
    // The older interface keeps pointers to its arguments.
    _arguments: Vec<CString>,
}

// SAFETY: a decoder has no ties to the thread that made it, and `&mut self` on every call keeps it to one at a time.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder with these options, named as in PocketSphinx' manual and without a dash.
    ///
    /// # Errors
    /// `Internal` when PocketSphinx refuses them.
    pub(super) fn new(library: &Arc<Library>, options: &[(&str, &str)]) -> Result<Self> {
        let (config, arguments) = library.configuration(options)?;
        // SAFETY: `config` was made by the same library and stays alive as long as the decoder.
        let Some(raw) = NonNull::new(unsafe { (library.init)(config.as_ptr()) }) else {
            // SAFETY: made above and used by nobody now.
            unsafe { (library.config_free)(config.as_ptr()) };
            return Err(failed("the decoder cannot be set up"));
        };
        Ok(Self { raw, config, library: Arc::clone(library), _arguments: arguments })
    }

    /// Begins an utterance.
    pub(super) fn start(&mut self) -> Result<()> {
        // SAFETY: `raw` is a live decoder of this library.
        check(unsafe { (self.library.start_utterance)(self.raw.as_ptr()) }, "an utterance cannot begin")
    }

    /// Hears 16 kHz mono samples; `whole` says that they are the whole utterance, whose mean is then taken at once.
    pub(super) fn process(&mut self, samples: &[i16], whole: bool) -> Result<()> {
        // SAFETY: `raw` is a live decoder of this library; the samples are read during the call only.
        let frames = unsafe {
            (self.library.process)(self.raw.as_ptr(), samples.as_ptr(), samples.len(), 0, c_int::from(whole))
        };
        check(frames.min(0), "the audio cannot be decoded")
    }

    /// Ends the utterance.
    pub(super) fn end(&mut self) -> Result<()> {
        // SAFETY: `raw` is a live decoder of this library.
        check(unsafe { (self.library.end_utterance)(self.raw.as_ptr()) }, "an utterance cannot end")
    }

    /// The best words so far, empty when there are none, and their score: how well they explain the audio heard, where 0
    /// is as well as any sounds could, in logarithms to the base 1.0001^1024 (about 1.1).
    pub(super) fn hypothesis(&mut self) -> (String, i32) {
        let mut score = 0;
        // SAFETY: `raw` is a live decoder of this library; the text returned belongs to it, lives until its next call
        // and is copied before that.
        let words = unsafe {
            let text = (self.library.hypothesis)(self.raw.as_ptr(), &mut score);
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        };
        (words, score)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: both were made by this library, are freed once, and the decoder goes before its configuration.
        unsafe {
            (self.library.free)(self.raw.as_ptr());
            (self.library.config_free)(self.config.as_ptr());
        }
    }
}

impl Library {
    fn configuration(&self, options: &[(&str, &str)]) -> Result<(NonNull<c_void>, Vec<CString>)> {
        match self.configure {
            Configure::Five { init, set } => {
                // SAFETY: null asks for the library's own definitions.
                let config = NonNull::new(unsafe { init(ptr::null()) }).ok_or_else(|| failed("no configuration"))?;
                for (name, value) in options {
                    let (name, value) = (c_string(name)?, c_string(value)?);
                    // SAFETY: `config` is live; both strings are copied by the call. An option that this version
                    // does not know is refused and left out, which is what we want.
                    unsafe { set(config.as_ptr(), name.as_ptr(), value.as_ptr()) };
                }
                Ok((config, Vec::new()))
            }
            Configure::Older { definitions, parse } => {
                let mut arguments = vec![c_string("pocketsphinx")?];
                for (name, value) in options {
                    arguments.push(c_string(&format!("-{name}"))?);
                    arguments.push(c_string(value)?);
                }
                let mut pointers: Vec<*mut c_char> = arguments.iter().map(|text| text.as_ptr().cast_mut()).collect();
                let count = i32::try_from(pointers.len()).map_err(|_| failed("too many options"))?;
                // SAFETY: `pointers` holds `count` strings that outlive the configuration; they are not written to.
                let config = unsafe { parse(ptr::null_mut(), definitions(), count, pointers.as_mut_ptr(), 0) };
                Ok((NonNull::new(config).ok_or_else(|| failed("the options are refused"))?, arguments))
            }
        }
    }
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|error| {
        Error::new(ErrorKind::InvalidConfig, Stage::Stt, "a path or option of PocketSphinx holds a zero byte")
            .with_source(error)
    })
}

fn check(code: c_int, what: &str) -> Result<()> {
    if code < 0 { Err(failed(what)) } else { Ok(()) }
}

fn failed(what: &str) -> Error {
    Error::new(ErrorKind::Internal, Stage::Stt, format!("PocketSphinx: {what}"))
}
