//! The model calls tools; all of it may be written in the language of a host.

use crate::talk::{Talk, talk};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Talk> {
    [latencies(), interrupted(), typed_over(), ends(), rounds(), several(), wrong(), effects()].concat()
}

fn weather(first_ms: u64, more: Value) -> Value {
    let mut says = json!({
        "spec": {
            "name": "weather",
            "description": "Tells the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        "says": "It rains in {city}.",
    });
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        match (says[&name].as_object_mut(), value.as_object()) {
            (Some(old), Some(new)) => old.extend(new.clone()),
            _ => says[&name] = value,
        }
    }
    json!({"first_ms": first_ms, "says": says})
}

fn call(id: &str, name: &str, city: &str) -> Value {
    json!({"id": id, "name": name, "arguments": {"city": city}})
}

/// A conversation in which the model looks something up before it answers.
fn looking_up(name: impl Into<String>, tools: Value) -> Talk {
    talk(name)
        .foreign(&["llm", "tts", "tools"])
        .with("tools", tools)
        .answers(json!([
            {"round": 0, "says": "Let |me |look. |", "calls": [call("1", "weather", "Oslo")]},
            {"round": 1, "says": "I |have |it: |{results} |Take |a |coat."},
        ]))
        .hears(&["What is the weather in Oslo?", "Stop.", "Thank you."])
}

fn latencies() -> Vec<Talk> {
    let mut talks = Vec::new();
    for latency in [1, 151, 601, 1_501, 2_501, 4_001] {
        let name = |how: &str| format!("a tool that takes {latency} ms, asked {how}");
        let tools = json!([weather(latency, json!({}))]);
        talks.push(looking_up(name("by voice"), tools.clone()).speech(500, 900).until(13_000));
        talks.push(looking_up(name("in writing"), tools).text(300, "What is the weather in Oslo?").until(13_000));
    }
    talks
}

fn interrupted() -> Vec<Talk> {
    let mut talks = Vec::new();
    for (effect, named) in [("none", "that only looks"), ("irreversible", "that cannot be undone")] {
        for at in [1_400, 2_200, 2_800, 3_600, 5_200] {
            let tools = json!([weather(1_501, json!({"spec": {"effect": effect}}))]);
            let name = format!("a tool {named} is interrupted at {at} ms");
            let talk = looking_up(name, tools).text(300, "What is the weather in Oslo?");
            talks.push(talk.act(at, "interrupt", json!({})).text(at + 2_500, "And now?"));
        }
    }
    talks
}

fn typed_over() -> Vec<Talk> {
    let mut talks = Vec::new();
    for effect in ["none", "irreversible"] {
        for at in [900, 1_700, 3_100] {
            let tools = json!([weather(1_501, json!({"spec": {"effect": effect}}))]);
            let name = format!("another question at {at} ms, while a tool with the effect {effect} is at work");
            let talk = looking_up(name, tools).text(300, "What is the weather in Oslo?");
            talks.push(talk.text(at, "What is the weather in Rome?").until(15_000));
        }
        let tools = json!([weather(2_001, json!({"spec": {"effect": effect}}))]);
        let name = format!("the user says stop while a tool with the effect {effect} is at work");
        talks.push(looking_up(name, tools).speech(500, 900).speech(2_900, 500).until(13_000));
    }
    talks
}

fn ends() -> Vec<Talk> {
    let asked = |name: &str, tool: Value| {
        looking_up(name, json!([tool])).text(300, "What is the weather in Oslo?").until(14_000)
    };
    let fails = |kind: &str| json!({"fails": {"kind": kind, "message": "the station does not answer"}});
    vec![
        asked("a tool that fails", weather(301, fails("unavailable"))),
        asked("a tool that refuses its arguments", weather(301, fails("invalid_input"))),
        asked("a tool past its deadline", weather(3_001, json!({"spec": {"deadline_ms": 1_000}}))),
        asked("a tool that never answers", weather(1, json!({"stands_still": true, "spec": {"deadline_ms": 2_000}}))),
        asked("a tool that gives a text too long for the model", weather(101, json!({"says": "rain ".repeat(40)})))
            .conversation(json!({"tools": {"result_chars": 60}})),
        asked("a tool that gives nothing", weather(101, json!({"says": ""}))),
        asked("no filler where none is wanted", weather(3_001, json!({})))
            .conversation(json!({"tools": {"filler": null}})),
        asked("a filler of one's own", weather(3_001, json!({})))
            .conversation(json!({"tools": {"filler": "Bear with me.", "filler_ms": 900}})),
        asked("a session that ends while a tool is at work", weather(2_001, json!({}))).act(1_500, "end", json!({})),
        asked(
            "a session that ends while a tool that cannot be undone is at work",
            weather(2_001, json!({"spec": {"effect": "irreversible"}})),
        )
        .act(1_500, "end", json!({})),
    ]
}

fn rounds() -> Vec<Talk> {
    let answers = |rounds: usize| {
        let calling = (0..rounds).map(|round| {
            let id = (round + 1).to_string();
            json!({"round": round, "says": format!("Step |{round}. |"), "calls": [call(&id, "weather", "Oslo")]})
        });
        let last = json!({"round": rounds, "says": "All |of |it: |{results}"});
        json!(calling.chain([last]).collect::<Vec<_>>())
    };
    let mut talks: Vec<_> = [2, 3, 4, 5]
        .iter()
        .map(|rounds| {
            let talk = looking_up(format!("{rounds} rounds of tools in one answer"), json!([weather(201, json!({}))]));
            talk.answers(answers(*rounds)).text(300, "How is the weather?").until(16_000)
        })
        .collect();
    let twice = looking_up("a tool in each of two turns", json!([weather(201, json!({}))]));
    talks.push(twice.text(300, "And in Oslo?").text(8_000, "And now?").until(17_000));
    let bounded = looking_up("more rounds than there may be", json!([weather(201, json!({}))]));
    talks.push(
        bounded
            .conversation(json!({"tools": {"max_rounds": 1}}))
            .answers(answers(3))
            .text(300, "How is it?")
            .until(14_000),
    );
    talks
}

fn several() -> Vec<Talk> {
    let time = json!({
        "first_ms": 701,
        "says": {"spec": {"name": "time", "description": "Tells the time in a city."}, "says": "It is noon in {city}."},
    });
    let both = |first: u64| json!([weather(first, json!({})), time]);
    let answers = |calls: Value| {
        json!([
            {"round": 0, "says": "One |moment. |", "calls": calls},
            {"round": 1, "says": "Both: |{results}"},
        ])
    };
    let two = json!([call("1", "weather", "Oslo"), call("2", "time", "Oslo")]);
    let mut talks: Vec<_> = [101, 701, 1_301]
        .iter()
        .map(|first| {
            let talk = looking_up(format!("two tools side by side, the first of which takes {first} ms"), both(*first));
            talk.answers(answers(two.clone())).text(300, "How is Oslo?").until(13_000)
        })
        .collect();
    let same = json!([call("1", "weather", "Oslo"), call("1", "weather", "Rome")]);
    talks.push(
        looking_up("two calls of one id are told apart", both(101)).answers(answers(same)).text(300, "How are they?"),
    );
    let many: Vec<_> = (0..10).map(|n| call(&n.to_string(), "weather", "Oslo")).collect();
    talks.push(
        looking_up("more calls at once than are done", both(101))
            .conversation(json!({"tools": {"max_calls": 3}}))
            .answers(answers(json!(many)))
            .text(300, "How is it?")
            .until(14_000),
    );
    talks
}

fn wrong() -> Vec<Talk> {
    let asked = |name: &str, calls: Value| {
        looking_up(name, json!([weather(101, json!({}))]))
            .answers(json!([
                {"round": 0, "says": "I |try. |", "calls": calls},
                {"round": 1, "says": "Then |I |know: |{results}"},
            ]))
            .text(300, "How is it?")
    };
    vec![
        asked("a call to a tool that is not there", json!([call("1", "oracle", "Oslo")])),
        asked("a call with arguments that are no JSON", json!([{"id": "1", "name": "weather", "arguments": "{city"}])),
        asked("a call with arguments that are no object", json!([{"id": "1", "name": "weather", "arguments": "[1]"}])),
        asked("a call without arguments", json!([{"id": "1", "name": "weather", "arguments": ""}])),
    ]
}

fn effects() -> Vec<Talk> {
    let pure = json!([weather(301, json!({"spec": {"effect": "pure"}}))]);
    let partials = json!([{"after_ms": 700, "text": "What is the weather in Oslo?"}]);
    let turns = json!([{"partials": partials, "finals": ["What is the weather in Oslo?"], "estimate": 0.9}]);
    vec![
        looking_up("a tool that costs nothing is called before the turn has ended", pure)
            .turns(turns.clone())
            .speech(500, 1_000),
        looking_up("a tool that only looks waits for the end of the turn", json!([weather(301, json!({}))]))
            .turns(turns)
            .speech(500, 1_000),
        looking_up("a tool with sources and a silent model", json!([weather(301, json!({}))]))
            .answers(
                json!([{"round": 0, "calls": [call("1", "weather", "Oslo")]}, {"round": 1, "says": "So: |{results}"}]),
            )
            .text(300, "How is it?"),
    ]
}
