//! Whose words are whose: turns, the requests for their finals, and what a loss makes necessary. Pure.

use super::seam::{Placed, Seam};
use super::tape::{RATE, Tape};
use crate::deepgram::wire::{Results, Word};
use bytes::Bytes;
use std::collections::VecDeque;
use voice_core::TurnId;
use voice_core::stage::{FinalizeId, SttEvent};

/// By how much the service's spans may be beside the audio that was sent: 50 ms.
const TOLERANCE: u64 = RATE / 20;
/// So much at the end of a request's audio may go without an answer: it is the silence by which its end was noticed. 150 ms.
const SILENCE: u64 = RATE * 3 / 20;
/// Requests that were sent and never answered by name; more are forgotten.
const UNANSWERED: usize = 64;

/// What has to be sent next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    Audio(Bytes),
    Finalize,
}

#[derive(Debug, Default)]
pub(super) struct Transcript {
    tape: Tape,
    /// Those whose audio may still be needed, the open one last.
    turns: VecDeque<Turn>,
    /// Requests without an answer.
    owed: VecDeque<Owed>,
    /// Ends of the audio of the requests sent on this connection.
    asked: VecDeque<u64>,
    /// The position of this connection's second 0.
    origin: u64,
    /// All before it has final words.
    covered: u64,
    /// All before it has words on this connection, final or not.
    heard: u64,
    /// Silence that was sent and is no part of the audio: where in the connection's samples, and how much.
    silences: Vec<(u64, u64)>,
    /// A backlog is being recognised apart from the live audio.
    seam: Option<Seam>,
    events: VecDeque<SttEvent>,
}

#[derive(Debug)]
struct Turn {
    id: TurnId,
    begin: u64,
    words: String,
    /// What may still change, after `words`.
    interim: String,
    shown: String,
}

#[derive(Debug)]
struct Owed {
    id: FinalizeId,
    /// Up to where the audio counts.
    end: u64,
    sent: bool,
}

impl Transcript {
    /// Adds audio and gives the number of samples that had to be dropped unsent.
    pub(super) fn audio(&mut self, turn: TurnId, pcm: Bytes) -> u64 {
        self.open(turn);
        let dropped = self.tape.push(pcm);
        self.origin += dropped;
        dropped
    }

    pub(super) fn finalize(&mut self, id: FinalizeId) {
        if !self.turns.iter().any(|turn| turn.id == id.turn) {
            self.open(id.turn);
        }
        self.owed.push_back(Owed { id, end: self.tape.end(), sent: false });
        self.answer();
    }

    fn open(&mut self, id: TurnId) {
        if self.turns.back().is_some_and(|turn| turn.id == id) {
            return;
        }
        let begin = self.tape.end();
        self.turns.push_back(Turn { id, begin, words: String::new(), interim: String::new(), shown: String::new() });
        self.tidy();
    }

    /// What to send next on this connection: audio, and each request after the audio it is about.
    pub(super) fn next_to_send(&mut self) -> Option<Outgoing> {
        let request = self.owed.iter_mut().find(|owed| !owed.sent);
        if let Some(request) = request {
            if request.end <= self.tape.next() {
                request.sent = true;
                self.asked.push_back(request.end);
                if self.asked.len() > UNANSWERED {
                    self.asked.pop_front();
                }
                return Some(Outgoing::Finalize);
            }
            let end = request.end;
            return self.tape.take(end).map(Outgoing::Audio);
        }
        self.tape.take(self.tape.end()).map(Outgoing::Audio)
    }

    pub(super) fn wants_to_send(&self) -> bool {
        self.tape.waiting() > 0 || self.owed.iter().any(|owed| !owed.sent)
    }

    /// The position of the next sample to be sent.
    pub(super) fn next_sample(&self) -> u64 {
        self.tape.next()
    }

    /// Samples that wait to be sent.
    pub(super) fn waiting(&self) -> u64 {
        self.tape.waiting()
    }

    /// The oldest request without an answer, and whether it was sent.
    pub(super) fn owes(&self) -> Option<(FinalizeId, bool)> {
        self.owed.front().map(|owed| (owed.id, owed.sent))
    }

    /// A new connection begins: what has no final words is sent again, and the requests with it.
    pub(super) fn reconnect(&mut self) {
        self.seam = None;
        self.silences.clear();
        self.tidy();
        self.tape.rewind();
        self.covered = self.covered.max(self.needed());
        self.tape.forget(self.covered);
        self.origin = self.tape.next();
        self.heard = self.origin;
        self.asked.clear();
        for owed in &mut self.owed {
            owed.sent = false;
        }
    }

    /// Takes in what the service heard.
    pub(super) fn heard(&mut self, results: Results) {
        let begin = self.position(results.start);
        let end =
            self.position(results.start + results.duration).min(self.tape.next()).max(begin.min(self.tape.next()));
        if self.seam.is_some() {
            return self.heard_beside_a_backlog(&results, begin, end);
        }
        for (turn, text) in self.split(&results, begin, end) {
            let Some(turn) = self.turns.get_mut(turn) else { continue };
            if results.is_final {
                join(&mut turn.words, &text);
                turn.interim.clear();
            } else {
                turn.interim = text;
            }
        }
        self.heard = self.heard.max(end);
        if results.is_final {
            self.covered = self.covered.max(end);
        }
        if results.from_finalize {
            self.covered = self.covered.max(self.answered(end).unwrap_or_default());
        }
        self.show();
        self.answer();
        self.tidy();
    }

    /// The position of a time of this connection.
    fn position(&self, seconds: f64) -> u64 {
        let at = (seconds * RATE as f64).round() as u64;
        let silence: u64 = self.silences.iter().map(|(begin, length)| at.saturating_sub(*begin).min(*length)).sum();
        self.origin + at - silence
    }

    /// So many samples of silence were sent after the audio.
    pub(super) fn silence_sent(&mut self, samples: u64) {
        let before: u64 = self.silences.iter().map(|(_, length)| length).sum();
        let at = self.tape.next() - self.origin + before;
        match self.silences.last_mut() {
            Some((begin, length)) if *begin + *length == at => *length += samples,
            _ => self.silences.push((at, samples)),
        }
    }

    /// Whether the service has to hear that nobody speaks, so that it comes to an end.
    pub(super) fn wants_silence(&self) -> bool {
        self.owed.front().is_some_and(|owed| owed.sent)
            || self.turns.back().is_some_and(|turn| !turn.interim.is_empty())
    }

    /// Takes in a turn of the service's own, and how likely it is over. A request ends such a turn, if it is open: words
    /// that begin after it say that it was not, and that all before it is known.
    pub(super) fn heard_turn(&mut self, results: Results, is_over: Option<f32>) {
        let begin = self.position(results.start);
        if !results.transcript.is_empty() {
            while let Some(owed) = self.owed.pop_front_if(|owed| owed.sent && owed.end <= begin) {
                self.settle(owed.id, false);
            }
        }
        let turn = self.turns.iter().rfind(|turn| turn.begin <= begin + TOLERANCE).map(|turn| turn.id);
        self.heard(results);
        if let Some((turn, probability)) = turn.zip(is_over) {
            self.events.push_back(SttEvent::TurnEstimate { turn, probability });
        }
    }

    /// All that waits goes to be recognised apart, and this connection goes on with the last `overlap` of it. To be called
    /// on a new connection, before anything is sent. Gives the audio.
    pub(super) fn split_off_backlog(&mut self, overlap: u64) -> Bytes {
        let (audio, end) = (self.tape.unsent(), self.tape.end());
        let live = end.saturating_sub(overlap).max(self.tape.next());
        self.tape.skip(live);
        (self.origin, self.heard) = (live, live);
        for owed in &mut self.owed {
            owed.sent = owed.end <= live;
        }
        self.seam = Some(Seam::new(end, live));
        audio
    }

    /// Takes in the words of the backlog whose audio began at `origin`.
    pub(super) fn recovered(&mut self, words: Vec<Word>, origin: u64) {
        let placed = words.into_iter().map(|word| placed(word, origin)).collect();
        let Some(seam) = &mut self.seam else { return };
        seam.backlog(placed);
        self.turns.iter_mut().for_each(|turn| turn.interim.clear());
        self.join();
    }

    /// Live words, while those before them are still to come.
    fn heard_beside_a_backlog(&mut self, results: &Results, begin: u64, end: u64) {
        self.heard = self.heard.max(end);
        if !results.is_final {
            return;
        }
        let mut until = end;
        if results.from_finalize
            && let Some(asked) = self.answered(end)
        {
            until = until.max(asked);
        }
        let whole = || Placed { begin, end, text: results.transcript.clone() };
        let mut words: Vec<_> = results.words.iter().map(|word| placed(word.clone(), self.origin)).collect();
        if words.is_empty() && !results.transcript.is_empty() {
            words.push(whole());
        }
        if let Some(seam) = &mut self.seam {
            seam.live(words, until);
        }
        self.join();
    }

    /// Gives the words that are decided to their turns.
    fn join(&mut self) {
        let Some(seam) = self.seam.as_mut().filter(|seam| !seam.is_waiting()) else { return };
        let (words, until) = seam.decide();
        if seam.is_closed() {
            self.seam = None;
        }
        for word in words {
            // A request is answered before the words that came after it.
            self.answer_until(word.middle().min(until));
            if let Some(turn) = self.turns.iter_mut().rfind(|turn| turn.begin <= word.middle()) {
                join(&mut turn.words, &word.text);
            }
        }
        self.covered = self.covered.max(until.min(self.tape.next()));
        self.show();
        self.answer();
        self.tidy();
    }

    /// The words of a span by turn. A span within one turn is that turn's; one that reaches into the next is shared out
    /// word by word.
    fn split(&self, results: &Results, begin: u64, end: u64) -> Vec<(usize, String)> {
        let probe = begin + (end.saturating_sub(begin) / 2).min(TOLERANCE);
        let of = |position: u64| self.turns.iter().rposition(|turn| turn.begin <= position);
        let last = of(end.saturating_sub(TOLERANCE).max(probe));
        if of(probe) == last || results.words.is_empty() {
            return of(probe).map(|turn| (turn, results.transcript.clone())).into_iter().collect();
        }
        let at = |word: &Word| of(self.position(word.middle()));
        let mut shares: Vec<(usize, String)> = Vec::new();
        for word in &results.words {
            let Some(turn) = at(word) else { continue };
            match shares.last_mut() {
                Some((last, text)) if *last == turn => join(text, &word.text),
                _ => shares.push((turn, word.text.clone())),
            }
        }
        shares
    }

    /// The answer to one of the requests sent: the one whose audio ends nearest to the end of its span. Answers are not
    /// guaranteed, so older requests may have been passed over.
    /// Gives the end of its audio.
    fn answered(&mut self, end: u64) -> Option<u64> {
        while self.asked.len() > 1 && self.asked[1].abs_diff(end) < self.asked[0].abs_diff(end) {
            self.asked.pop_front();
        }
        self.asked.pop_front()
    }

    /// How far the service has come with what it was sent.
    pub(super) fn heard_until(&self) -> u64 {
        self.heard.max(self.covered)
    }

    /// Whether the service has come to the end of what the oldest request is about.
    pub(super) fn is_heard_out(&self) -> bool {
        self.seam.is_none() && self.owed.front().is_none_or(|owed| owed.end <= self.heard_until() + SILENCE)
    }

    /// The oldest request has waited long enough: it is answered with what is there.
    pub(super) fn out_of_patience(&mut self) {
        if let Some(owed) = self.owed.pop_front() {
            self.settle(owed.id, true);
            self.answer();
            self.tidy();
        }
    }

    /// Answers the requests all of whose audio has final words.
    fn answer(&mut self) {
        self.answer_until(self.covered);
    }

    fn answer_until(&mut self, position: u64) {
        while let Some(owed) = self.owed.pop_front_if(|owed| owed.end <= position) {
            self.settle(owed.id, false);
        }
    }

    fn settle(&mut self, id: FinalizeId, with_interim: bool) {
        let turn = self.turns.iter().find(|turn| turn.id == id.turn);
        let text = turn.map(|turn| if with_interim { turn.text() } else { turn.words.clone() }).unwrap_or_default();
        self.events.push_back(SttEvent::Final { id, text, unclear: false });
    }

    /// Shows the words of the open turn if they changed.
    fn show(&mut self) {
        let Some(turn) = self.turns.back_mut() else { return };
        let text = turn.text();
        if !text.is_empty() && text != turn.shown {
            turn.shown.clone_from(&text);
            self.events.push_back(SttEvent::Partial { turn: turn.id, text });
        }
    }

    pub(super) fn event(&mut self) -> Option<SttEvent> {
        self.events.pop_front()
    }

    /// Lets go of turns that are over and owe nothing, and of audio that is no longer needed.
    fn tidy(&mut self) {
        while self.turns.len() > 1 && !self.owed.iter().any(|owed| owed.id.turn == self.turns[0].id) {
            self.turns.pop_front();
        }
        // What was not sent of a turn that is over is sent all the same: this connection counts without gaps.
        self.covered = self.covered.max(self.needed().min(self.tape.next()));
        self.tape.forget(self.covered);
    }

    /// Where the audio of the oldest turn begins that may still need it.
    fn needed(&self) -> u64 {
        self.turns.front().map_or(self.tape.end(), |turn| turn.begin)
    }
}

impl Turn {
    fn text(&self) -> String {
        let mut text = self.words.clone();
        join(&mut text, &self.interim);
        text
    }
}

fn placed(word: Word, origin: u64) -> Placed {
    let position = |seconds: f64| origin + (seconds * RATE as f64).round() as u64;
    let begin = position(word.start);
    Placed { begin, end: position(word.end).max(begin + 1), text: word.text }
}

fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
