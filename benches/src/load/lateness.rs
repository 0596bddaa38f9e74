//! When the first sound of an answer is due, were the server infinitely fast.

use serde::Serialize;

/// The latencies of the server's made-up services, in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Services {
    /// Silence that ends a turn, counted from the last speech sample.
    pub endpointing_ms: u64,
    /// Speech end told → final transcript.
    pub stt_ms: u64,
    /// Request → first token.
    pub llm_ms: u64,
    /// One token → the next.
    pub token_ms: u64,
    /// Sentence → first audio.
    pub tts_ms: u64,
}

impl Services {
    /// A recogniser whose transcript is there before the window ends, a model and a voice as fast as today's. What follows
    /// the end of the turn then depends on timers of the server alone.
    pub const USUAL: Self = Self { endpointing_ms: 500, stt_ms: 150, llm_ms: 200, token_ms: 10, tts_ms: 150 };

    /// Time from the decision that speech has ended, which came after `silence_ms` of it, to the first audio. The first
    /// sentence is whole with token number `token`, counted from 0; `speculative` when the answer was begun as soon as the
    /// words were known.
    pub fn due_ms(&self, silence_ms: f64, speculative: bool, token: usize) -> f64 {
        let settled = (self.endpointing_ms as f64 - silence_ms).max(0.0);
        let heard = self.stt_ms as f64;
        let answer = (self.llm_ms + self.token_ms * token as u64 + self.tts_ms) as f64;
        if speculative { settled.max(heard + answer) } else { settled.max(heard) + answer }
    }
}

/// The token, counted from 0, with which a sentence is known to be whole: its last, which brings the blank after it.
pub(super) fn closing_token(sentence: &str) -> usize {
    sentence.split_whitespace().count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_waits_for_what_comes_last() {
        let usual = Services::USUAL;
        // 308 ms of the window are left; the words are there after 150.
        assert_eq!(usual.due_ms(192.0, false, 0), 308.0 + 350.0);
        assert_eq!(usual.due_ms(192.0, true, 0), 500.0);
        assert_eq!(usual.due_ms(192.0, true, 7), 570.0);
        let slow = Services { stt_ms: 400, ..usual };
        assert_eq!(slow.due_ms(192.0, false, 0), 750.0);
        let quick = Services { llm_ms: 0, tts_ms: 0, ..usual };
        assert_eq!(quick.due_ms(192.0, true, 0), 308.0);
        assert_eq!(quick.due_ms(600.0, false, 0), 150.0);
    }
}
