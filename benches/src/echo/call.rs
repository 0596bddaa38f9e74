//! One call through the real driver, on a clock that runs as fast as the machine allows.
#![allow(clippy::disallowed_methods)] // It plays the client, who has a clock.

use super::{Listener, Room, Speaker};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval};
use voice_core::agent::{Agent, ClientFormat, Control, Output, Session, SessionOptions};
use voice_core::audio::pcm;
use voice_core::builtin::{Aec3, SileroModel, SileroVad};
use voice_core::conversation::{CloseReason, Event};
use voice_core::testing::FakeLlm;
use voice_core::{Result, TurnId};

/// Samples in 20 ms, what the microphone sends at a time.
const FRAME: usize = 320;
/// The client reports what it has played every so many of them.
const REPORT_EVERY: usize = 5;
/// The user speaks up when the agent has spoken for so long.
const SPEAKS_UP_AFTER: Duration = Duration::from_secs(3);

/// The end of what the user says is heard so much later at most.
const STILL_SPEAKING: Duration = Duration::from_secs(1);

/// How a call goes.
#[derive(Debug, Clone)]
pub struct Scene {
    /// How late the echo is.
    pub delay: Duration,
    /// How loud it is beside what is played.
    pub gain_db: f32,
    /// Whether the session is asked to cancel it.
    pub cancel: bool,
    /// Whether the client reports what it has played, and can hold.
    pub reports: bool,
    /// How long the call lasts.
    pub length: Duration,
    /// What the user says into the agent's replies, one after the other, until there is no more.
    pub says: Vec<Vec<i16>>,
}

/// A reply of the agent.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its turn.
    pub turn: TurnId,
    /// Whether it was cut short.
    pub interrupted: bool,
    /// Whether the user was speaking then, or had just spoken.
    pub by_user: bool,
    /// How long after the user's first sample it was, where the user spoke into it.
    pub stopped_after: Option<Duration>,
}

/// What came of a call.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// Times that the agent took something for speech.
    pub onsets: usize,
    /// The replies to which the agent was asked, in order.
    pub replies: Vec<Reply>,
    /// The turns of what the user said, in the order of saying; `None` where it was not noticed.
    pub heard: Vec<Option<TurnId>>,
}

impl Outcome {
    /// Replies that were cut short although the user was silent.
    pub fn self_interruptions(&self) -> usize {
        self.replies.iter().filter(|reply| reply.interrupted && !reply.by_user).count()
    }
}

/// A call in progress.
pub struct Call {
    session: Session,
    room: Room,
    scene: Scene,
    /// What the user is saying.
    saying: VecDeque<i16>,
    says: VecDeque<Vec<i16>>,
    /// Since when the agent speaks, and since when the user does.
    agent_since: Option<Instant>,
    user_since: Option<Instant>,
    /// When the user's last sample was made.
    user_until: Option<Instant>,
    speaking: Option<TurnId>,
    waits_for_turn: bool,
    free: bool,
    questions: usize,
    outcome: Outcome,
}

impl Call {
    /// Makes the call and gives what came of it. `topics` are what the agent talks about, round and round.
    ///
    /// # Errors
    /// When the session cannot be opened or breaks.
    pub async fn make(scene: Scene, speaker: Speaker, listener: Listener, topics: &[&str]) -> Result<Outcome> {
        let model = SileroModel::embedded()?;
        let agent = Agent::builder()
            .stt(Arc::new(listener))
            .llm(Arc::new(FakeLlm::new(Duration::from_millis(200), Duration::ZERO, "{}")))
            .tts(Arc::new(speaker))
            .vad(move || Ok(Box::new(SileroVad::new(model.clone()))))
            .echo_canceller(|| Ok(Box::new(Aec3::new())))
            .build();
        let format =
            ClientFormat { can_pause: scene.reports, echo_cancellation: scene.cancel, ..ClientFormat::default() };
        let session = agent.open(SessionOptions { format, ..SessionOptions::default() })?;
        let mut call = Self {
            session: session.clone(),
            room: Room::new(scene.delay, scene.gain_db),
            says: scene.says.clone().into(),
            scene,
            saying: VecDeque::new(),
            agent_since: None,
            user_since: None,
            user_until: None,
            speaking: None,
            waits_for_turn: false,
            free: true,
            questions: 0,
            outcome: Outcome::default(),
        };
        call.go_on(topics).await?;
        session.control(Control::Close(CloseReason::End))?;
        session.closed().await;
        Ok(call.outcome)
    }

    async fn go_on(&mut self, topics: &[&str]) -> Result<()> {
        let over = Instant::now() + self.scene.length;
        let mut clock = interval(Duration::from_millis(20));
        let mut ticks = 0_usize;
        let scripted = !self.says.is_empty();
        while Instant::now() < over && !(scripted && self.says.is_empty() && self.saying.is_empty() && self.free) {
            tokio::select! {
                biased;
                output = self.session.next_output() => match output {
                    Some(Output::Audio { turn, pcm }) => self.sound(turn, &pcm),
                    Some(Output::Event(event)) => self.note(&event)?,
                    None => return Ok(()),
                },
                _ = clock.tick() => {
                    ticks += 1;
                    self.tick(ticks.is_multiple_of(REPORT_EVERY), topics).await?;
                }
            }
        }
        Ok(())
    }

    /// 20 ms pass.
    async fn tick(&mut self, reports: bool, topics: &[&str]) -> Result<()> {
        if std::mem::take(&mut self.free) {
            let topic = topics[self.questions % topics.len()];
            self.questions += 1;
            self.session.control(Control::Text(topic.to_owned()))?;
        }
        self.speak_up();
        let spoken = FRAME.min(self.saying.len());
        if spoken > 0 {
            self.user_until = Some(Instant::now());
        }
        let mut near: Vec<i16> = self.saying.drain(..spoken).collect();
        near.resize(FRAME, 0);
        let recorded = self.room.record(&near);
        self.session.send_audio(pcm::to_bytes(&recorded).into()).await?;
        if let Some(turn) = self.speaking.filter(|_| reports && self.scene.reports) {
            self.session.control(Control::Played { turn, samples: self.room.played() })?;
        }
        Ok(())
    }

    /// The user says the next thing, once the agent has spoken long enough.
    fn speak_up(&mut self) {
        let due = self.agent_since.is_some_and(|since| since.elapsed() >= SPEAKS_UP_AFTER);
        if due
            && self.user_since.is_none()
            && self.saying.is_empty()
            && let Some(words) = self.says.pop_front()
        {
            self.saying = words.into();
            self.user_since = Some(Instant::now());
            self.waits_for_turn = true;
            self.outcome.heard.push(None);
        }
    }

    fn sound(&mut self, turn: TurnId, pcm: &[u8]) {
        if self.speaking != Some(turn) {
            self.speaking = Some(turn);
            self.agent_since = Some(Instant::now());
            self.room.begin();
        }
        self.room.play(pcm);
    }

    fn note(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Pause { .. } => self.room.pause(true),
            Event::Resume { .. } => self.room.pause(false),
            Event::Speech { started: true, .. } => self.outcome.onsets += 1,
            // Typed questions are told as well, but not while the user waits to be heard.
            Event::Transcript { turn, is_final: true, .. } if self.waits_for_turn => {
                self.waits_for_turn = false;
                if let Some(last) = self.outcome.heard.last_mut() {
                    *last = Some(*turn);
                }
            }
            Event::Clear { turn } => {
                self.room.clear();
                self.agent_since = None;
                if self.scene.reports {
                    self.session.control(Control::Played { turn: *turn, samples: self.room.played() })?;
                }
                let stopped_after = self.user_since.take().map(|since| since.elapsed());
                let by_user = self.user_until.is_some_and(|until| until.elapsed() < STILL_SPEAKING);
                self.outcome.replies.push(Reply { turn: *turn, interrupted: true, by_user, stopped_after });
            }
            Event::ReplyEnd { turn, interrupted, .. } => {
                if !interrupted {
                    self.outcome.replies.push(Reply {
                        turn: *turn,
                        interrupted: false,
                        by_user: false,
                        stopped_after: None,
                    });
                }
                self.speaking = None;
                self.agent_since = None;
                self.user_since = None;
                self.free = !interrupted;
            }
            _ => {}
        }
        Ok(())
    }
}
