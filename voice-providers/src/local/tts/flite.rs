//! flite's C interface behind a safe voice.
//!
//! Signatures and structures are those of `flite.h`, `cst_audio.h` and `cst_wave.h` of flite 2.x. Voices are statics of
//! their libraries and are registered once a process; an utterance links to its voice's features and holds its own, so
//! that threads can share a voice.

#![allow(unsafe_code)]

use super::timing::TokenTime;
use crate::local::library::Wanted;
use libloading::os::unix;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use voice_core::{Error, ErrorKind, Result, Stage};

pub(super) const FLITE: Wanted = Wanted { engine: "flite", stage: Stage::Tts, packages: "libflite1" };

/// flite's answer of a callback: go on, or stop.
const GO_ON: c_int = 0;
const STOP: c_int = -1;
/// Samples between two callbacks, at least: 40 ms.
const CHUNK: c_int = 640;

#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *const i16,
}

type Callback = unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut StreamingInfo) -> c_int;

#[repr(C)]
struct StreamingInfo {
    min_buffsize: c_int,
    callback: Option<Callback>,
    utterance: *const c_void,
    item: *const c_void,
    userdata: *mut c_void,
}

/// The head of `cst_utterance`: the only field of it that is used.
#[repr(C)]
struct UtteranceHead {
    features: *mut c_void,
}

type Pointer = *mut c_void;

struct Functions {
    new_utterance: unsafe extern "C" fn() -> Pointer,
    delete_utterance: unsafe extern "C" fn(Pointer),
    set_text: unsafe extern "C" fn(Pointer, *const c_char) -> Pointer,
    new_streaming_info: unsafe extern "C" fn() -> *mut StreamingInfo,
    streaming_info_value: unsafe extern "C" fn(*mut StreamingInfo) -> Pointer,
    set_feature: unsafe extern "C" fn(Pointer, *const c_char, *const c_void),
    do_synth: unsafe extern "C" fn(Pointer, Pointer, unsafe extern "C" fn(Pointer) -> Pointer) -> Pointer,
    synth: unsafe extern "C" fn(Pointer) -> Pointer,
    relation: unsafe extern "C" fn(Pointer, *const c_char) -> Pointer,
    head: unsafe extern "C" fn(Pointer) -> Pointer,
    next: unsafe extern "C" fn(Pointer) -> Pointer,
    feature_string: unsafe extern "C" fn(Pointer, *const c_char) -> *const c_char,
    feature_float: unsafe extern "C" fn(Pointer, *const c_char) -> f32,
}

/// A voice that can speak from several threads at once.
pub(super) struct Voice {
    functions: Functions,
    voice: Pointer,
    // Opened for the rest of the process: voices are statics inside.
    _libraries: Vec<std::mem::ManuallyDrop<unix::Library>>,
}

// SAFETY: a voice is read only once registered; whatever a synthesis changes lies in its own utterance.
unsafe impl Send for Voice {}
// SAFETY: as above.
unsafe impl Sync for Voice {}

/// What is done with the audio as it comes.
pub(super) trait Listener {
    /// Timings of the tokens, once, before the audio.
    fn tokens(&mut self, tokens: Vec<TokenTime>);
    /// The next samples; `false` stops the synthesis.
    fn samples(&mut self, samples: &[i16]) -> bool;
}

impl Voice {
    /// Opens flite, its English and the voice's library, each by the first of its names there is, and registers the
    /// voice by its function `register`.
    pub(super) fn open(libraries: &[Vec<String>], register: &str) -> Result<Self> {
        // Registration writes flite's globals.
        static REGISTRATION: Mutex<()> = Mutex::new(());
        let _guard = REGISTRATION.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = libraries.iter().map(|names| FLITE.open(names)).collect::<Result<Vec<_>>>()?;
        let opened: Vec<_> = opened.into_iter().map(std::mem::ManuallyDrop::new).collect();
        let (Some(flite), Some(voice)) = (opened.first(), opened.last()) else {
            return Err(FLITE.missing("no library is configured"));
        };
        // SAFETY: every type is the one in flite's headers for the function named beside it; registering with a null
        // directory uses what is compiled into the voice.
        unsafe {
            let init: unsafe extern "C" fn() -> c_int = FLITE.symbol(flite, "flite_init")?;
            let register: unsafe extern "C" fn(*const c_char) -> Pointer = FLITE.symbol(voice, register)?;
            let functions = Functions::find(flite)?;
            init();
            let voice = register(ptr::null());
            if voice.is_null() {
                return Err(Error::new(ErrorKind::Internal, Stage::Tts, "flite cannot set its voice up"));
            }
            Ok(Self { functions, voice, _libraries: opened })
        }
    }

    /// Speaks `text` as one utterance of plain words.
    ///
    /// # Errors
    /// `InvalidInput` for text with a zero byte, `Internal` when flite fails.
    pub(super) fn speak(&self, text: &str, listener: &mut dyn Listener) -> Result<()> {
        let text = CString::new(text).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, Stage::Tts, "the text holds a zero byte").with_source(error)
        })?;
        let functions = &self.functions;
        // SAFETY: the utterance is made, filled and deleted here. It owns the streaming information given to it as a
        // feature and deletes it; `call` outlives the synthesis, the only time the callback runs.
        unsafe {
            let utterance = (functions.new_utterance)();
            (functions.set_text)(utterance, text.as_ptr());
            let mut call = Call { functions, utterance, listener, begun: false };
            let streaming = (functions.new_streaming_info)();
            (*streaming).min_buffsize = CHUNK;
            (*streaming).callback = Some(on_audio);
            (*streaming).userdata = (&raw mut call).cast();
            let value = (functions.streaming_info_value)(streaming);
            let features = (*utterance.cast::<UtteranceHead>()).features;
            (functions.set_feature)(features, c"streaming_info".as_ptr(), value);
            let utterance = (functions.do_synth)(utterance, self.voice, functions.synth);
            if utterance.is_null() {
                return Err(Error::new(ErrorKind::Internal, Stage::Tts, "flite cannot speak this text"));
            }
            (functions.delete_utterance)(utterance);
        }
        Ok(())
    }
}

struct Call<'a> {
    functions: &'a Functions,
    utterance: Pointer,
    listener: &'a mut dyn Listener,
    begun: bool,
}

unsafe extern "C" fn on_audio(
    wave: *const Wave,
    start: c_int,
    size: c_int,
    _last: c_int,
    info: *mut StreamingInfo,
) -> c_int {
    let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else { return STOP };
    // SAFETY: flite calls with the wave it is filling and the information given to the utterance, whose `userdata` is
    // the `Call` of the synthesis in progress on this thread; `size` samples after `start` are filled.
    unsafe {
        let call = &mut *(*info).userdata.cast::<Call<'_>>();
        if !std::mem::replace(&mut call.begun, true) {
            let tokens = call.functions.tokens(call.utterance);
            call.listener.tokens(tokens);
        }
        let samples = std::slice::from_raw_parts((*wave).samples.add(start), size);
        if call.listener.samples(samples) { GO_ON } else { STOP }
    }
}

impl Functions {
    /// # Safety
    /// `flite` must be flite 2.x.
    unsafe fn find(flite: &unix::Library) -> Result<Self> {
        // SAFETY: every type is the one in flite's headers for the function named beside it.
        unsafe {
            Ok(Self {
                new_utterance: FLITE.symbol(flite, "new_utterance")?,
                delete_utterance: FLITE.symbol(flite, "delete_utterance")?,
                set_text: FLITE.symbol(flite, "utt_set_input_text")?,
                new_streaming_info: FLITE.symbol(flite, "new_audio_streaming_info")?,
                streaming_info_value: FLITE.symbol(flite, "audio_streaming_info_val")?,
                set_feature: FLITE.symbol(flite, "feat_set")?,
                do_synth: FLITE.symbol(flite, "flite_do_synth")?,
                synth: FLITE.symbol(flite, "utt_synth")?,
                relation: FLITE.symbol(flite, "utt_relation")?,
                head: FLITE.symbol(flite, "relation_head")?,
                next: FLITE.symbol(flite, "item_next")?,
                feature_string: FLITE.symbol(flite, "ffeature_string")?,
                feature_float: FLITE.symbol(flite, "ffeature_float")?,
            })
        }
    }

    /// The utterance's tokens with the times of their first and last segments.
    ///
    /// # Safety
    /// `utterance` must be null or an utterance whose durations are known.
    unsafe fn tokens(&self, utterance: Pointer) -> Vec<TokenTime> {
        let mut tokens = Vec::new();
        if utterance.is_null() {
            return tokens;
        }
        // SAFETY: items come from the utterance's own relation and are only read; features that are absent read as
        // zero or as the text "0".
        unsafe {
            let relation = (self.relation)(utterance, c"Token".as_ptr());
            let mut item = if relation.is_null() { relation } else { (self.head)(relation) };
            while !item.is_null() {
                let name = (self.feature_string)(item, c"name".as_ptr());
                if !name.is_null() {
                    let last = c"R:Token.daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end";
                    let end = (self.feature_float)(item, last.as_ptr());
                    let first = c"R:Token.daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end";
                    let start = (self.feature_float)(item, first.as_ptr());
                    let name = CStr::from_ptr(name).to_string_lossy().into_owned();
                    tokens.push(TokenTime { name, start_ms: start * 1000.0, end_ms: end * 1000.0 });
                }
                item = (self.next)(item);
            }
        }
        tokens
    }
}
