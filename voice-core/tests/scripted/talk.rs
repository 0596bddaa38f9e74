//! Writes a conversation down as the data it is.

use serde_json::{Map, Value, json};

/// One conversation, field by field in the order in which they are written.
#[derive(Clone)]
pub(crate) struct Talk {
    fields: Vec<(&'static str, Value)>,
    acts: Vec<Value>,
    until_ms: u64,
}

/// What the recogniser, the model and the voice of most conversations take; odd numbers, so that they seldom coincide with the
/// frames of the microphone.
pub(crate) fn talk(name: impl Into<String>) -> Talk {
    let name: String = name.into();
    Talk { fields: vec![("name", name.into())], acts: Vec::new(), until_ms: 9_000 }
        .with(
            "stt",
            json!({"final_ms": 101, "turns": [{"finals": ["Good morning."]}, {"finals": ["What else is there?"]}]}),
        )
        .answers(json!([{"says": "You |said: |{user} |I |have |heard |it. |What |do |you |want |to |know?"}]))
        .voice(json!({}))
}

impl Talk {
    /// Sets a field, or replaces it where it stands.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        match self.fields.iter_mut().find(|(field, _)| *field == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| *field != name);
        self
    }

    /// Adds to an object.
    pub(crate) fn also(mut self, name: &'static str, more: Value) -> Self {
        if !self.fields.iter().any(|(field, _)| *field == name) {
            self.fields.push((name, json!({})));
        }
        let object = self.fields.iter_mut().find(|(field, _)| *field == name).and_then(|(_, old)| old.as_object_mut());
        let more = more.as_object().cloned().unwrap_or_default();
        object.expect("it is an object").extend(more);
        self
    }

    pub(crate) fn foreign(mut self, stages: &[&str]) -> Self {
        self.fields.insert(1, ("foreign", json!(stages)));
        self
    }

    pub(crate) fn conversation(self, settings: Value) -> Self {
        self.also("agent", json!({"conversation": settings}))
    }

    /// What is heard, turn by turn: the words of each.
    pub(crate) fn hears(self, turns: &[&str]) -> Self {
        let turns: Vec<_> = turns.iter().map(|words| json!({"finals": [words]})).collect();
        self.turns(json!(turns))
    }

    pub(crate) fn turns(self, turns: Value) -> Self {
        self.with("stt", json!({"final_ms": 101, "turns": turns}))
    }

    pub(crate) fn answers(self, answers: Value) -> Self {
        self.with("llm", json!({"first_ms": 203, "piece_ms": 21, "says": {"answers": answers}}))
    }

    pub(crate) fn voice(self, says: Value) -> Self {
        self.with("tts", json!({"first_ms": 53, "piece_ms": 3, "says": says}))
    }

    pub(crate) fn act(mut self, at_ms: u64, what: &str, more: Value) -> Self {
        let mut act = Map::from_iter([("at_ms".to_owned(), json!(at_ms)), ("do".to_owned(), json!(what))]);
        act.extend(more.as_object().cloned().unwrap_or_default());
        // In order of time, whatever the order in which they are told.
        let after = self.acts.partition_point(|before| before["at_ms"].as_u64() <= Some(at_ms));
        self.acts.insert(after, act.into());
        self.until_ms = self.until_ms.max(at_ms + 7_000);
        self
    }

    pub(crate) fn speech(self, at_ms: u64, for_ms: u64) -> Self {
        self.act(at_ms, "speech", json!({"for_ms": for_ms}))
    }

    pub(crate) fn text(self, at_ms: u64, text: &str) -> Self {
        self.act(at_ms, "text", json!({"text": text}))
    }

    pub(crate) fn until(mut self, until_ms: u64) -> Self {
        self.until_ms = until_ms;
        self
    }

    /// One field a line, one act a line.
    pub(crate) fn written(&self) -> String {
        let mut lines: Vec<String> = self.fields.iter().map(|(name, value)| format!("  \"{name}\": {value}")).collect();
        let acts: Vec<String> = self.acts.iter().map(|act| format!("    {act}")).collect();
        lines.push(format!("  \"acts\": [\n{}\n  ]", acts.join(",\n")));
        lines.push(format!("  \"until_ms\": {}", self.until_ms));
        format!("{{\n{}\n}}", lines.join(",\n"))
    }
}
