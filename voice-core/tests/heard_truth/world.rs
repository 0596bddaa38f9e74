//! One reply and its listener: audio and timings come in pieces, playout runs, and somebody interrupts.

use crate::replies::{Sentence, sentence};
use bytes::Bytes;
use std::fmt;
use std::time::Duration;
use voice_core::conversation::{Command, Conversation, ConversationConfig, Input, SpokenWord};
use voice_core::stream::{Playout, PlayoutConfig};
use voice_core::testing::Random;
use voice_core::{AudioTime, ReplyId, SentenceId, SessionTime};

/// More of a word than this must be missing for it not to have been heard, in ms: 20, and 1 for clocks that round.
const MISSING_MS: u64 = 21;

/// What becomes of the timings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timings {
    /// They are known of all audio that was made when the reply is interrupted.
    Told,
    /// Some never come.
    ToldInPart,
    /// They are 100 ms early.
    TooEarly,
    /// They are 100 ms late.
    TooLate,
}

/// What the history holds, beside what was heard.
pub(crate) struct Outcome {
    seed: u64,
    text: String,
    committed: String,
    position_ms: u64,
    pub(crate) words: usize,
    pub(crate) heard: usize,
    pub(crate) within_word: bool,
    /// Words that were never timed, or may be taken for such.
    pub(crate) in_doubt: usize,
    /// Words in the history of which more than 20 ms were not heard.
    pub(crate) phantoms: usize,
    /// Words heard to their end that are not in the history.
    pub(crate) lost: usize,
    pub(crate) reports: bool,
    pub(crate) unfinished: bool,
    pub(crate) late: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, phantoms, lost, in_doubt, position_ms, .. } = self;
        write!(
            f,
            "seed {seed}: {phantoms} words made up, {lost} lost, {in_doubt} in doubt; at {position_ms} ms of {:?} the history has {:?}",
            self.text, self.committed
        )
    }
}

/// What the synthesiser does next.
enum Step {
    Audio(SentenceId, u64),
    Words(SentenceId, Vec<SpokenWord>),
    End(SentenceId),
}

pub(crate) struct World {
    seed: u64,
    random: Random,
    timings: Timings,
    rate: u32,
    /// In ms.
    now: u64,
    conversation: Conversation,
    reply: ReplyId,
    sentences: Vec<Sentence>,
    /// Where each begins.
    begins: Vec<u64>,
    steps: Vec<Step>,
    made: u64,
    playout: Playout,
    speaker: Speaker,
    stopped: bool,
    committed: String,
    in_doubt: usize,
    late: bool,
}

/// The loudspeaker: plays what it has as time passes.
struct Speaker {
    reports: bool,
    paused: bool,
    received: u64,
    /// In thousandths of samples.
    played: u64,
}

impl World {
    pub(crate) fn new(seed: u64, timings: Timings) -> Self {
        let mut random = Random::new(seed);
        let rate = [8_000, 16_000, 24_000, 48_000][random.within(0..4) as usize];
        let mut config = ConversationConfig::default();
        config.greeting = None;
        let reports = random.percent(50);
        let ahead = Duration::from_millis(random.within(100..900));
        let playout = PlayoutConfig { rate, ahead, can_pause: true };
        let sentences: Vec<_> = (0..random.within(1..4)).map(|_| sentence(&mut random, rate)).collect();
        let begins = sentences.iter().scan(0, |end, sentence| Some(std::mem::replace(end, *end + sentence.samples)));
        Self {
            seed,
            timings,
            rate,
            now: 0,
            conversation: Conversation::new(config),
            reply: ReplyId::default(),
            begins: begins.collect(),
            sentences,
            steps: Vec::new(),
            made: 0,
            playout: Playout::new(playout, reports, SessionTime::ZERO),
            speaker: Speaker { reports, paused: false, received: 0, played: 0 },
            stopped: false,
            committed: String::new(),
            in_doubt: 0,
            late: false,
            random,
        }
    }

    pub(crate) fn run(mut self) -> Outcome {
        self.begin();
        let whole = self.sentences.iter().map(|sentence| sentence.samples).sum::<u64>() * 1_000 / u64::from(self.rate);
        let stop = self.random.within(1..whole + 400);
        // A synthesiser is faster than speech, and sometimes only just.
        let pace = self.random.within(1..12);
        while self.now < stop && !self.stopped {
            let step = self.random.within(1..60).min(stop - self.now);
            self.pass(step);
            for _ in 0..pace {
                if self.steps.is_empty() || self.made > self.speaker.received + u64::from(self.rate) {
                    break;
                }
                self.synthesise();
            }
            self.play();
            if self.random.percent(1) {
                self.false_alarm();
            }
        }
        let unfinished = !self.steps.is_empty();
        self.settle_timings();
        self.interrupt();
        self.outcome(unfinished)
    }

    fn tell(&mut self, input: Input) {
        self.conversation.handle(SessionTime::from_millis(self.now), input);
        while let Some(command) = self.conversation.poll() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: Command) {
        let now = SessionTime::from_millis(self.now);
        match command {
            Command::StartReply { reply, .. } if !self.stopped => self.reply = reply,
            Command::PausePlayback { .. } => {
                self.playout.hold(now);
                self.speaker.paused = true;
            }
            Command::ResumePlayback { .. } => {
                self.playout.resume(now);
                self.speaker.paused = false;
            }
            Command::FlushPlayback { .. } => self.stopped = true,
            Command::CommitAgent { turn, text } if turn == self.reply.turn => self.committed = text,
            _ => {}
        }
    }

    fn begin(&mut self) {
        self.tell(Input::Start { output_rate: self.rate });
        self.tell(Input::UserText("Tell me.".into()));
        let reply = self.reply;
        for index in 0..self.sentences.len() {
            let Sentence { text, speech, .. } = &self.sentences[index];
            let (text, speech) = (text.clone(), speech.clone());
            self.tell(Input::Reply { reply, text, speech });
            self.plan(index);
        }
        self.tell(Input::ReplyEnded { reply });
    }

    /// Cuts a sentence's audio and timings into pieces; timings come before their audio, after it, or not at all.
    fn plan(&mut self, index: usize) {
        let id = SentenceId(index as u32);
        let mut told = std::mem::take(&mut self.sentences[index].told);
        let shift = u64::from(self.rate) / 10;
        for word in told.iter_mut().flatten() {
            match self.timings {
                Timings::TooEarly => {
                    (word.start, word.end) = (word.start.saturating_sub(shift), word.end.saturating_sub(shift))
                }
                Timings::TooLate => (word.start, word.end) = (word.start + shift, word.end + shift),
                Timings::Told | Timings::ToldInPart => {}
            }
        }
        let mut steps = Vec::new();
        let (mut made, samples) = (0, self.sentences[index].samples);
        while made < samples {
            let piece = self.random.within(1..u64::from(self.rate) / 2).min(samples - made);
            steps.push(Step::Audio(id, piece));
            made += piece;
        }
        let mut told = told.into_iter().peekable();
        while told.peek().is_some() {
            let count = self.random.within(1..6) as usize;
            let group: Vec<_> = told.by_ref().take(count).collect();
            if self.timings == Timings::ToldInPart && self.random.percent(30) {
                // Where a number may be in what was told is then not certain either.
                self.in_doubt += group.len() + self.sentences[index].numbers;
                continue;
            }
            let at = self.random.within(0..steps.len() as u64 + 1) as usize;
            steps.insert(at, Step::Words(id, group.concat()));
        }
        steps.push(Step::End(id));
        if self.random.percent(20) {
            // Words that come when the sentence is complete.
            let words = steps.iter().position(|step| matches!(step, Step::Words(..)));
            if let Some(words) = words {
                let words = steps.remove(words);
                steps.push(words);
            }
        }
        steps.reverse();
        self.steps.splice(0..0, steps);
    }

    fn synthesise(&mut self) {
        let reply = self.reply;
        match self.steps.pop() {
            Some(Step::Audio(sentence, samples)) => {
                self.made += samples;
                self.playout.push(Bytes::from(vec![0; samples as usize * 2]));
                self.tell(Input::Synthesized { reply, sentence, samples });
            }
            Some(Step::Words(sentence, words)) => {
                let begin = self.begins[sentence.0 as usize];
                self.late |= words.iter().any(|word| begin + word.end <= self.speaker.position());
                self.tell(Input::Words { reply, sentence, words });
            }
            Some(Step::End(sentence)) => self.tell(Input::SentenceSynthesized { reply, sentence }),
            None => self.playout.end(),
        }
    }

    /// Timings of audio that was made are there before the interruption is.
    fn settle_timings(&mut self) {
        let reply = self.reply;
        for step in std::mem::take(&mut self.steps).into_iter().rev() {
            if let Step::Words(sentence, words) = step
                && self.begins[sentence.0 as usize] <= self.made
                && !self.stopped
            {
                self.tell(Input::Words { reply, sentence, words });
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.speaker.run(ms, self.rate);
    }

    /// Hands audio over and learns what was played.
    fn play(&mut self) {
        let now = SessionTime::from_millis(self.now);
        if self.speaker.reports && self.random.percent(60) {
            self.playout.report(self.speaker.position(), now);
        }
        while let Some(piece) = self.playout.release(now) {
            self.speaker.received += piece.len() as u64 / 2;
            let samples = self.playout.sent();
            self.tell(Input::Sent { reply: self.reply, samples });
        }
        self.learn_position();
    }

    fn learn_position(&mut self) {
        let now = SessionTime::from_millis(self.now);
        let (samples, reported) = (self.playout.position(now), self.playout.is_reporting(now));
        self.tell(Input::Played { turn: self.reply.turn, samples, reported });
    }

    /// A sound that holds the reply, and nothing said.
    fn false_alarm(&mut self) {
        let at = AudioTime::from_millis(self.now);
        self.tell(Input::SpeechStarted { at });
        self.pass(40);
        self.tell(Input::SpeechEnded { at, silence: Duration::ZERO });
        let Some(turn) = self.conversation.open_turn() else { return };
        let (text, unclear) = (String::new(), false);
        self.tell(Input::FinalTranscript { turn, attempt: 0, text, unclear });
    }

    /// Somebody interrupts; a listener that reports plays on for the moment until it is told, and then tells the last.
    fn interrupt(&mut self) {
        if !self.stopped {
            self.play();
            let typed = self.random.percent(50);
            self.tell(if typed { Input::UserText("Stop.".into()) } else { Input::Interrupt });
        }
        if self.speaker.reports {
            let delay = self.random.within(0..80);
            self.pass(delay);
            let (turn, samples) = (self.reply.turn, self.speaker.position());
            self.tell(Input::Played { turn, samples, reported: true });
        }
        self.speaker.paused = true;
        for _ in 0..3 {
            self.pass(500);
            self.tell(Input::Timeout);
        }
    }

    fn outcome(self, unfinished: bool) -> Outcome {
        let position = self.speaker.position();
        let missing = MISSING_MS * u64::from(self.rate) / 1_000;
        let text: String = self.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        assert!(text.starts_with(&self.committed), "seed {}: {:?} is not of {text:?}", self.seed, self.committed);
        let (mut outcome, mut before) = (self.report(position, text, unfinished), 0);
        for (sentence, begin) in self.sentences.iter().zip(&self.begins) {
            for word in &sentence.words {
                let committed = before + word.text_end <= self.committed.len();
                let end = begin + word.end;
                outcome.words += 1;
                outcome.heard += usize::from(position >= end);
                outcome.within_word |= position < end && position + missing > end;
                outcome.phantoms += usize::from(committed && position + missing < end);
                outcome.lost += usize::from(!committed && position >= end);
            }
            before += sentence.text.len();
        }
        outcome
    }

    fn report(&self, position: u64, text: String, unfinished: bool) -> Outcome {
        Outcome {
            seed: self.seed,
            text,
            committed: self.committed.clone(),
            position_ms: position * 1_000 / u64::from(self.rate),
            words: 0,
            heard: 0,
            within_word: false,
            in_doubt: self.in_doubt,
            phantoms: 0,
            lost: 0,
            reports: self.speaker.reports,
            unfinished,
            late: self.late,
        }
    }
}

impl Speaker {
    fn run(&mut self, ms: u64, rate: u32) {
        if !self.paused {
            self.played = (self.played + ms * u64::from(rate)).min(self.received * 1_000);
        }
    }

    /// Samples that came out.
    fn position(&self) -> u64 {
        self.played / 1_000
    }
}
