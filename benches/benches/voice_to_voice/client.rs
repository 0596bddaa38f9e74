//! Somebody who says one utterance after the other and waits for each answer.

use super::utterances::{PER_MS, Utterance, room};
use crate::Failure;
use crate::support::service::Dice;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use voice_core::TurnId;
use voice_core::audio::pcm;
use voice_core::protocol::MetricsFrame;

/// What a microphone sends at a time: 20 ms.
const FRAME: usize = 20 * PER_MS;
/// Before the first utterance, and after each answer.
const BREATH: Duration = Duration::from_millis(600);
/// An answer that does not come by then never does.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the client gets.
#[derive(Debug, Clone)]
pub enum Seen {
    /// The final transcript of a turn.
    Words(TurnId, String),
    Text(TurnId, String),
    /// Audio made for this call, if all of it was made for one.
    Audio(Option<usize>),
    ReplyEnd(TurnId, bool),
    Metrics(MetricsFrame),
}

/// An utterance and all that was got from its beginning to that of the next.
#[derive(Debug)]
pub struct Exchange {
    pub utterance: usize,
    /// When the last sample of the last word was recorded.
    pub end: Instant,
    pub seen: Vec<(Instant, Seen)>,
}

/// Says these utterances of the set.
///
/// # Errors
/// When the connection breaks, or an answer never comes.
pub async fn converse(
    set: &[Utterance],
    numbers: &[usize],
    seed: u64,
    mut send: impl AsyncFnMut(Bytes) -> Result<(), Failure>,
    outputs: impl Stream<Item = Seen>,
) -> Result<Vec<Exchange>, Failure> {
    let mut outputs = pin!(outputs);
    let mut dice = Dice(seed);
    let mut tick = interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut exchanges = Vec::new();
    let mut begin = Instant::now() + BREATH;
    for &utterance in numbers {
        let spoken = &set[utterance];
        let (mut said, mut end, mut seen) = (0, None, Vec::new());
        while end.is_none_or(|end| Instant::now() < end + PATIENCE && !is_over(&seen, spoken)) {
            tokio::select! {
                biased;
                output = outputs.next() => seen.push((Instant::now(), output.ok_or("the session ended")?)),
                _ = tick.tick() => {
                    let now = Instant::now();
                    let mut frame = Vec::with_capacity(FRAME);
                    if said > 0 || now >= begin {
                        frame.extend(spoken.samples.iter().skip(said).take(FRAME));
                        said += FRAME;
                        if end.is_none() && said >= spoken.end() {
                            // The last sample of the frame is recorded now.
                            let later = (said - spoken.end()) * 1_000 / PER_MS;
                            end = Some(now - Duration::from_micros(later as u64));
                        }
                    }
                    frame.extend(room(FRAME - frame.len(), &mut dice));
                    send(Bytes::from(pcm::to_bytes(&frame))).await?;
                }
            }
        }
        begin = Instant::now();
        exchanges.extend(end.map(|end| Exchange { utterance, end, seen }));
    }
    Ok(exchanges)
}

/// The turn that has the last word of the utterance.
pub fn last_turn(seen: &[(Instant, Seen)], utterance: &Utterance) -> Option<TurnId> {
    let last = &utterance.words.last()?.text;
    let of = |(_, seen): &(Instant, Seen)| match seen {
        Seen::Words(turn, text) => Some((*turn, text.clone())),
        _ => None,
    };
    let (turn, text) = seen.iter().rev().find_map(of)?;
    let last = voice_core::text::spoken_form(last);
    voice_core::text::spoken_form(&text).ends_with(&last).then_some(turn)
}

/// Whether the answer to the whole utterance has come to its end a while ago.
fn is_over(seen: &[(Instant, Seen)], utterance: &Utterance) -> bool {
    let Some(turn) = last_turn(seen, utterance) else { return false };
    let ended = |seen: &Seen| matches!(seen, Seen::ReplyEnd(ended, false) if *ended == turn);
    seen.iter().any(|(at, seen)| ended(seen) && at.elapsed() >= BREATH)
}
