//! The conversation so far, replayed: the state of an order or a timer is what the user's words say it is.
//!
//! Nothing is remembered between requests but when each timer began, because the history does not tell the time.

use super::action::Action;
use super::arithmetic;
use super::clock::LocalTime;
use super::intents::{Intent, Intents};
use super::matching::Match;
use super::order::{Order, Step};
use super::speech::{day_of_month, duration, letters, time_of_day};
use super::timers::Timer;
use super::words::normalise;
use voice_core::Message;

/// What an answer may depend on besides the conversation.
pub(super) struct Surroundings<'a> {
    pub(super) time: LocalTime,
    pub(super) context: Option<&'a str>,
    /// The timer that these words of the user started, as far as its beginning is known.
    pub(super) timer: &'a dyn Fn(&str, u64) -> Timer,
}

/// The state after some messages.
pub(super) struct Dialogue<'a> {
    intents: &'a Intents,
    around: &'a Surroundings<'a>,
    order: Order,
    timer: Option<Timer>,
    /// The last reply in full, and what the user heard of it.
    reply: String,
    heard: String,
    misses: usize,
}

impl<'a> Dialogue<'a> {
    /// Replays `messages` and answers the last of them when it is the user's; otherwise greets.
    pub(super) fn answer(intents: &'a Intents, messages: &[Message], around: &'a Surroundings<'a>) -> String {
        let mut dialogue = Self {
            intents,
            around,
            order: Order::default(),
            timer: None,
            reply: String::new(),
            heard: String::new(),
            misses: 0,
        };
        for message in messages {
            match message {
                Message::User(text) => {
                    dialogue.reply = dialogue.reply_to(text);
                    dialogue.heard.clear();
                }
                Message::Agent(text) => {
                    if !dialogue.heard.is_empty() {
                        dialogue.heard.push(' ');
                    }
                    dialogue.heard.push_str(text);
                }
                // The brain calls no tools and sums nothing up; others may have done so before it took over.
                Message::Tools(_) | Message::Summary(_) => {}
            }
        }
        match messages.last() {
            Some(Message::User(_)) => dialogue.reply,
            _ => dialogue.greeting(),
        }
    }

    fn greeting(&self) -> String {
        self.intents.find("hello").map(|(intent, _)| line(intent, "plain", &[])).unwrap_or_default()
    }

    fn reply_to(&mut self, text: &str) -> String {
        let Some((intent, found)) = self.intents.find(text) else { return self.miss() };
        match intent.action {
            Action::Plain => line(intent, "plain", &pairs(&found)),
            Action::Time | Action::Day | Action::Date => self.tell_time(intent),
            Action::SetTimer | Action::TimeLeft | Action::CancelTimer => self.run_timer(intent, &found, text),
            Action::Arithmetic => calculate(intent, &found),
            Action::Order | Action::Size | Action::Topping | Action::Yes | Action::No | Action::Ordered => {
                self.take_order(intent, &found)
            }
            Action::Spell => {
                let word = slot(&found, "word").unwrap_or_default();
                line(intent, "plain", &[("word", capitalised(word).as_str()), ("letters", &letters(word))])
            }
            Action::GoOn => self.go_on(intent),
            Action::Repeat => self.repeat(intent),
            Action::Context => match self.around.context {
                Some(context) if !context.trim().is_empty() => line(intent, "some", &[("context", context.trim())]),
                _ => line(intent, "none", &[]),
            },
        }
    }

    fn miss(&mut self) -> String {
        let examples: Vec<_> = self.intents.examples().groups.into_iter().flat_map(|group| group.sentences).collect();
        let pick = |index: usize| examples.get(index % examples.len().max(1)).map_or("", String::as_str);
        // Two different ones each time, from different parts of the list.
        let (one, other) = (pick(self.misses), pick(self.misses + examples.len() / 2));
        self.misses += 1;
        format!("I did not understand that. You can say: {one}, or: {other}.")
    }

    fn tell_time(&self, intent: &Intent) -> String {
        let time = &self.around.time;
        let (clock, date) = (time_of_day(time), day_of_month(time));
        line(intent, "plain", &[("time", &clock), ("day", time.weekday), ("date", &date)])
    }

    fn run_timer(&mut self, intent: &Intent, found: &Match, text: &str) -> String {
        match intent.action {
            Action::SetTimer => match timer_seconds(found) {
                Some(seconds) => {
                    self.timer = Some((self.around.timer)(text, seconds));
                    line(intent, "set", &[("duration", &duration(seconds))])
                }
                None => line(intent, "refused", &[]),
            },
            Action::CancelTimer => match self.timer.take() {
                Some(_) => line(intent, "cancelled", &[]),
                None => line(intent, "none", &[]),
            },
            _ => match self.timer {
                None => line(intent, "none", &[]),
                Some(Timer::BeganUnknown) => line(intent, "unknown", &[]),
                Some(Timer::Over) => line(intent, "over", &[]),
                Some(Timer::Left(seconds)) => line(intent, "left", &[("duration", &duration(seconds))]),
            },
        }
    }

    fn take_order(&mut self, intent: &Intent, found: &Match) -> String {
        let step = match intent.action {
            Action::Order => Some(self.order.begin(slot(found, "size"), slot(found, "topping"))),
            Action::Size | Action::Topping => self.order.add(slot(found, "size"), slot(found, "topping")),
            Action::Yes => self.order.confirm(true),
            Action::No => self.order.confirm(false),
            _ => None,
        };
        let (size, topping) = (self.order.size().to_owned(), self.order.topping().to_owned());
        let filled = [("size", size.as_str()), ("topping", topping.as_str())];
        let ordering = || self.intents.of(Action::Order).unwrap_or(intent);
        match step {
            Some(Step::AskSize) => line(ordering(), "size", &filled),
            Some(Step::AskTopping) => line(ordering(), "topping", &filled),
            Some(Step::AskConfirmation) => line(ordering(), "confirm", &filled),
            Some(Step::Ordered) => line(ordering(), "ordered", &filled),
            Some(Step::Dropped) => line(ordering(), "dropped", &filled),
            None if intent.action == Action::Ordered && self.order.is_placed() => line(intent, "some", &filled),
            None => line(intent, "none", &filled),
        }
    }

    /// The rest of the last reply, from the beginning of the sentence that was cut short.
    fn go_on(&self, intent: &Intent) -> String {
        let Some(unheard) = unheard(&self.reply, &self.heard) else { return line(intent, "none", &[]) };
        if unheard.trim().is_empty() { line(intent, "over", &[]) } else { unheard.trim().to_owned() }
    }

    fn repeat(&self, intent: &Intent) -> String {
        match (unheard(&self.reply, &self.heard), self.heard.is_empty()) {
            (Some(_), _) => self.reply.clone(),
            (None, false) => self.heard.clone(),
            (None, true) => line(intent, "none", &[]),
        }
    }
}

/// What comes after the last sentence of `reply` that was heard whole; `None` when something else was heard.
fn unheard<'a>(reply: &'a str, heard: &str) -> Option<&'a str> {
    let heard = normalise(heard);
    if reply.is_empty() || !normalise(reply).starts_with(&heard) {
        return None;
    }
    let mut rest = reply;
    let mut words = 0;
    while !rest.trim().is_empty() {
        let end = rest.find(['.', '!', '?']).map_or(rest.len(), |end| end + 1);
        words += normalise(&rest[..end]).len();
        if words > heard.len() {
            break;
        }
        rest = &rest[end..];
    }
    Some(rest)
}

fn timer_seconds(found: &Match) -> Option<u64> {
    let number = match slot(found, "number") {
        Some(words) => arithmetic::value(words)?,
        None => 1,
    };
    let unit = slot(found, "units").or_else(|| slot(found, "unit"))?;
    let seconds = match unit.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        _ => 3600,
    };
    number.checked_mul(seconds).filter(|seconds| (1..=86_400).contains(seconds))
}

fn calculate(intent: &Intent, found: &Match) -> String {
    let mut numbers = found.slots.iter().filter(|(name, _)| name == "operand").map(|(_, words)| words.as_str());
    let (Some(one), Some(other), Some(operator)) = (numbers.next(), numbers.next(), slot(found, "operator")) else {
        return line(intent, "bound", &[]);
    };
    match arithmetic::calculate(one, operator, other) {
        Ok(result) => {
            let sum = capitalised(&format!("{one} {operator} {other}"));
            line(intent, "plain", &[("sum", &sum), ("number", &result)])
        }
        Err(arithmetic::Refused::DivisionByZero) => line(intent, "zero", &[]),
        Err(arithmetic::Refused::TooBig) => line(intent, "bound", &[]),
    }
}

fn slot<'m>(found: &'m Match, name: &str) -> Option<&'m str> {
    found.slots.iter().find(|(slot, _)| slot == name).map(|(_, words)| words.as_str())
}

fn pairs(found: &Match) -> Vec<(&str, &str)> {
    found.slots.iter().map(|(name, words)| (name.as_str(), words.as_str())).collect()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The reply `key` of an intent with its places filled. What fills one is not searched for places again.
fn line(intent: &Intent, key: &str, filled: &[(&str, &str)]) -> String {
    let mut rest = intent.replies.get(key).map_or("", String::as_str);
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        text.push_str(filled.iter().find(|(slot, _)| *slot == name).map_or("", |(_, words)| words));
        rest = after;
    }
    text + rest
}
