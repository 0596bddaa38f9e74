//! The ears of a script: what is heard, and how surely it is speech.

use super::script::{HeardTurn, SttSays};
use crate::error::{Error, Result, Stage};
use crate::id::TurnId;
use crate::stage::{CallContext, SttEvent, SttInput, SttProvider, Vad};
use futures::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The recogniser of a script.
pub(super) struct ScriptedStt(pub(super) Arc<SttSays>);

impl SttProvider for ScriptedStt {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        let mut hearing = Hearing { says: self.0.clone(), turn: None, turns: 0, heard: 0, told: 0, asked: 0 };
        let final_ms = self.0.final_ms.max(1);
        input
            .flat_map(move |input| {
                let (events, ends) = hearing.take(input);
                stream::iter(events).then(move |event| async move {
                    if ends {
                        sleep(Duration::from_millis(final_ms)).await;
                    }
                    match event {
                        Some(event) => event,
                        None => std::future::pending().await,
                    }
                })
            })
            .take_until(cx.cancel.cancelled())
            .boxed()
    }
}

struct Hearing {
    says: Arc<SttSays>,
    turn: Option<TurnId>,
    /// Turns with audio so far.
    turns: usize,
    /// Of this turn: samples heard, partials told, finals asked for.
    heard: u64,
    told: usize,
    asked: usize,
}

impl Hearing {
    /// What an input brings, and whether that takes its time; `None` for what never comes.
    fn take(&mut self, input: SttInput) -> (Vec<Option<Result<SttEvent>>>, bool) {
        match input {
            SttInput::Audio { turn, pcm, .. } => {
                if self.turn != Some(turn) {
                    (self.turn, self.heard, self.told, self.asked) = (Some(turn), 0, 0, 0);
                    self.turns += 1;
                }
                self.heard += pcm.len() as u64 / 2;
                let Some(says) = self.says.turns.get(self.turns - 1).or(self.says.turns.last()) else {
                    return (Vec::new(), false);
                };
                let heard_ms = self.heard * 1_000 / 16_000;
                let new = says.partials[self.told..].iter().take_while(|part| part.after_ms <= heard_ms);
                let partials = new.map(|part| Some(Ok(SttEvent::Partial { turn, text: part.text.clone() })));
                let partials: Vec<_> = partials.collect();
                self.told += partials.len();
                (partials, false)
            }
            SttInput::Finalize(id) => {
                let none = HeardTurn::default();
                let turn = self.turns.saturating_sub(1);
                let says = self.says.turns.get(turn).or(self.says.turns.last()).unwrap_or(&none);
                let text = says.finals.get(self.asked).or(says.finals.last()).cloned().unwrap_or_default();
                self.asked += 1;
                if says.stands_still {
                    return (vec![None], false);
                }
                if let Some(failure) = &says.fails {
                    let failure = failure.error();
                    return (vec![Some(Err(Error::new(failure.kind, Stage::Stt, failure.message)))], true);
                }
                let answer = SttEvent::Final { id, text, unclear: says.unclear };
                let estimate = says.estimate.map(|probability| SttEvent::TurnEstimate { turn: id.turn, probability });
                (estimate.into_iter().chain([answer]).map(|event| Some(Ok(event))).collect(), true)
            }
        }
    }
}

/// A detector that is as sure of speech as the audio is loud: full scale is 1.
pub(super) struct ScriptedVad;

impl Vad for ScriptedVad {
    fn sample_rate(&self) -> u32 {
        16_000
    }

    fn window_len(&self) -> usize {
        512
    }

    fn speech_probability(&mut self, window: &[f32]) -> Result<f32> {
        Ok(window.iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs())).min(1.0))
    }

    fn reset(&mut self) {}
}
