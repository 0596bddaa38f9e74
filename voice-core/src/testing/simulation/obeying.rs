//! What becomes of the conversation's commands, and of the words it is to hear: calls to services, and their facts on their
//! way.

use super::agenda::{Happening, Source};
use super::mouth::Mouth;
use super::services::Facts;
use super::world::World;
use crate::conversation::{AgentPhase, Command, Event, Input, Prompt};
use crate::id::{ReplyId, TurnId};
use crate::time::SessionTime;

/// What plays when a voice has failed, in ms.
const STANDBY_LINE_MS: u64 = 500;

impl World<'_> {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::FinalizeStt { turn, attempt } => self.finalize(turn, attempt),
            Command::StartReply { reply, prompt } => {
                self.report.replies += 1;
                self.mouth = Some(Mouth::open(reply, &self.scenario.listener, self.reporting, self.now));
                self.in_order[2] = self.now;
                self.think(reply, &prompt);
            }
            Command::ContinueReply { reply } => self.think(reply, &Prompt::Model),
            Command::RunTool { reply, id, name, .. } => self.run_tool(reply, id, &name),
            Command::CancelTool { id, .. } => self.cancel(Source::Tool(id)),
            Command::CancelReply { reply } => self.cancel(Source::Model(reply)),
            Command::Speak { reply, sentence, text } => {
                if let Some(mouth) = self.mouth.as_mut().filter(|mouth| mouth.reply == reply && mouth.takes()) {
                    mouth.owe();
                    let (voice, rate) = (&self.scenario.voice, self.scenario.listener.rate);
                    let facts = self.services.speech(voice, rate, (reply, sentence, &text), &mut self.random);
                    // A voice speaks one sentence after the other.
                    let begin = self.now.max(self.in_order[2]);
                    self.answer(Source::Voice(reply), begin, facts);
                }
            }
            Command::EndSpeech { reply } => self.with_mouth(reply, Mouth::end_text),
            Command::CancelSpeech { reply } => {
                self.cancel(Source::Voice(reply));
                self.with_mouth(reply, Mouth::close);
            }
            Command::PlayStandbyLine { reply } => self.play_standby_line(reply),
            Command::PausePlayback { reply } => {
                let now = self.now;
                self.with_mouth(reply, |mouth| mouth.playout.hold(now));
            }
            Command::ResumePlayback { reply } => {
                let now = self.now;
                self.with_mouth(reply, |mouth| mouth.playout.resume(now));
            }
            Command::FlushPlayback { reply } => {
                if let Some(mouth) = self.mouth.take_if(|mouth| mouth.reply == reply) {
                    self.reporting = mouth.playout.is_reporting(self.now);
                }
            }
            Command::Emit(event) => self.emit(&event),
            // A synthesiser here holds nothing back; what concerns neither services nor sound is for observers.
            _ => {}
        }
    }

    pub(super) fn with_mouth(&mut self, reply: ReplyId, act: impl FnOnce(&mut Mouth)) {
        if let Some(mouth) = self.mouth.as_mut().filter(|mouth| mouth.reply == reply) {
            act(mouth);
        }
    }

    fn cancel(&mut self, source: Source) {
        self.cancelled.insert(source);
    }

    pub(super) fn emit(&mut self, event: &Event) {
        if let Event::ReplyEnd { interrupted, .. } = event {
            *(if *interrupted { &mut self.report.interrupted } else { &mut self.report.finished }) += 1;
        }
        if let Some((turn, samples)) = self.client.event(event, self.now) {
            self.send_report(turn, samples);
        }
    }

    fn play_standby_line(&mut self, reply: ReplyId) {
        if self.mouth.as_ref().is_none_or(|mouth| mouth.reply != reply) {
            let mut mouth = Mouth::open(reply, &self.scenario.listener, self.reporting, self.now);
            if self.conversation.agent_phase() == AgentPhase::Held {
                mouth.playout.hold(self.now);
            }
            self.mouth = Some(mouth);
        }
        let samples = u64::from(self.scenario.listener.rate) * STANDBY_LINE_MS / 1_000;
        self.with_mouth(reply, |mouth| {
            mouth.push(samples);
            mouth.close();
        });
    }

    pub(super) fn hear(&mut self, word: String) {
        let Some(turn) = self.conversation.open_turn() else { return };
        if self.heard.0 != turn {
            self.heard = (turn, Vec::new());
        }
        self.heard.1.push(word);
        // Recognisers mark the end of a sentence when they are asked for the last words of it.
        let text = self.heard.1.join(" ").trim_end_matches(['.', '?', '!']).to_owned();
        let latency = self.scenario.recogniser.partial.sample(&mut self.random);
        self.answer(Source::Recogniser, self.now, vec![(latency, Input::PartialTranscript { turn, text })]);
    }

    fn finalize(&mut self, turn: TurnId, attempt: u32) {
        if let Some(tape) = &mut self.tape {
            return tape.asked(turn, attempt);
        }
        let text = if self.heard.0 == turn { self.heard.1.join(" ") } else { String::new() };
        let recogniser = &self.scenario.recogniser;
        let last = self.services.last_words(recogniser, (turn, attempt), text, &mut self.random);
        if let Some(fact) = last {
            self.answer(Source::Recogniser, self.now, vec![fact]);
        }
    }

    fn think(&mut self, reply: ReplyId, prompt: &Prompt) {
        let tools = self.conversation.tools();
        let facts = self.services.answer(&self.scenario.model, (reply, prompt), &tools, &mut self.random);
        self.in_order[1] = self.now;
        self.answer(Source::Model(reply), self.now, facts);
    }

    fn run_tool(&mut self, reply: ReplyId, id: String, name: &str) {
        let Some(tool) = self.scenario.tools.iter().find(|tool| tool.name == name) else { return };
        if let Some(fact) = self.services.result(tool, (reply, id.clone()), &mut self.random) {
            self.answer(Source::Tool(id), self.now, vec![fact]);
        }
    }

    /// Sends the facts of a call on their way.
    fn answer(&mut self, source: Source, begin: SessionTime, facts: Facts) {
        let network = self.scenario.network;
        let service = match source {
            Source::Recogniser => Some(0),
            Source::Model(_) => Some(1),
            Source::Voice(_) => Some(2),
            Source::Tool(_) => None,
        };
        for (latency, input) in facts {
            let mut at = begin + latency + network.jitter.sample(&mut self.random);
            // Audio that overtook other audio of its stream would be other speech.
            let stays =
                matches!(source, Source::Voice(_)) || !self.random.percent(u64::from(network.reordered_percent));
            if let Some(last) = service.map(|service| &mut self.in_order[service])
                && stays
            {
                at = at.max(*last);
                *last = at;
            }
            let late = self.random.percent(u64::from(network.late_percent));
            self.agenda.plan(at, Happening::Fact { source: source.clone(), late, input });
        }
    }
}
