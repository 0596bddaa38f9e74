//! A world around a conversation: a user, a recogniser, a language model, a synthesiser and a loudspeaker, all of them
//! late, wrong or silent now and then.

mod services;

use crate::calls::{MOST_CALLS, MOST_ROUNDS, tools};
use crate::checker::{Checker, FILLER, Verdict};
use crate::judgement::{ANNOUNCEMENT, REMARKS, STOPS};
use std::collections::HashMap;
use std::time::Duration;
use voice_core::conversation::{
    AgentPhase, CloseReason, Command, Conversation, ConversationConfig, Event, Input, Prompt, SpokenWord, UserPhase,
};
use voice_core::testing::Random;
use voice_core::{AudioTime, ErrorKind, Message, ReplyId, SentenceId, SessionTime, Stage, SummaryId, ToolCall, TurnId};

/// What the loudspeaker's side knows of one reply.
struct Mouth {
    reply: ReplyId,
    spoken: u32,
    completed: u32,
    synthesized: u64,
    sent: u64,
    played: u64,
    text_ended: bool,
    cancelled: bool,
    held: bool,
}

pub(crate) struct World {
    pub(crate) conversation: Conversation,
    checker: Checker,
    random: Random,
    now: u64,
    /// Facts on their way, each with the time of its arrival.
    pending: Vec<(u64, Input)>,
    mouth: Option<Mouth>,
    /// Each service answers in order: when its last answer arrives.
    llm_at: u64,
    tts_at: u64,
    /// The words told last were a stop.
    stop_said: bool,
    /// The reply that ended last.
    ended: Option<TurnId>,
    reports: bool,
    sentence: u64,
    log: Vec<String>,
    keep_log: bool,
    pub(crate) tally: HashMap<&'static str, u32>,
}

impl World {
    pub(crate) fn new(seed: u64, keep_log: bool) -> Self {
        let mut random = Random::new(seed);
        let mut config = ConversationConfig::default();
        config.greeting = random.percent(40).then(|| "Hello there. ".into());
        config.text_only = random.percent(8);
        config.interruption.min_words = random.within(0..3) as u32;
        config.interruption.min_speech_ms = random.within(0..500);
        config.interruption.words_ms = random.within(0..1_200);
        config.interruption.hold_ms = random.within(0..2_000);
        config.interruption.false_alarm_ms = random.within(0..1_500);
        config.speculation.max_tries = random.within(0..4) as u32;
        config.speculation.held_ms = random.within(0..10_000);
        config.speculation.sentences = random.within(0..3) as usize;
        config.interruption.protect_greeting = random.percent(50);
        config.say_queue = 2;
        config.standby_line = random.percent(50);
        config.tools.max_rounds = MOST_ROUNDS;
        config.tools.max_calls = MOST_CALLS;
        config.tools.filler = random.percent(70).then(|| FILLER.into());
        config.tools.filler_ms = random.within(0..2_000);
        if random.percent(60) {
            config.memory = crate::memory::forgetful(&mut random);
        }
        if random.percent(20) {
            config.apology = None;
            config.unclear_reply = None;
            config.unheard_reply = None;
            config.broken_off = None;
        }
        Self {
            checker: Checker::new(&config),
            conversation: Conversation::new(config).with_tools(tools()),
            reports: random.percent(50),
            random,
            now: 0,
            pending: Vec::new(),
            mouth: None,
            llm_at: 0,
            tts_at: 0,
            stop_said: false,
            ended: None,
            sentence: 0,
            log: Vec::new(),
            keep_log,
            tally: HashMap::new(),
        }
    }

    /// Lives through one conversation.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        self.live().map_err(|problem| format!("{problem}\n{}", self.log.join("\n")))
    }

    fn live(&mut self) -> Verdict {
        self.tell(Input::Start { output_rate: 16_000 })?;
        let lawless = self.random.percent(10);
        for _ in 0..self.random.within(10..70) {
            self.now += if self.random.percent(30) { 0 } else { self.random.within(1..350) };
            self.arrive()?;
            self.playout()?;
            self.happen(lawless)?;
            if self.random.percent(1) {
                break;
            }
        }
        if lawless || self.random.percent(40) {
            self.tell(Input::Close(CloseReason::End))?;
        } else {
            self.go_quiet()?;
        }
        if self.conversation.is_closed() {
            self.refuse_everything()?;
        }
        *self.tally.entry("remark").or_default() += self.checker.remarks();
        *self.tally.entry("answered after a detach").or_default() += self.checker.begun_again();
        self.checker.ends()
    }

    fn tell(&mut self, input: Input) -> Verdict {
        let now = SessionTime::from_millis(self.now);
        let timed_out = input == Input::Timeout;
        if self.keep_log {
            self.log.push(format!("{:>6} {input:?}", self.now));
        }
        if let Some(mouth) = &mut self.mouth {
            match &input {
                Input::Synthesized { reply, samples, .. } if *reply == mouth.reply && !mouth.cancelled => {
                    mouth.synthesized += samples;
                }
                Input::SentenceSynthesized { reply, sentence } if *reply == mouth.reply => {
                    mouth.completed = mouth.completed.max(sentence.0 + 1);
                }
                _ => {}
            }
        }
        self.checker.told(now, &input);
        self.conversation.handle(now, input);
        while let Some(command) = self.conversation.poll() {
            if self.keep_log {
                self.log.push(format!("       → {command:?}"));
            }
            self.checker.given(&command)?;
            self.obey(command);
        }
        if self.checker.has_forgotten(&self.conversation) {
            self.count("remembered in part");
        }
        self.checker.rests(&self.conversation, now, timed_out)
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn later(&mut self, delay: std::ops::Range<u64>, input: Input) {
        let at = self.now + self.random.within(delay);
        self.pending.push((at, input));
    }

    /// Deadlines and facts whose time has come, in the order of time; what is due at once, in any order.
    fn arrive(&mut self) -> Verdict {
        loop {
            let overdue = self.conversation.next_timeout().is_some_and(|at| at <= SessionTime::from_millis(self.now));
            if overdue && self.random.percent(80) {
                self.tell(Input::Timeout)?;
                continue;
            }
            let due = self.pending.iter().enumerate().filter(|(_, (at, _))| *at <= self.now);
            let Some(index) = due.min_by_key(|(_, (at, _))| *at).map(|(index, _)| index) else { return Ok(()) };
            let (_, input) = self.pending.remove(index);
            self.tell(input)?;
        }
    }

    fn happen(&mut self, lawless: bool) -> Verdict {
        let user = self.conversation.user_phase();
        let at = AudioTime::from_millis(self.now);
        let input = match self.random.within(0..100) {
            0..=24 if user == UserPhase::Speaking => {
                Input::SpeechEnded { at, silence: Duration::from_millis(self.random.within(0..400)) }
            }
            10..=14 if user == UserPhase::Speaking => Input::SpeechPaused { at },
            15 if user == UserPhase::Speaking => Input::SpeechResumed { at },
            0..=9 => Input::SpeechStarted { at },
            25..=34 if user != UserPhase::Silent => {
                let turn = self.conversation.newest_turn();
                if self.random.percent(50) {
                    Input::TurnEstimate { turn, probability: self.random.within(0..101) as f32 / 100.0 }
                } else {
                    Input::PartialTranscript { turn, text: self.words() }
                }
            }
            35..=37 => Input::UserText(self.words()),
            38 => Input::Say("Something to say. And more.".into()),
            39 => Input::Announce(ANNOUNCEMENT.into()),
            40..=41 => Input::Interrupt,
            42 => Input::SetContext { instructions: None, context: Some(Some("context".into())) },
            43 if self.random.percent(50) => Input::Detached,
            44..=46 => Input::Attached { output_rate: 16_000 },
            47..=48 => self.failure(),
            49..=60 => self.stale(lawless),
            61 if self.random.percent(10) => Input::Close(CloseReason::Deleted),
            _ => return Ok(()),
        };
        self.tell(input)
    }

    fn words(&mut self) -> String {
        let words = ["", " ", "no", "tell me more", "what time is it now", REMARKS[0], REMARKS[1], STOPS[0], STOPS[1]];
        words[self.random.within(0..words.len() as u64) as usize].to_owned()
    }

    fn failure(&mut self) -> Input {
        let stage = [Stage::Stt, Stage::Llm, Stage::Tts, Stage::Vad, Stage::Session][self.random.within(0..5) as usize];
        let served = matches!(stage, Stage::Llm | Stage::Tts);
        let reply = if served { self.conversation.live_reply().or(Some(TurnId(999).into())) } else { None };
        Input::Failed { reply, stage, kind: ErrorKind::Unavailable, message: "made up".into() }
    }

    /// A fact about a turn that is no longer, or not yet, alive; in a lawless world about any turn.
    fn stale(&mut self, lawless: bool) -> Input {
        let turn = TurnId(self.random.within(0..u64::from(self.conversation.newest_turn().0) + 2) as u32);
        if !lawless
            && (self.conversation.live_reply().is_some_and(|reply| reply.turn == turn)
                || self.conversation.open_turn() == Some(turn))
        {
            return Input::Timeout;
        }
        self.count("stale fact");
        let reply = ReplyId { turn, attempt: self.random.within(0..2) as u32 };
        let sentence = SentenceId(self.random.within(0..3) as u32);
        let samples = self.random.within(0..60_000);
        match self.random.within(0..15) {
            14 => Input::Summarised { id: SummaryId(sentence.0 + 1_000), summary: Some("stale".into()) },
            11 => Input::ToolCalls { reply, calls: vec![self.call()] },
            13 => Input::Words { reply, sentence, words: self.timings() },
            12 => Input::ToolResult { reply, id: self.call().id, result: Ok("stale".into()) },
            0 => Input::FirstToken { reply },
            1 => Input::Reply { reply, text: "Stale words. ".into(), speech: "Stale words.".into() },
            2 => Input::ReplyEnded { reply },
            3 => Input::Synthesized { reply, sentence, samples },
            4 => Input::SentenceSynthesized { reply, sentence },
            5 => Input::Sent { reply, samples },
            6 => Input::Played { turn, samples, reported: true },
            7 => Input::PlaybackDone { reply },
            8 => Input::PartialTranscript { turn, text: "stale".into() },
            9 => Input::FinalTranscript { turn, attempt: sentence.0, text: "stale".into(), unclear: false },
            _ => Input::TurnEstimate { turn, probability: 1.0 },
        }
    }

    /// No service answers any more; the microphone gives silence, the loudspeaker plays what it has. Time alone must
    /// bring the conversation to rest.
    fn go_quiet(&mut self) -> Verdict {
        self.pending.clear();
        if self.conversation.user_phase() == UserPhase::Speaking {
            let at = AudioTime::from_millis(self.now);
            self.tell(Input::SpeechEnded { at, silence: Duration::from_millis(250) })?;
        }
        for _ in 0..400 {
            self.pending.retain(|(_, input)| matches!(input, Input::Played { .. }));
            let Some(next) = self.conversation.next_timeout() else {
                if self.mouth.is_some() {
                    self.playout()?;
                    continue;
                }
                break;
            };
            self.now += 300;
            self.playout()?;
            if next <= SessionTime::from_millis(self.now) {
                self.count("timed out");
                self.tell(Input::Timeout)?;
            } else if self.mouth.is_none() {
                self.now = (next.as_millis_f64().ceil() as u64).max(self.now);
                self.count("timed out");
                self.tell(Input::Timeout)?;
            }
        }
        let rest = (self.conversation.user_phase(), self.conversation.agent_phase(), self.conversation.next_timeout());
        if rest != (UserPhase::Silent, AgentPhase::Idle, None) {
            return Err(format!("does not come to rest: {rest:?}"));
        }
        Ok(())
    }

    fn refuse_everything(&mut self) -> Verdict {
        for input in [
            Input::Start { output_rate: 16_000 },
            Input::UserText("hello".into()),
            Input::Say("hello".into()),
            Input::SpeechStarted { at: AudioTime::ZERO },
            Input::Attached { output_rate: 16_000 },
            Input::Detached,
            Input::Timeout,
            Input::Close(CloseReason::Idle),
        ] {
            self.tell(input)?;
        }
        self.now += 100_000;
        self.arrive()
    }
}
