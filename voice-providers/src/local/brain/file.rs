//! `intents.toml` as it is written, checked into what the rest of the brain works with.

use super::action::Action;
use super::intents::{Group, Intent, Intents, Trial};
use super::matching::{Part, Slot};
use super::numbers;
use super::words::normalise;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;
use voice_core::{Error, ErrorKind, Result, Stage};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    slots: BTreeMap<String, Vec<String>>,
    group: Vec<FileGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileGroup {
    title: String,
    intent: Vec<FileIntent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileIntent {
    name: Spanned<String>,
    say: Vec<Spanned<String>>,
    #[serde(rename = "try")]
    trials: Vec<Spanned<(String, String)>>,
    #[serde(default)]
    replies: BTreeMap<String, Spanned<String>>,
}

/// Reads the text of an intents file.
///
/// # Errors
/// `InvalidConfig` naming the intent and the line.
pub(super) fn parse(text: &str) -> Result<Intents> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        invalid(format!("line {line}: {}", error.message()))
    })?;
    let reader = Reader { text, slots: &file.slots };
    let mut groups = Vec::new();
    for group in &file.group {
        let intents = group.intent.iter().map(|intent| reader.intent(intent)).collect::<Result<_>>()?;
        groups.push(Group { title: group.title.clone(), intents });
    }
    Ok(Intents { slots: file.slots, groups })
}

struct Reader<'a> {
    text: &'a str,
    slots: &'a BTreeMap<String, Vec<String>>,
}

impl Reader<'_> {
    fn intent(&self, intent: &FileIntent) -> Result<Intent> {
        let name = intent.name.get_ref();
        let at = |start: usize, what: String| {
            invalid(format!("line {}: intent {name:?}: {what}", line_of(self.text, start)))
        };
        let start = intent.name.span().start;
        if intent.say.is_empty() || intent.trials.is_empty() {
            return Err(at(start, "needs at least one sentence in `say` and one pair in `try`".into()));
        }
        let action = Action::of(name);
        for reply in action.replies() {
            if !intent.replies.contains_key(*reply) {
                return Err(at(start, format!("the reply `{reply}` is missing")));
            }
        }
        for (reply, line) in &intent.replies {
            for slot in placeholders(line.get_ref()) {
                if !action.placeholders().contains(&slot) && !self.slots.contains_key(slot) {
                    return Err(at(line.span().start, format!("reply `{reply}`: nothing fills {{{slot}}}")));
                }
            }
        }
        let mut sentences = Vec::new();
        for say in &intent.say {
            sentences.push(self.sentence(say.get_ref()).map_err(|what| at(say.span().start, what))?);
        }
        let trials = intent.trials.iter().map(|trial| trial.get_ref().clone());
        Ok(Intent {
            action,
            sentences,
            say: intent.say.iter().map(|say| say.get_ref().clone()).collect(),
            trials: trials.map(|(say, answer)| Trial { say, answer }).collect(),
            replies: intent.replies.iter().map(|(key, line)| (key.clone(), line.get_ref().clone())).collect(),
        })
    }

    fn sentence(&self, say: &str) -> Result<Vec<Part>, String> {
        let parts =
            say.split_whitespace().map(|word| match word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
                Some(slot) => Ok(Part::Slot(slot.to_owned(), self.slot(slot)?)),
                None if normalise(word) == [word] => Ok(Part::Word(word.to_owned())),
                None => Err(format!("{word:?} is not a plain lower-case word")),
            });
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() { Err("an empty sentence".into()) } else { Ok(parts) }
    }

    fn slot(&self, name: &str) -> Result<Slot, String> {
        let values = self.slots.get(name).filter(|values| !values.is_empty());
        let values: Vec<_> =
            values.ok_or_else(|| format!("no slot {{{name}}}"))?.iter().map(|value| normalise(value)).collect();
        if values.iter().all(|words| numbers::parse(words).is_some_and(|(_, length)| length == words.len())) {
            return Ok(Slot::Number);
        }
        Ok(if name == "word" { Slot::AnyWord } else { Slot::OneOf(values) })
    }
}

/// The names in braces of a reply.
pub(super) fn placeholders(line: &str) -> impl Iterator<Item = &str> {
    line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, Stage::Llm, format!("intents: {message}"))
}
