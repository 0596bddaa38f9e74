//! What a recogniser was told of the open turn, to be told to another. Pure.

use std::collections::VecDeque;
use voice_core::TurnId;
use voice_core::stage::{FinalizeId, SttInput};

/// Bytes a second: 16 kHz PCM16.
const BYTES_PER_SECOND: usize = 32_000;
/// What is kept: 60 s. Past it the oldest audio goes.
const BOUND: usize = 60 * BYTES_PER_SECOND;

#[derive(Debug, Default)]
pub(super) struct Tape {
    /// The open turn, and those before it that wait for a final transcript.
    items: VecDeque<SttInput>,
    bytes: usize,
    /// Requests without an answer.
    owed: VecDeque<FinalizeId>,
    turn: Option<TurnId>,
    /// Audio of the turns kept that had to go, in bytes.
    lost: usize,
    /// Whether audio has come since the last request.
    speaking: bool,
}

impl Tape {
    /// Whether this belongs to another turn than what was told last.
    pub(super) fn begins_turn(&self, item: &SttInput) -> bool {
        self.turn != Some(turn_of(item))
    }

    pub(super) fn push(&mut self, item: SttInput) {
        if self.begins_turn(&item) {
            self.turn = Some(turn_of(&item));
            self.forget_turns_that_are_over();
        }
        match &item {
            SttInput::Audio { pcm, .. } => {
                self.bytes += pcm.len();
                self.speaking = true;
            }
            SttInput::Finalize(id) => {
                self.owed.push_back(*id);
                self.speaking = false;
            }
        }
        self.items.push_back(item);
        while self.bytes > BOUND {
            let Some(oldest) = self.items.iter().position(|item| matches!(item, SttInput::Audio { .. })) else { break };
            if let Some(SttInput::Audio { pcm, .. }) = self.items.remove(oldest) {
                self.bytes -= pcm.len();
                self.lost += pcm.len();
            }
        }
    }

    fn forget_turns_that_are_over(&mut self) {
        let (turn, owed) = (self.turn, &self.owed);
        let is_open = |item: &SttInput| {
            let of = turn_of(item);
            Some(of) == turn || owed.iter().any(|owed| owed.turn == of)
        };
        self.items.retain(is_open);
        self.bytes = self.items.iter().map(length).sum();
        if self.items.is_empty() {
            self.lost = 0;
        }
    }

    /// Takes an answer; `false` when nobody waits for it.
    pub(super) fn answered(&mut self, id: FinalizeId) -> bool {
        let Some(position) = self.owed.iter().position(|owed| *owed == id) else { return false };
        self.owed.remove(position);
        self.forget_turns_that_are_over();
        true
    }

    pub(super) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Whether a recogniser that knows nothing has to be told: there is a request without an answer, or somebody is
    /// speaking.
    pub(super) fn matters(&self) -> bool {
        self.speaking || self.owes()
    }

    /// Everything another recogniser has to be told: the audio, and the requests without an answer.
    pub(super) fn replay(&self) -> impl Iterator<Item = SttInput> {
        self.items.iter().filter(|item| !matches!(item, SttInput::Finalize(id) if !self.owed.contains(id))).cloned()
    }

    /// The length of the audio kept, in s.
    pub(super) fn seconds(&self) -> f64 {
        self.bytes as f64 / BYTES_PER_SECOND as f64
    }

    /// Audio that a replay lacks, in ms.
    pub(super) fn lost_ms(&self) -> usize {
        self.lost * 1_000 / BYTES_PER_SECOND
    }
}

fn turn_of(item: &SttInput) -> TurnId {
    match item {
        SttInput::Audio { turn, .. } => *turn,
        SttInput::Finalize(id) => id.turn,
    }
}

fn length(item: &SttInput) -> usize {
    match item {
        SttInput::Audio { pcm, .. } => pcm.len(),
        SttInput::Finalize(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use voice_core::AudioTime;

    fn audio(turn: u32, milliseconds: usize) -> SttInput {
        let pcm = Bytes::from(vec![0; milliseconds * 32]);
        SttInput::Audio { turn: TurnId(turn), at: AudioTime::ZERO, pcm }
    }

    fn request(turn: u32, attempt: u32) -> FinalizeId {
        FinalizeId { turn: TurnId(turn), attempt }
    }

    fn told(tape: &Tape) -> Vec<SttInput> {
        tape.replay().collect()
    }

    #[test]
    fn the_open_turn_is_kept_with_the_requests_that_have_no_answer() {
        let mut tape = Tape::default();
        for item in [audio(1, 100), SttInput::Finalize(request(1, 0)), audio(1, 200)] {
            tape.push(item);
        }
        assert!(tape.answered(request(1, 0)));
        assert!(!tape.answered(request(1, 0)), "answered once");
        tape.push(SttInput::Finalize(request(1, 1)));
        let expected = vec![audio(1, 100), audio(1, 200), SttInput::Finalize(request(1, 1))];
        assert_eq!(told(&tape), expected);
        assert!(tape.matters());
        // The next turn begins before the answer: both are kept, until it comes.
        tape.push(audio(2, 50));
        assert_eq!(told(&tape).len(), 4);
        assert!(tape.answered(request(1, 1)));
        assert_eq!(told(&tape), [audio(2, 50)]);
        tape.push(audio(3, 50));
        assert_eq!(told(&tape), [audio(3, 50)]);
    }

    #[test]
    fn a_turn_that_is_answered_matters_only_when_it_goes_on() {
        let mut tape = Tape::default();
        tape.push(audio(1, 100));
        tape.push(SttInput::Finalize(request(1, 0)));
        assert!(tape.answered(request(1, 0)));
        assert!(!tape.matters());
        tape.push(audio(1, 100));
        assert!(tape.matters());
        assert_eq!(told(&tape), [audio(1, 100), audio(1, 100)]);
    }

    #[test]
    fn a_minute_is_kept_and_what_went_is_known() {
        let mut tape = Tape::default();
        for _ in 0..70 {
            tape.push(audio(1, 1_000));
        }
        assert_eq!((tape.seconds(), tape.lost_ms()), (60.0, 10_000));
        tape.push(audio(2, 1_000));
        assert_eq!((tape.seconds(), tape.lost_ms()), (1.0, 0), "the next turn lacks nothing");
    }
}
