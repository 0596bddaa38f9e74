//! What happened in a script, to be read and compared.

use crate::conversation::{Command, Event, Input};
use crate::time::{AudioTime, SessionTime};
use crate::tool::AnsweredCall;
use std::fmt;

/// A fact and what the conversation wanted done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When the fact was told.
    pub at: SessionTime,
    /// The fact; [`Input::Timeout`] for a deadline.
    pub input: Input,
    /// The commands, in order.
    pub commands: Vec<Command>,
}

/// The moments of a conversation in order.
///
/// As text, a moment is a line with its time in ms and its fact, and a line with an arrow for every command. An event
/// stands without its `Emit`, ids are bare numbers, positions in audio are in ms; of metrics only the turn and the total
/// latency are shown. Calls to tools look like calls: `look {"city":"Oslo"} = "rain"`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    moments: Vec<Moment>,
}

impl Timeline {
    pub(super) fn push(&mut self, moment: Moment) {
        self.moments.push(moment);
    }

    /// The moments.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// All commands, in order.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.moments.iter().flat_map(|moment| &moment.commands)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for moment in &self.moments {
            let input = readable(&format!("{:?}", moment.input));
            writeln!(f, "{:>6} {input}", moment.at.as_millis_f64())?;
            for command in &moment.commands {
                writeln!(f, "       → {}", describe(command))?;
            }
        }
        Ok(())
    }
}

fn describe(command: &Command) -> String {
    match command {
        Command::Emit(Event::Metrics(metrics)) => {
            let total = metrics.total_ms.map_or_else(|| "none".to_owned(), |total| format!("{total} ms"));
            format!("Metrics {{ turn: {}, total: {total} }}", metrics.turn)
        }
        Command::RunTool { reply, id, name, arguments } => {
            format!("RunTool {{ reply: {reply}, id: {id:?}, {name} {arguments} }}")
        }
        Command::CommitTools { turn, round } => {
            let call = |answered: &AnsweredCall| {
                let AnsweredCall { call, result } = answered;
                format!("{} {} = {result:?}", call.name, call.arguments)
            };
            let calls: Vec<String> = round.calls.iter().map(call).collect();
            format!("CommitTools {{ turn: {turn}, {} }}", calls.join(", "))
        }
        Command::Emit(event) => readable(&format!("{event:?}")),
        command => readable(&format!("{command:?}")),
    }
}

/// Takes the wrappers of ids and times away.
fn readable(debug: &str) -> String {
    let plain = |inside: &str| inside.to_owned();
    let milliseconds = |ticks: &str| match ticks.parse() {
        Ok(ticks) => format!("{} ms", AudioTime::from_ticks(ticks).as_millis()),
        Err(_) => ticks.to_owned(),
    };
    let text = unwrapped(debug, "SentenceId(", plain);
    let text = unwrapped(&text, "ReplyId(", plain);
    let text = unwrapped(&text, "TurnId(", plain);
    let text = unwrapped(&text, "SummaryId(", plain);
    unwrapped(&text, "AudioTime(", milliseconds)
}

fn unwrapped(text: &str, opening: &str, show: impl Fn(&str) -> String) -> String {
    let mut parts = text.split(opening);
    let mut result = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((inside, rest)) => {
                result.push_str(&show(inside));
                result.push_str(rest);
            }
            None => result.push_str(part),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::TurnMetrics;
    use crate::id::TurnId;

    #[test]
    fn a_timeline_reads_like_a_story() {
        let mut timeline = Timeline::default();
        let turn = TurnId(3);
        timeline.push(Moment {
            at: SessionTime::from_millis(1_250),
            input: Input::SpeechStarted { at: AudioTime::from_millis(1_000) },
            commands: vec![
                Command::FlushPlayback { reply: turn.into() },
                Command::Emit(Event::Clear { turn }),
                Command::Emit(Event::Metrics(TurnMetrics { turn, total_ms: Some(7.5), ..TurnMetrics::default() })),
            ],
        });
        let text = "  1250 SpeechStarted { at: 1000 ms }\n       → FlushPlayback { reply: 3 }\n       → Clear { turn: 3 }\n       \
                    → Metrics { turn: 3, total: 7.5 ms }\n";
        assert_eq!(timeline.to_string(), text);
    }
}
