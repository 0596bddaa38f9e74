//! Calls to tools, put together from their fragments.

use serde_json::Value;
use voice_core::ToolCall;

/// What is kept of the arguments of one answer's calls, in bytes.
const LONGEST: usize = 256 * 1_024;
/// Calls kept of one answer.
const MOST: usize = 128;

/// The calls of an answer so far. Servers differ: a call comes whole or in any number of pieces, its index may be
/// missing or always the same, its id may be missing, its name may come once, in pieces, or again with every piece.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<(Option<u64>, ToolCall)>,
    length: usize,
}

impl Calls {
    /// Reads the calls in the `delta` of an event; tells whether there were any.
    pub(super) fn read(&mut self, delta: &Value) -> bool {
        let fragments = delta["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default();
        for fragment in fragments {
            self.add(fragment["index"].as_u64(), fragment["id"].as_str().unwrap_or_default(), &fragment["function"]);
        }
        // The older form, of which an answer has one.
        let older = &delta["function_call"];
        if older.is_object() {
            self.add(Some(0), "", older);
        }
        !fragments.is_empty() || older.is_object()
    }

    fn add(&mut self, index: Option<u64>, id: &str, function: &Value) {
        let name = function["name"].as_str().unwrap_or_default();
        let arguments = match &function["arguments"] {
            Value::String(piece) => piece.clone(),
            Value::Null => String::new(),
            whole => whole.to_string(),
        };
        let Some(call) = self.of(index, id) else { return };
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        // The name is whole when the arguments begin.
        if call.arguments.is_empty() && call.name != name {
            call.name.push_str(name);
        }
        call.arguments.push_str(&arguments);
        self.length += arguments.len();
    }

    /// The call that a fragment goes on with, or a new one; `None` when there is more than any server should send.
    fn of(&mut self, index: Option<u64>, id: &str) -> Option<&mut ToolCall> {
        if self.length > LONGEST {
            return None;
        }
        // Of calls with one index the newest goes on; one with another id is another call.
        let newest = self.calls.iter().rposition(|(of, _)| index.is_none() || *of == index);
        let same = |call: &ToolCall| id.is_empty() || call.id.is_empty() || call.id == id;
        let place = match newest.filter(|place| same(&self.calls[*place].1)) {
            Some(place) => place,
            None if self.calls.len() < MOST => {
                let call = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
                self.calls.push((index, call));
                self.calls.len() - 1
            }
            None => return None,
        };
        self.calls.get_mut(place).map(|(_, call)| call)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The calls, now that the answer has ended. One without a name calls nothing; one without an id gets one.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls).into_iter().map(|(_, call)| call);
        let named = calls.filter(|call| !call.name.trim().is_empty());
        let with_id = |(number, call): (usize, ToolCall)| match call.id.as_str() {
            "" => ToolCall { id: format!("call_{number}"), ..call },
            _ => call,
        };
        named.enumerate().map(with_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The calls as `id name arguments`.
    fn put_together(deltas: &[Value]) -> Vec<String> {
        let mut calls = Calls::default();
        for delta in deltas {
            calls.read(delta);
        }
        let line = |call: ToolCall| format!("{} {} {}", call.id, call.name, call.arguments);
        calls.take().into_iter().map(line).collect()
    }

    fn fragment(index: Value, id: Value, function: Value) -> Value {
        json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": function }] })
    }

    #[test]
    fn every_way_in_which_servers_send_them() {
        let whole = |id: &str, index: u64| fragment(index.into(), id.into(), json!({ "name": "f", "arguments": "{}" }));
        let piece = |index: Value, arguments: &str| fragment(index, Value::Null, json!({ "arguments": arguments }));
        for (deltas, expected) in [
            (vec![whole("a", 0), whole("b", 1)], &["a f {}", "b f {}"][..]),
            // Ollama: one index for all.
            (vec![whole("a", 0), whole("b", 0)], &["a f {}", "b f {}"]),
            // vLLM, llama.cpp: id and name first, then arguments by index, interleaved.
            (
                vec![
                    fragment(0.into(), "a".into(), json!({ "name": "f", "arguments": "" })),
                    fragment(1.into(), "b".into(), json!({ "name": "g", "arguments": null })),
                    piece(0.into(), "{\"x\""),
                    piece(1.into(), "{}"),
                    piece(0.into(), ":1}"),
                ],
                &["a f {\"x\":1}", "b g {}"],
            ),
            // Names in pieces, and names repeated with every piece.
            (
                vec![
                    fragment(0.into(), "a".into(), json!({ "name": "web_" })),
                    fragment(0.into(), "".into(), json!({ "name": "search", "arguments": "{" })),
                    fragment(0.into(), "a".into(), json!({ "name": "web_search", "arguments": "}" })),
                ],
                &["a web_search {}"],
            ),
            // Without ids, without indices.
            (vec![piece(Value::Null, "{}")], &[]),
            (
                vec![fragment(Value::Null, Value::Null, json!({ "name": "f", "arguments": { "x": 1 } }))],
                &["call_0 f {\"x\":1}"],
            ),
            (
                vec![
                    fragment(Value::Null, "a".into(), json!({ "name": "f" })),
                    piece(Value::Null, "{}"),
                    fragment(Value::Null, "b".into(), json!({ "name": "g", "arguments": "{}" })),
                ],
                &["a f {}", "b g {}"],
            ),
            (
                vec![
                    json!({ "function_call": { "name": "f", "arguments": "{\"x\"" } }),
                    json!({ "function_call": { "arguments": ":1}" } }),
                ],
                &["call_0 f {\"x\":1}"],
            ),
            (vec![json!({ "tool_calls": "nonsense" }), json!({ "tool_calls": [7, null] })], &[]),
        ] {
            assert_eq!(put_together(&deltas), expected, "{deltas:?}");
        }
    }

    #[test]
    fn endless_arguments_are_not_kept() {
        let mut calls = Calls::default();
        for _ in 0..40 {
            calls.read(&fragment(0.into(), "a".into(), json!({ "name": "f", "arguments": "x".repeat(10_000) })));
        }
        assert!(calls.take()[0].arguments.len() <= LONGEST + 10_000);
        for number in 0..1_000 {
            calls.read(&fragment(number.into(), number.to_string().into(), json!({ "name": "f" })));
        }
        assert!(calls.take().len() <= MOST);
    }

    proptest! {
        #[test]
        fn arguments_are_what_was_sent_however_they_are_cut(
            first in prop::collection::vec(".{0,6}", 1..6), second in prop::collection::vec(".{0,6}", 1..6),
        ) {
            let mut deltas = vec![
                fragment(0.into(), "a".into(), json!({ "name": "f" })), fragment(1.into(), "b".into(), json!({ "name": "g" })),
            ];
            for place in 0..first.len().max(second.len()) {
                for (index, pieces) in [(0, &first), (1, &second)] {
                    let piece = pieces.get(place).map(|piece| json!({ "arguments": piece }));
                    deltas.extend(piece.map(|piece| fragment(index.into(), Value::Null, piece)));
                }
            }
            prop_assert_eq!(put_together(&deltas), [format!("a f {}", first.concat()), format!("b g {}", second.concat())]);
        }
    }
}
