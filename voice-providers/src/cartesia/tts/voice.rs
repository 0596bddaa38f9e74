//! Replies in Cartesia's protocol: a reply is a context, a sentence a numbered piece of it.

use crate::cartesia::TTS;
use crate::cartesia::config::CartesiaTtsConfig;
use crate::cartesia::wire::{self, Content, Incoming};
use crate::http::Asked;
use crate::speech::{Cancel, Groups, Heard, Voice, letters};
use crate::timer::Timer;
use crate::ws::Received;
use futures::task::noop_waker;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;
use std::time::Duration;
use voice_core::stage::{CallContext, TtsInput};
use voice_core::{Error, ErrorKind, Result};

/// The service closes a context a second after its last audio. Text that comes later than this, as the client sees it,
/// goes into another.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is remembered of a connection: an earlier reply on it was cancelled, and may still be heard of.
#[derive(Debug, Default)]
pub(super) struct Cancelled(bool);

pub(super) struct CartesiaVoice {
    config: Arc<CartesiaTtsConfig>,
    groups: Groups,
    /// With what the names of this reply's contexts begin.
    name: String,
    context: Option<Open>,
}

/// The context that is open.
struct Open {
    id: String,
    /// No more text follows, and not all has come.
    owes_end: bool,
    /// The number of the first piece, 0 or 1, once it is known.
    first_flush: Option<u64>,
    /// Since all that was asked for has come.
    complete: Option<Timer>,
}

impl CartesiaVoice {
    pub(super) fn new(config: Arc<CartesiaTtsConfig>, cx: &CallContext) -> Self {
        let groups = Groups::new(config.sample_rate);
        Self { config, groups, name: format!("{}-{}", cx.session, cx.turn), context: None }
    }

    /// The context for the next sentence.
    fn context(&mut self) -> &mut Open {
        let context = &mut self.context;
        if self.groups.is_empty() && context.as_mut().is_some_and(Open::is_closing) {
            *context = None;
        }
        let groups = &mut self.groups;
        let name = &self.name;
        context.get_or_insert_with(|| {
            if groups.is_empty() {
                groups.restart();
            }
            Open::new(name)
        })
    }

    /// Which of the groups a piece of the context is.
    fn number(&mut self, flush: Option<u64>) -> Option<u64> {
        let open = self.context.as_mut()?;
        let flush = flush?;
        let first = *open.first_flush.get_or_insert(flush.min(1));
        Some(flush.saturating_sub(first))
    }

    fn take(&mut self, flush: Option<u64>, content: Content) -> Result<Heard> {
        let number = self.number(flush);
        match content {
            Content::Audio(bytes) => {
                // What the service has not been asked for yet it cannot speak.
                self.groups.flushed_before(number.unwrap_or_default().min(self.groups.newest()));
                self.groups.audio(bytes);
            }
            Content::Words(words) => self.groups.words(number, words),
            Content::FlushDone => match number {
                Some(number) => self.groups.flushed_before(number + 1),
                None => self.groups.flushed(),
            },
            Content::Done => return self.done().map(|()| Heard::Progress),
            Content::Error(error) => {
                self.context = None;
                return Err(error);
            }
            Content::Other => return Ok(Heard::Nothing),
        }
        if let Some(open) = &mut self.context {
            open.complete = self.groups.is_empty().then(|| Timer::new(PATIENCE));
        }
        Ok(Heard::Progress)
    }
}

impl CartesiaVoice {
    /// The context is over. Where it was not asked to end, what came too late for it is still to be spoken.
    fn done(&mut self) -> Result<()> {
        let was_asked = self.context.take().is_none_or(|open| open.owes_end || open.first_flush.is_none());
        self.groups.flush_begun();
        if !was_asked && self.groups.owes() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                TTS.stage,
                "Cartesia ended a reply before its last sentence",
            ));
        }
        self.groups.flushed_before(u64::MAX);
        Ok(())
    }
}

impl Open {
    /// Never the same name twice.
    fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let id = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self { id, owes_end: false, first_flush: None, complete: None }
    }

    fn is_closing(&mut self) -> bool {
        let waker = noop_waker();
        let context = &mut Context::from_waker(&waker);
        self.owes_end || self.complete.as_mut().is_some_and(|complete| complete.poll(context).is_ready())
    }
}

impl Voice for CartesiaVoice {
    type Memory = Cancelled;

    const ASKED: Asked = TTS;
    const FAREWELL: Option<&'static str> = None;
    const OUTLIVES_ERRORS: bool = true;

    fn say(&mut self, item: TtsInput, _: &mut Cancelled, messages: &mut VecDeque<String>) {
        // Nothing is held back, so that there is nothing to flush.
        let TtsInput::Text { sentence, text } = item else { return };
        if letters(&text) > 0 {
            let config = self.config.clone();
            let open = self.context();
            open.complete = None;
            messages.push_back(wire::speak(&config, &open.id, &text));
        }
        self.groups.add(sentence, &text);
        self.groups.close();
    }

    fn end(&mut self, _: &mut Cancelled, messages: &mut VecDeque<String>) {
        // One that has expired meanwhile would answer with an error.
        if self.groups.is_empty() && self.context.as_mut().is_some_and(Open::is_closing) {
            self.context = None;
        }
        if let Some(open) = &mut self.context {
            open.owes_end = true;
            messages.push_back(wire::end(&self.config, &open.id));
        }
    }

    fn hear(&mut self, received: Received, cancelled: &mut Cancelled) -> Result<Heard> {
        let Received::Text(text) = received else { return Ok(Heard::Nothing) };
        let Incoming { context, flush, content } = wire::read(&text);
        let open = self.context.as_ref().map(|open| open.id.as_str());
        let is_ours = match (&context, &content) {
            // An error that names no context may be about one that was cancelled here before.
            (None, Content::Error(_)) => !cancelled.0,
            _ => context.as_deref() == open && open.is_some(),
        };
        if is_ours {
            return self.take(flush, content);
        }
        if let Content::Error(error) = content {
            tracing::debug!(%error, "an error of no open reply was skipped");
        }
        Ok(Heard::Nothing)
    }

    fn groups(&mut self) -> &mut Groups {
        &mut self.groups
    }

    fn owes(&self) -> bool {
        self.groups.owes() || self.context.as_ref().is_some_and(|open| open.owes_end)
    }

    fn begin_again(&mut self) -> Option<Vec<TtsInput>> {
        self.context = None;
        self.groups.unspoken()
    }

    fn cancel(&mut self, cancelled: &mut Cancelled) -> Cancel {
        let Some(open) = self.context.take() else { return Cancel::Unneeded };
        cancelled.0 = true;
        Cancel::Message(wire::cancel(&open.id))
    }
}
