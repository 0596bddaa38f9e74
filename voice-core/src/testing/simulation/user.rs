//! The user: when they do the next thing of the script, and how speech is heard.

use super::agenda::Happening;
use super::scenario::{Act, Step, When};
use super::world::{REST, World};
use crate::conversation::{AgentPhase, AgentState, Input, UserPhase};
use crate::stream::SpeechConfig;
use crate::time::{AudioTime, SessionTime};
use std::time::Duration;

/// How long the user waits for what a step is to follow.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Waiting {
    /// For what the step is to follow, until this time at most.
    For(When, SessionTime),
    /// For the step to come to its time or its end.
    Acting,
    /// The script is over.
    Over,
}

pub(super) struct User {
    step: usize,
    waiting: Waiting,
    /// Stretches of sound so far.
    utterance: u32,
    /// When the newest began, and ends.
    began: SessionTime,
    ends: SessionTime,
    /// The VAD has told of the onset and of no end.
    heard: bool,
}

impl User {
    pub(super) fn new() -> Self {
        Self {
            step: 0,
            waiting: Waiting::Over,
            utterance: 0,
            began: SessionTime::ZERO,
            ends: SessionTime::ZERO,
            heard: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.waiting == Waiting::Over
    }

    /// When patience ends.
    pub(super) fn next_wake(&self) -> Option<SessionTime> {
        match self.waiting {
            Waiting::For(_, until) => Some(until),
            Waiting::Acting | Waiting::Over => None,
        }
    }
}

fn audio_time(at: SessionTime) -> AudioTime {
    AudioTime::from_ticks(
        (at.as_duration().as_nanos() * u128::from(AudioTime::TICKS_PER_SECOND) / 1_000_000_000) as u64,
    )
}

fn milliseconds(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

impl World<'_> {
    /// Turns to a step; after the last one, to the first, as long as the call is to last.
    pub(super) fn turn_to(&mut self, step: usize) {
        let again = self.now < SessionTime::from_millis(self.scenario.length_ms);
        let step = if step >= self.scenario.script.len() && again { 0 } else { step };
        self.user.step = step;
        self.user.waiting = match self.scenario.script.get(step) {
            Some(Step { when: When::Answered(latency), .. }) => Waiting::For(When::Answered(*latency), self.now + REST),
            Some(next) => Waiting::For(next.when, self.now + PATIENCE),
            None => Waiting::Over,
        };
    }

    /// Whether what the user waits for has happened; what they do is then only a matter of time.
    pub(super) fn look_around(&mut self) {
        let Waiting::For(when, until) = self.user.waiting else { return };
        let phase = self.conversation.agent_phase();
        let (happened, latency) = match when {
            When::After(latency) => (true, latency),
            When::Asked(latency) => {
                (matches!(phase, AgentPhase::Thinking | AgentPhase::Speaking | AgentPhase::Held), latency)
            }
            When::Sounding(latency) => (phase == AgentPhase::Speaking, latency),
            When::Answered(latency) => {
                let silent = self.conversation.user_phase() == UserPhase::Silent && phase == AgentPhase::Idle;
                (silent && self.conversation.state() == AgentState::Listening && self.mouth.is_none(), latency)
            }
        };
        if happened || self.now >= until {
            self.report.stuck |= !happened && matches!(when, When::Answered(_));
            self.user.waiting = Waiting::Acting;
            let at = self.now + latency.sample(&mut self.random);
            self.agenda.plan(at, Happening::Act);
        }
    }

    pub(super) fn act(&mut self) {
        let Some(step) = self.scenario.script.get(self.user.step) else { return };
        self.note_interruption(!matches!(step.act, Act::Context(_) | Act::Announce(_)));
        let input = match &step.act {
            Act::Say(words) => {
                let word = milliseconds(self.scenario.word_ms);
                let mut at = self.now;
                for spoken in words.split_whitespace() {
                    at = at + word;
                    self.agenda.plan(at, Happening::Word(spoken.to_owned()));
                }
                return self.sound(at);
            }
            Act::Noise(ms) => return self.sound(self.now + milliseconds(*ms)),
            Act::Type(text) => Input::UserText(text.clone()),
            Act::Interrupt => Input::Interrupt,
            Act::Context(text) => Input::SetContext { instructions: None, context: Some(Some(text.clone())) },
            Act::Announce(text) => Input::Say(text.clone()),
        };
        self.learn(input);
        self.turn_to(self.user.step + 1);
    }

    /// The user makes a sound until then; the VAD is told of it in its own time.
    fn sound(&mut self, ends: SessionTime) {
        let (user, hears) = (&mut self.user, SpeechConfig::default());
        user.utterance += 1;
        (user.began, user.ends) = (self.now, ends);
        let utterance = user.utterance;
        if ends >= self.now + milliseconds(hears.min_speech_ms) {
            self.agenda.plan(self.now + milliseconds(hears.min_speech_ms), Happening::Onset { utterance });
        }
        self.agenda.plan(ends + milliseconds(hears.pause_ms), Happening::Pause { utterance });
        self.agenda.plan(ends + milliseconds(hears.min_silence_ms), Happening::SpeechEnd { utterance });
        self.agenda.plan(ends, Happening::Acted);
    }

    pub(super) fn acted(&mut self) {
        self.turn_to(self.user.step + 1);
    }

    pub(super) fn onset(&mut self, utterance: u32) {
        let user = &mut self.user;
        if utterance == user.utterance && !std::mem::replace(&mut user.heard, true) {
            let at = audio_time(user.began);
            self.learn(Input::SpeechStarted { at });
        }
    }

    pub(super) fn paused(&mut self, utterance: u32) {
        if self.user.heard && utterance == self.user.utterance {
            let at = audio_time(self.user.ends);
            self.learn(Input::SpeechPaused { at });
        }
    }

    pub(super) fn speech_ended(&mut self, utterance: u32) {
        let user = &mut self.user;
        if utterance == user.utterance && std::mem::replace(&mut user.heard, false) {
            let (at, silence) = (audio_time(user.ends), self.now.saturating_since(user.ends));
            self.learn(Input::SpeechEnded { at, silence });
        }
    }
}
