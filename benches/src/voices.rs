//! Voices to measure with: flite's, rendered on the spot.

use futures::{StreamExt, stream};
use voice_core::audio::pcm;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::{Error, ErrorKind, Result, SentenceId, Stage};
use voice_providers::local::{LocalTts, LocalTtsConfig};

/// One of flite's voices: `slt`, `awb`, `rms` or `kal16`.
///
/// # Errors
/// `EngineMissing` where flite is not installed.
pub fn voice(name: &str) -> Result<LocalTts> {
    let mut config = LocalTtsConfig::default();
    config.voice = name.to_owned();
    LocalTts::load(config)
}

/// The sound of a text, 16 kHz. Waits for it on a thread of its own, so that a paused clock does not run on meanwhile.
///
/// # Errors
/// Whatever the voice says.
pub fn say(voice: &LocalTts, text: &str) -> Result<Vec<i16>> {
    let input = [TtsInput::Text { sentence: SentenceId(0), text: text.to_owned() }, TtsInput::Flush];
    let mut events = voice.synthesize(stream::iter(input).boxed(), CallContext::detached());
    let collect = async {
        let mut samples = Vec::new();
        while let Some(event) = events.next().await {
            if let TtsEvent::Audio { pcm: audio, .. } = event? {
                samples.extend(pcm::from_bytes(&audio)?);
            }
        }
        Ok(samples)
    };
    apart(collect)
}

/// Runs something to its end on a thread of its own.
///
/// # Errors
/// What the future says; `Internal` when there can be no thread.
pub fn apart<T: Send>(future: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let broken = |why: String| Error::new(ErrorKind::Internal, Stage::Session, why);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.map_err(|error| broken(error.to_string()))?.block_on(future)
        });
        thread.join().unwrap_or_else(|_| Err(broken("the thread panicked".into())))
    })
}
