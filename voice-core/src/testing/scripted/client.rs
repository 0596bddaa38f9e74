//! The client: does what the script says when it says so, and writes down what it is told.

use super::log::Log;
use super::player::Player;
use super::script::{Act, Deed, Script, wrong};
use crate::agent::{ClientFormat, Control};
use crate::error::Result;
use crate::host::{Connection, Delivery, NotTaken, history_json};
use crate::id::TurnId;
use crate::protocol::{ClientFrame, ServerFrame, WireMessage};
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often the microphone sends, in ms.
const FRAME_MS: u64 = 20;
/// How often the client lets everybody else do what is to be done in the same millisecond before it acts itself: a session's
/// task may have to give way in between.
const TURNS: usize = 16;
/// How long the end may take once the client has asked for it, in ms.
const GOODBYE_MS: u64 = 20_000;

pub(super) struct Client {
    connection: Connection,
    format: ClientFormat,
    epoch: Instant,
    acts: VecDeque<Act>,
    until_ms: u64,
    reports_every_ms: u64,
    player: Player,
    log: Log,
    /// Until when the user speaks, how surely, and until when the microphone is off.
    speech: (u64, f32),
    muted_until_ms: u64,
    attached: bool,
    over: bool,
}

impl Client {
    #[allow(clippy::disallowed_methods)] // The clock is the paused one.
    pub(super) fn new(connection: Connection, format: ClientFormat, script: Script) -> Self {
        Self {
            connection,
            format,
            epoch: Instant::now(),
            acts: script.acts.into(),
            until_ms: script.until_ms,
            reports_every_ms: script.client.reports_every_ms,
            player: Player::new(format.output_rate),
            log: Log::default(),
            speech: (0, 0.0),
            muted_until_ms: 0,
            attached: true,
            over: false,
        }
    }

    /// Lives through the script and gives the log.
    pub(super) async fn run(mut self) -> Result<Vec<String>> {
        let mut now_ms = 0;
        while !self.over && now_ms <= self.until_ms {
            self.listen_until(now_ms).await;
            self.act(now_ms).await?;
            now_ms = self.next_ms(now_ms);
        }
        self.listen_until(self.until_ms).await;
        if !self.over {
            let history = history_json(self.connection.session());
            self.log.line(self.until_ms, &format!("{{\"type\":\"history\",\"messages\":{history}}}"));
            self.take(WireMessage::Text(r#"{"type":"end"}"#.to_owned())).await?;
            self.listen_until(self.until_ms + GOODBYE_MS).await;
        }
        if !self.over {
            return Err(wrong("the session did not end".to_owned()));
        }
        self.connection.session().closed().await;
        Ok(self.log.finish())
    }

    /// When something is to be done again.
    fn next_ms(&self, now_ms: u64) -> u64 {
        let act = self.acts.front().map(|act| act.at_ms);
        let frame = (now_ms / FRAME_MS + 1) * FRAME_MS;
        let report = now_ms.checked_div(self.reports_every_ms).map(|count| (count + 1) * self.reports_every_ms);
        [act, Some(frame), report].into_iter().flatten().min().unwrap_or(frame).max(now_ms + 1)
    }

    /// Writes down what it is told up to this time, everything of its millisecond included.
    async fn listen_until(&mut self, ms: u64) {
        let mut sleep = std::pin::pin!(sleep_until(self.epoch + Duration::from_millis(ms)));
        let mut turns = 0;
        while !self.over {
            tokio::select! {
                biased;
                delivery = self.connection.next() => match delivery {
                    Some(delivery) => self.hear(&delivery).await,
                    None => self.over = true,
                },
                () = sleep.as_mut(), if turns == 0 => turns = 1,
                () = tokio::task::yield_now(), if turns > 0 => {
                    turns += 1;
                    if turns > TURNS {
                        return;
                    }
                }
            }
        }
    }

    async fn hear(&mut self, delivery: &Delivery) {
        let now_ms = self.now_ms();
        self.log.delivery(now_ms, delivery);
        let last = match delivery {
            Delivery::Audio { turn, pcm } => {
                self.player.audio(*turn, pcm.len() as u64 / 2);
                None
            }
            Delivery::Frame { frame, .. } => {
                self.over |= matches!(frame, ServerFrame::Bye { .. });
                self.player.obey(frame, now_ms)
            }
        };
        if self.reports_every_ms > 0
            && let Some((turn, samples)) = last
        {
            self.report(turn, samples).await;
        }
    }

    fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    async fn report(&mut self, turn: TurnId, samples: u64) {
        // Fails only when the session is over, which the client is about to be told.
        let _ = self.connection.take(Ok(ClientFrame::Played { turn, samples })).await;
    }

    async fn act(&mut self, now_ms: u64) -> Result<()> {
        while let Some(act) = self.acts.pop_front_if(|act| act.at_ms <= now_ms) {
            self.carry_out(act.deed, now_ms).await?;
        }
        if self.reports_every_ms > 0
            && now_ms.is_multiple_of(self.reports_every_ms)
            && let Some((turn, samples)) = self.player.play(now_ms)
        {
            self.report(turn, samples).await;
        }
        if now_ms.is_multiple_of(FRAME_MS) && now_ms >= self.muted_until_ms && self.attached {
            let (until_ms, probability) = self.speech;
            let pcm = self.sound(FRAME_MS, if now_ms < until_ms { probability } else { 0.0 });
            self.take(WireMessage::Binary(pcm)).await?;
        }
        Ok(())
    }

    async fn carry_out(&mut self, deed: Deed, now_ms: u64) -> Result<()> {
        let control = match deed {
            Deed::Speech { for_ms, probability } => {
                self.speech = (now_ms + for_ms, probability);
                return Ok(());
            }
            Deed::Mute { for_ms } => {
                self.muted_until_ms = now_ms + for_ms;
                return Ok(());
            }
            Deed::Rush { for_ms, probability } => {
                return self.take(WireMessage::Binary(self.sound(for_ms, probability))).await;
            }
            Deed::Sends { message } => return self.take(WireMessage::Text(message)).await,
            Deed::SendsBytes { bytes } => return self.take(WireMessage::Binary(vec![0; bytes].into())).await,
            Deed::Text { text } => return self.frame(ClientFrame::Text { text }).await,
            Deed::Interrupt => return self.frame(ClientFrame::Interrupt).await,
            Deed::Played { turn, samples } => {
                return self.frame(ClientFrame::Played { turn: TurnId(turn), samples }).await;
            }
            Deed::End => return self.frame(ClientFrame::End).await,
            Deed::Say { text } => Control::Say(text),
            Deed::Announce { text } => Control::Announce(text),
            Deed::Context { instructions, context } => Control::SetContext { instructions, context },
            Deed::Detach => {
                self.attached = false;
                Control::Detach
            }
            Deed::Attach => {
                self.attached = true;
                Control::Attach(self.format)
            }
        };
        // Fails only when the session is over, which the client is about to be told.
        let _ = self.connection.session().control_wait(control).await;
        Ok(())
    }

    async fn frame(&mut self, frame: ClientFrame) -> Result<()> {
        self.take(frame.encode()).await
    }

    async fn take(&mut self, message: WireMessage) -> Result<()> {
        match self.connection.take_message(message).await {
            Ok(()) | Err(NotTaken::Over) => Ok(()),
            Err(NotTaken::Close(code)) => Err(wrong(format!("a message broke the connection: close code {code}"))),
        }
    }

    /// Audio of which the detector is so sure.
    fn sound(&self, for_ms: u64, probability: f32) -> Bytes {
        let samples = for_ms * u64::from(self.format.input_rate) / 1_000;
        let sample = (probability * f32::from(i16::MAX)) as i16;
        sample.to_le_bytes().repeat(samples as usize).into()
    }
}
