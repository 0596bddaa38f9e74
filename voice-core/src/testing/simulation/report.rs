//! What came of a simulated call.

use serde::Serialize;

/// A simulated call in figures.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How long it took, in ms of the session.
    pub length_ms: f64,
    /// Facts the conversation was told.
    pub facts: u64,
    /// Spoken turns.
    pub spoken_turns: u32,
    /// Replies that were begun, those prepared before the turn has ended included.
    pub replies: u32,
    /// Of these, how many were heard to the end.
    pub finished: u32,
    /// … were stopped.
    pub interrupted: u32,
    /// … were prepared and discarded.
    pub discarded: u32,
    /// How often the user or the application spoke up, typed or pressed a button while a reply was alive.
    pub interruptions: u64,
    /// Turns that were ended although the user went on speaking: within 2.5 s, and before they can have reacted to the
    /// answer.
    pub cut_offs: u32,
    /// From the end of speech to the first audio, in ms, of each spoken turn that was answered.
    pub response_ms: Vec<f64>,
    /// Audio that arrived at the client, in bytes.
    pub bytes: u64,
    /// Of these, what should not have: after its turn's `clear` or end, before its text, or of another reply.
    pub stale_bytes: u64,
    /// Turns of which two replies were heard or ended.
    pub second_replies: u32,
    /// Calls to tools that began and never ended.
    pub orphan_calls: usize,
    /// It did not come to rest: not within two minutes after the last thing the user did, or with nothing left to wait
    /// for.
    pub stuck: bool,
}

impl Report {
    /// The response time below which so many of a hundred are, in ms.
    pub fn response_percentile(&self, percent: usize) -> Option<f64> {
        percentile(&self.response_ms, percent)
    }

    /// What must never happen, if it did.
    pub fn problem(&self) -> Option<String> {
        let Self { stale_bytes, second_replies, orphan_calls, stuck, .. } = self;
        let fine = *stale_bytes == 0 && *second_replies == 0 && *orphan_calls == 0 && !stuck;
        (!fine).then(|| {
            format!("{stale_bytes} stale bytes, {second_replies} second replies, {orphan_calls} orphan calls, stuck: {stuck}")
        })
    }
}

/// The given percentile, 0 … 100.
pub(super) fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * percent / 100).min(last)).copied()
}
