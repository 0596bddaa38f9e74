//! The services of the world: what becomes of the conversation's commands.

use super::*;

impl World {
    /// Carries a command out, as far as the world feels like it.
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::FinalizeStt { turn, attempt } => self.recognise(turn, attempt),
            Command::StartReply { reply, prompt } => {
                if self.conversation.agent_phase() == AgentPhase::Speculating {
                    self.count("prepared");
                }
                self.start(reply, prompt);
            }
            Command::ContinueReply { reply } => {
                // Several deadlines may pass at once, of which a later one ends the reply.
                let alive = self.conversation.live_reply() == Some(reply);
                let goes_on = matches!(self.conversation.messages().last(), Some(Message::Tools(_)));
                assert!(goes_on || !alive, "nothing to go on with");
                self.think(reply, Prompt::Model);
            }
            Command::RunTool { reply, id, name, .. } => self.use_tool(reply, id, &name),
            Command::CancelTool { id, .. } => {
                self.count("tool cut off");
                self.forget(|input| matches!(input, Input::ToolResult { id: of, .. } if *of == id));
            }
            Command::Speak { reply, sentence, text } => {
                if text == FILLER {
                    self.count("filler");
                }
                self.synthesise(reply, sentence);
            }
            Command::CancelReply { reply } => self.forget(|input| {
                matches!(input, Input::FirstToken { reply: of } | Input::Reply { reply: of, .. } | Input::ReplyEnded { reply: of }
                    | Input::ToolCalls { reply: of, .. } | Input::Failed { reply: Some(of), stage: Stage::Llm, .. } if *of == reply)
            }),
            Command::CancelSpeech { reply } => {
                if let Some(mouth) = self.mouth.as_mut().filter(|mouth| mouth.reply == reply) {
                    mouth.cancelled = true;
                }
                self.forget(|input| {
                    matches!(input, Input::Synthesized { reply: of, .. } | Input::SentenceSynthesized { reply: of, .. } if *of == reply)
                });
            }
            Command::PlayStandbyLine { reply } => {
                self.count("standby line");
                match self.mouth.as_mut().filter(|mouth| mouth.reply == reply) {
                    Some(mouth) => mouth.synthesized += 8_000,
                    None => {
                        self.mouth = Some(Mouth {
                            reply,
                            spoken: 0,
                            completed: 0,
                            synthesized: 8_000,
                            sent: 0,
                            played: 0,
                            text_ended: true,
                            cancelled: true,
                            held: false,
                        });
                    }
                }
            }
            Command::FlushSpeech { .. } => {}
            Command::EndSpeech { .. } => {
                if let Some(mouth) = &mut self.mouth {
                    mouth.text_ended = true;
                }
            }
            Command::PausePlayback { .. } | Command::ResumePlayback { .. } => {
                if let Some(mouth) = &mut self.mouth {
                    mouth.held = matches!(command, Command::PausePlayback { .. });
                }
            }
            Command::FlushPlayback { reply } => {
                let flushed = self.mouth.take_if(|mouth| mouth.reply == reply);
                if let Some(mouth) = flushed.filter(|mouth| self.reports && mouth.sent > 0) {
                    let samples = (mouth.played + self.random.within(0..3_000)).min(mouth.sent);
                    self.later(0..600, Input::Played { turn: reply.turn, samples, reported: true });
                }
            }
            Command::Emit(event) => self.notice(&event),
            Command::CommitTools { turn, .. } => {
                self.count("tools used");
                if self.ended == Some(turn) {
                    self.count("acted to the end");
                }
            }
            Command::Summarise { id, .. } => self.sum_up(id),
            Command::CancelSummary { id } => {
                self.forget(|input| matches!(input, Input::Summarised { id: of, .. } if *of == id));
            }
            Command::CommitUser { .. } | Command::CommitAgent { .. } | Command::Shutdown => {}
        }
    }

    /// A cancelled call is mostly silent; now and then what it gave before arrives all the same.
    pub(super) fn forget(&mut self, is_its: impl Fn(&Input) -> bool) {
        if self.random.percent(70) {
            self.pending.retain(|(_, input)| !is_its(input));
        }
    }

    pub(super) fn notice(&mut self, event: &Event) {
        if let Event::ReplyEnd { turn, .. } = event {
            self.ended = Some(*turn);
        }
        match event {
            Event::Metrics(metrics) if metrics.speculative => self.count("prepared and given"),
            Event::Clear { .. } => {
                self.count("interrupted");
                if std::mem::take(&mut self.stop_said) {
                    self.count("stopped by a word");
                }
            }
            Event::Transcript { turn, text, is_final } => {
                self.stop_said = STOPS.contains(&text.as_str());
                let of_another_turn = self.conversation.live_reply().is_some_and(|reply| reply.turn != *turn);
                let words = !text.trim().is_empty() && !REMARKS.contains(&text.as_str());
                if *is_final && words && of_another_turn {
                    self.count("answered later");
                }
            }
            Event::Resume { .. } => self.count("resumed"),
            Event::ReplyEnd { interrupted: false, .. } => self.count("finished"),
            Event::ReplyEnd { interrupted: true, heard, .. } if !heard.is_empty() => self.count("partly heard"),
            Event::Failed { stage: Stage::Llm, .. } => self.count("language model failed"),
            Event::Failed { stage: Stage::Tts, .. } => self.count("synthesiser failed"),
            Event::Failed { stage: Stage::Stt, .. } => self.count("recogniser failed"),
            Event::Failed { stage: Stage::Session, .. } => self.count("refused to say"),
            Event::Bye { .. } => self.count("closed"),
            _ => {}
        }
    }

    fn recognise(&mut self, turn: TurnId, attempt: u32) {
        let text = self.words();
        let unclear = text.trim().is_empty() && self.random.percent(40);
        let answer = Input::FinalTranscript { turn, attempt, text, unclear };
        match self.random.within(0..100) {
            0..=79 => self.later(0..900, answer),
            80..=86 => self.later(4_000..7_000, answer),
            87..=92 => {
                let message = "made up".into();
                self.later(
                    0..900,
                    Input::Failed { reply: None, stage: Stage::Stt, kind: ErrorKind::Unavailable, message },
                );
            }
            _ => {}
        }
    }

    pub(super) fn start(&mut self, reply: ReplyId, prompt: Prompt) {
        self.mouth = Some(Mouth {
            reply,
            spoken: 0,
            completed: 0,
            synthesized: 0,
            sent: 0,
            played: 0,
            text_ended: false,
            cancelled: false,
            held: false,
        });
        self.think(reply, prompt);
    }

    fn think(&mut self, reply: ReplyId, prompt: Prompt) {
        self.llm_at = self.now;
        let slow = if prompt == Prompt::Model { 700 } else { 1 };
        self.written(slow, Input::FirstToken { reply });
        for _ in 0..self.random.within(0..5) {
            self.sentence += 1;
            let speech = format!("Sentence {} of turn {reply}.", self.sentence);
            let text = format!("{speech} ");
            let silent = self.random.percent(10);
            self.written(slow, Input::Reply { reply, text, speech: if silent { String::new() } else { speech } });
            if prompt == Prompt::Model && self.random.percent(4) {
                let message = "made up".into();
                let kind = ErrorKind::Unavailable;
                return self.written(slow, Input::Failed { reply: Some(reply), stage: Stage::Llm, kind, message });
            }
        }
        if prompt == Prompt::Model && self.random.percent(if self.conversation.tools().is_empty() { 5 } else { 35 }) {
            let calls = (0..self.random.within(1..5)).map(|_| self.call()).collect();
            return self.written(slow, Input::ToolCalls { reply, calls });
        }
        // Some models never come to an end.
        if self.random.percent(92) {
            self.written(slow, Input::ReplyEnded { reply });
        }
    }

    /// A call as models make them: now and then of nothing, in words that are no JSON, or under a name used before.
    pub(super) fn call(&mut self) -> ToolCall {
        let name =
            ["look", "look", "peek", "peek", "act", "act", "nothing"][self.random.within(0..7) as usize].to_owned();
        let arguments = if self.random.percent(8) { "{\"half" } else { "" }.to_owned();
        ToolCall { id: format!("call {}", self.random.within(0..30)), name, arguments }
    }

    fn use_tool(&mut self, reply: ReplyId, id: String, name: &str) {
        let delay = if name == "act" { 0..8_000 } else { 0..5_000 };
        match self.random.within(0..100) {
            0..=69 => self.later(delay, Input::ToolResult { reply, id, result: Ok("there it is".into()) }),
            70..=84 => self.later(delay, Input::ToolResult { reply, id, result: Err("made up".into()) }),
            _ => {}
        }
    }

    fn sum_up(&mut self, id: SummaryId) {
        let text = format!("Summary {id}: {}", self.words().repeat(self.random.within(0..40) as usize));
        match self.random.within(0..100) {
            0..=49 => {
                self.count("summed up");
                self.later(0..4_000, Input::Summarised { id, summary: Some(text) });
            }
            50..=59 => self.later(0..4_000, Input::Summarised { id, summary: Some(" ".into()) }),
            60..=69 => self.later(0..4_000, Input::Summarised { id, summary: None }),
            _ => self.count("no summary"),
        }
    }

    pub(super) fn written(&mut self, slow: u64, input: Input) {
        self.llm_at += self.random.within(0..slow);
        self.pending.push((self.llm_at, input));
    }

    fn synthesise(&mut self, reply: ReplyId, sentence: SentenceId) {
        if let Some(mouth) = &mut self.mouth {
            mouth.spoken = sentence.0 + 1;
        }
        self.tts_at = self.tts_at.max(self.now);
        for _ in 0..self.random.within(1..4) {
            self.tts_at += self.random.within(0..300);
            let samples = self.random.within(1..12_000);
            self.pending.push((self.tts_at, Input::Synthesized { reply, sentence, samples }));
        }
        if self.random.percent(60) {
            let words = self.timings();
            self.later(0..900, Input::Words { reply, sentence, words });
        }
        match self.random.within(0..100) {
            0..=91 => self.pending.push((self.tts_at, Input::SentenceSynthesized { reply, sentence })),
            92..=95 => {
                let message = "made up".into();
                let kind = ErrorKind::Unavailable;
                let failure = Input::Failed { reply: Some(reply), stage: Stage::Tts, kind, message };
                self.pending.push((self.tts_at, failure));
            }
            _ => {}
        }
    }

    /// Times of words that may stand in a sentence, right or wrong.
    pub(super) fn timings(&mut self) -> Vec<SpokenWord> {
        let mut end = 0;
        let words = ["Sentence", "1", "of", "turn", "one", "moment", "please"].into_iter().map(|text| {
            let start = end;
            end += self.random.within(0..8_000);
            SpokenWord { text: text.to_owned(), start, end }
        });
        words.collect()
    }

    /// The loudspeaker plays 16 samples a ms, up to 600 ms behind what was sent.
    pub(super) fn playout(&mut self) -> Verdict {
        let Some(mouth) = &mut self.mouth else { return Ok(()) };
        let reply = mouth.reply;
        if !mouth.held {
            mouth.played = (mouth.played + 16 * self.random.within(0..400)).min(mouth.sent);
            if mouth.sent < mouth.synthesized && mouth.sent < mouth.played + 9_600 {
                mouth.sent = mouth.synthesized.min(mouth.played + 9_600);
                let samples = mouth.sent;
                self.tell(Input::Sent { reply, samples })?;
            }
        }
        let Some(mouth) = self.mouth.as_mut().filter(|mouth| mouth.reply == reply) else { return Ok(()) };
        let (samples, reported) = (mouth.played, self.reports);
        let made = mouth.cancelled || (mouth.text_ended && mouth.completed >= mouth.spoken);
        let done = made && mouth.sent == mouth.synthesized && mouth.played == mouth.sent;
        self.tell(Input::Played { turn: reply.turn, samples, reported })?;
        if done && self.mouth.take_if(|mouth| mouth.reply == reply).is_some() {
            self.tell(Input::PlaybackDone { reply })?;
        }
        Ok(())
    }
}
