//! What an agent's ears make of an utterance: each silence, when it is known of, and what the model says to it.

use crate::Failure;
use crate::speech::{RATE, Utterance};
use std::sync::Arc;
use std::time::Duration;
use voice_core::builtin::{SileroModel, SileroVad, SmartTurn};
use voice_core::stage::{TurnDetector, TurnSnapshot};
use voice_core::stream::{SpeechConfig, SpeechDetector, SpeechItem};
use voice_core::text::spoken_form;
use voice_core::{AudioTime, TurnId};

/// What a microphone brings at a time: 20 ms.
const CHUNK: usize = 320;

/// A silence in an utterance. Times count from its start.
pub(crate) struct Silence {
    /// The last speech before it.
    pub since: Duration,
    /// When the VAD says so, and the model is asked.
    pub known: Duration,
    /// When the VAD knows that speech goes on; `None` at the end.
    pub over: Option<Duration>,
    /// The words so far.
    pub words: String,
    /// The model's probability that this is the end; `None` without a model.
    pub estimate: Option<f32>,
}

/// Listens as an agent does: the VAD in its default settings, the model asked where the VAD hears speech end.
///
/// # Errors
/// Of the VAD and the model.
pub(crate) fn silences(utterance: &Utterance, smart_turn: Option<&SmartTurn>) -> Result<Vec<Silence>, Failure> {
    let vad = Box::new(SileroVad::new(SileroModel::embedded()?));
    let mut detector = SpeechDetector::new(vad, SpeechConfig::default())?;
    // As it is from the first word on.
    let (mut heard, mut silences, mut taken) = (Vec::new(), Vec::new(), 0);
    for chunk in utterance.samples.chunks(CHUNK) {
        taken += chunk.len();
        let mut items = Vec::new();
        detector.push(chunk, |item| items.push(item.into_owned()))?;
        for item in items {
            match item {
                SpeechItem::Started { .. } => {
                    detector.set_turn_open(true);
                    if let Some(Silence { over, .. }) = silences.last_mut() {
                        *over = Some(after(taken));
                    }
                }
                SpeechItem::Audio { pcm, .. } => heard.extend_from_slice(&pcm),
                SpeechItem::Paused { .. } | SpeechItem::Resumed { .. } => {}
                SpeechItem::Ended { at, silence } => silences.push(Silence {
                    since: at.saturating_since(AudioTime::from_samples(0, RATE)),
                    known: after(taken),
                    over: None,
                    words: spoken_form(&utterance.text_until(at.as_samples(RATE) as usize)),
                    estimate: smart_turn.map(|model| ask(model, &heard, silence)).transpose()?,
                }),
            }
        }
    }
    Ok(silences)
}

fn after(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(RATE))
}

/// The agent keeps the last 8 s.
fn ask(model: &SmartTurn, heard: &[i16], silence: Duration) -> Result<f32, Failure> {
    let tail = &heard[heard.len().saturating_sub(8 * RATE as usize)..];
    let turn = TurnSnapshot { turn: TurnId(1), audio: tail.into(), transcript: String::new(), silence };
    Ok(model.end_of_turn(Arc::new(turn))?)
}
