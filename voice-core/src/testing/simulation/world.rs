//! The loop: what happens next, in simulated time. It does what the driver of a session does, in the same order.

use super::agenda::{Agenda, Happening, Source};
use super::client::Client;
use super::cut_offs::TurnEnds;
use super::mouth::Mouth;
use super::observer::Observer;
use super::report::Report;
use super::scenario::Scenario;
use super::services::Services;
use super::tape::Tape;
use super::user::User;
use crate::conversation::{AgentPhase, CloseReason, Conversation, Input, UserPhase};
use crate::id::TurnId;
use crate::testing::Random;
use crate::time::SessionTime;
use crate::tool::ToolSpec;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// A call that has not come to rest so long after somebody's last act is stuck.
pub(super) const REST: Duration = Duration::from_secs(120);
/// So many things at the same moment are a circle.
const AT_ONCE: u32 = 100_000;

pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) conversation: Conversation,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) random: Random,
    pub(super) now: SessionTime,
    pub(super) agenda: Agenda,
    pub(super) user: User,
    pub(super) mouth: Option<Mouth>,
    /// What the user's side did in a recording, in place of the script.
    pub(super) tape: Option<Tape>,
    pub(super) services: Services,
    pub(super) client: Client,
    turn_ends: TurnEnds,
    pub(super) report: Report,
    /// Words of the turn that is open.
    pub(super) heard: (TurnId, Vec<String>),
    pub(super) cancelled: HashSet<Source>,
    /// When the last fact of a call arrives: of the recogniser, the model, the voice.
    pub(super) in_order: [SessionTime; 3],
    /// Whether the listener reports.
    pub(super) reporting: bool,
    /// The user has done all they will do.
    last_act: SessionTime,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64, observer: &'a mut dyn Observer) -> Self {
        Self {
            conversation: Conversation::new(scenario.conversation.clone()).with_tools(tools(scenario)),
            scenario,
            observer,
            random: Random::new(seed),
            now: SessionTime::ZERO,
            agenda: Agenda::default(),
            user: User::new(),
            mouth: None,
            tape: None,
            services: Services::default(),
            client: Client::new(scenario.listener),
            turn_ends: TurnEnds::default(),
            report: Report::default(),
            heard: (TurnId::default(), Vec::new()),
            cancelled: HashSet::new(),
            in_order: [SessionTime::ZERO; 3],
            reporting: false,
            last_act: SessionTime::ZERO,
        }
    }

    /// Lives through the call.
    pub(super) fn run(mut self) -> Report {
        self.learn(Input::Start { output_rate: self.scenario.listener.rate });
        self.turn_to(0);
        let (mut moment, mut at_once) = (self.now, 0);
        while at_once < AT_ONCE {
            self.look_around();
            self.report.stuck |= self.waits_for_nothing() && !self.is_at_rest();
            let Some(next) = self.next() else { break };
            if self.user_is_done() && next > self.last_act + REST {
                break;
            }
            self.now = self.now.max(next);
            at_once = if self.now == moment { at_once + 1 } else { 0 };
            moment = self.now;
            self.step();
        }
        self.report.stuck |= !self.is_at_rest();
        self.learn(Input::Close(CloseReason::End));
        self.report.stuck |= !self.conversation.is_closed();
        self.finish()
    }

    /// Whether nothing will happen any more unless the user does something.
    fn waits_for_nothing(&self) -> bool {
        self.conversation.next_timeout().is_none() && self.agenda.next().is_none() && self.playout_wake().is_none()
    }

    fn is_at_rest(&self) -> bool {
        self.conversation.next_timeout().is_none()
            && self.mouth.is_none()
            && self.client.knows_all_ends()
            && (self.conversation.user_phase(), self.conversation.agent_phase())
                == (UserPhase::Silent, AgentPhase::Idle)
    }

    fn playout_wake(&self) -> Option<SessionTime> {
        self.mouth.as_ref().and_then(|mouth| mouth.playout.next_wake(self.now))
    }

    fn user_is_done(&mut self) -> bool {
        let done = self.user.is_over() && self.tape.as_ref().is_none_or(Tape::is_over);
        if !done {
            self.last_act = self.now;
        }
        done
    }

    fn next(&self) -> Option<SessionTime> {
        let wakes = [self.conversation.next_timeout(), self.playout_wake(), self.agenda.next(), self.user.next_wake()];
        wakes.into_iter().flatten().min()
    }

    fn step(&mut self) {
        if self.conversation.next_timeout().is_some_and(|at| at <= self.now) {
            self.learn(Input::Timeout);
        }
        self.play();
        let Some(happening) = self.agenda.take_due(self.now) else { return };
        match happening {
            Happening::Fact { source, late, input } => {
                if late || !self.cancelled.contains(&source) {
                    self.arrive(input);
                }
            }
            Happening::Onset { utterance } => self.onset(utterance),
            Happening::Pause { utterance } => self.paused(utterance),
            Happening::SpeechEnd { utterance } => self.speech_ended(utterance),
            Happening::Word(word) => self.hear(word),
            Happening::Act => self.act(),
            Happening::Acted => self.acted(),
            Happening::Report => self.report_played(),
            Happening::Heard { turn, samples } => {
                self.reporting = true;
                if let Some(mouth) = self.mouth.as_mut().filter(|mouth| mouth.reply.turn == turn) {
                    mouth.playout.report(samples, self.now);
                }
                self.learn(Input::Played { turn, samples, reported: true });
            }
            Happening::Recorded(index) => self.recorded(index),
        }
        self.play();
    }

    /// Tells the conversation a fact, and before it how far the listener is.
    pub(super) fn learn(&mut self, input: Input) {
        if let Some((turn, samples, reported)) = self.mouth.as_ref().map(|mouth| mouth.position(self.now)) {
            self.tell(Input::Played { turn, samples, reported });
        }
        self.tell(input);
    }

    fn tell(&mut self, input: Input) {
        let now = self.now;
        self.report.facts += 1;
        self.turn_ends.told(now, &input);
        self.observer.told(now, &input);
        let timed_out = input == Input::Timeout;
        self.conversation.handle(now, input);
        while let Some(command) = self.conversation.poll() {
            self.turn_ends.given(now, &command);
            self.observer.given(now, &command);
            self.obey(command);
        }
        self.observer.settled(now, &self.conversation, timed_out);
    }

    /// A fact of a service is here.
    fn arrive(&mut self, input: Input) {
        match &input {
            Input::Synthesized { reply, samples, .. } => {
                let samples = *samples;
                self.with_mouth(*reply, |mouth| {
                    if mouth.takes() {
                        mouth.push(samples);
                    }
                });
            }
            Input::SentenceSynthesized { reply, .. } => self.with_mouth(*reply, Mouth::spoken),
            _ => {}
        }
        self.learn(input);
    }

    /// Hands audio to the client, as far as the listener keeps up.
    fn play(&mut self) {
        while let Some(mouth) = &mut self.mouth
            && let Some(pcm) = mouth.playout.release(self.now)
        {
            let (reply, samples) = (mouth.reply, mouth.playout.sent());
            // The fact comes first: it may bring the text that must precede the audio.
            self.learn(Input::Sent { reply, samples });
            if self.client.audio(reply, &pcm, self.now) && self.scenario.listener.report_ms > 0 {
                self.plan_report();
            }
        }
        if let Some(mouth) = self.mouth.take_if(|mouth| mouth.is_done(self.now)) {
            self.reporting = mouth.playout.is_reporting(self.now);
            self.learn(Input::PlaybackDone { reply: mouth.reply });
        }
    }

    fn plan_report(&mut self) {
        let every = Duration::from_millis(u64::from(self.scenario.listener.report_ms));
        self.agenda.plan(self.now + every, Happening::Report);
    }

    fn report_played(&mut self) {
        if let Some((turn, samples)) = self.client.position(self.now) {
            self.send_report(turn, samples);
            self.plan_report();
        }
    }

    pub(super) fn send_report(&mut self, turn: TurnId, samples: u64) {
        if self.scenario.listener.report_ms > 0 {
            let delay = self.scenario.listener.report_delay.sample(&mut self.random);
            let at = self.now + delay + self.scenario.network.jitter.sample(&mut self.random);
            self.agenda.plan(at, Happening::Heard { turn, samples });
        }
    }

    /// The user does something while a reply is alive.
    pub(super) fn note_interruption(&mut self, counts: bool) {
        let alive = !matches!(self.conversation.agent_phase(), AgentPhase::Idle | AgentPhase::Speculating);
        self.report.interruptions += u64::from(counts && alive);
    }

    fn finish(self) -> Report {
        let TurnEnds { spoken_turns, cut_offs, response_ms, .. } = self.turn_ends;
        let Client { bytes, stale_bytes, second_replies, .. } = self.client;
        Report {
            length_ms: self.now.as_millis_f64(),
            spoken_turns,
            cut_offs,
            response_ms,
            bytes,
            stale_bytes,
            second_replies,
            orphan_calls: self.client.open_calls(),
            discarded: self.report.replies.saturating_sub(self.report.finished + self.report.interrupted),
            ..self.report
        }
    }
}

/// The tools of a scenario, as the model is told of them.
pub(super) fn tools(scenario: &Scenario) -> Arc<[ToolSpec]> {
    let spec = |tool: &super::scenario::SimulatedTool| ToolSpec {
        name: tool.name.clone(),
        description: String::new(),
        parameters: serde_json::json!({"type": "object"}),
        effect: tool.effect,
        deadline: Duration::from_millis(tool.deadline_ms),
    };
    scenario.tools.iter().map(spec).collect()
}
