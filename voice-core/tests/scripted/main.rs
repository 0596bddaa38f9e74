//! The scripted conversations: one file for all languages, and what the client is told in each of them, byte for byte.
//!
//! `conversations.json` holds the conversations, `conversations.log` what comes of them: a line `# name` and the log of each.
//! Both are written anew with `UPDATE_CONVERSATIONS=1`; what has changed then is for a person to read.
#![cfg(feature = "testing")]
#![allow(clippy::expect_used, missing_docs)]

mod families;
mod talk;

use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use voice_core::testing::scripted::{ForeignStage, Hosts, Script, run};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripted").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(file(name)).expect("it is committed")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_CONVERSATIONS").is_some()
}

fn conversations() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(committed)
}

fn committed() -> Vec<String> {
    let written: Vec<_> = families::all().iter().map(talk::Talk::written).collect();
    let written = format!("[\n{}\n]\n", written.join(",\n"));
    if updating() {
        fs::write(file("conversations.json"), &written).expect("it can be written");
    }
    let committed = read("conversations.json");
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
    assert!(value(&committed) == value(&written), "the file is what the families give: UPDATE_CONVERSATIONS=1");
    Script::all(&committed).expect("it is a list")
}

/// The log of all conversations, each served as `hosts` says.
fn log(conversations: &[String], hosts: impl Fn(&str) -> Hosts) -> String {
    let mut log = String::new();
    for conversation in conversations {
        let name = Script::read(conversation).expect("it makes sense").name;
        let lines = run(conversation, &hosts(conversation)).unwrap_or_else(|error| panic!("{name}: {error}"));
        writeln!(log, "# {name}\n{}", lines.join("\n")).expect("a string takes it");
    }
    log
}

/// The first line that differs, under the name of its conversation.
fn difference(expected: &str, told: &str) -> Option<String> {
    let mut name = "";
    let lines = expected.lines().zip(told.lines().chain(std::iter::repeat("(nothing)")));
    for (expected, told) in lines {
        if let Some(next) = expected.strip_prefix("# ") {
            name = next;
        }
        if expected != told {
            return Some(format!("{name}\n  expected {expected}\n  told     {told}"));
        }
    }
    (expected != told).then(|| "more was told than expected".to_owned())
}

#[test]
fn the_client_is_told_what_the_logs_say_whoever_serves_it() {
    let conversations = conversations();
    let served_here = log(conversations, |_| Hosts::default());
    if updating() {
        fs::write(file("conversations.log"), &served_here).expect("it can be written");
    }
    assert_eq!(difference(&read("conversations.log"), &served_here), None);
    let foreign: Vec<_> = conversations
        .iter()
        .filter(|conversation| !Script::read(conversation).expect("it makes sense").foreign.is_empty())
        .cloned()
        .collect();
    let served_here = log(&foreign, |_| Hosts::default());
    let served_by_a_host = log(&foreign, |script| Hosts::on_a_thread(script).expect("a thread"));
    assert_eq!(difference(&served_here, &served_by_a_host), None);
}

#[test]
fn there_are_enough_of_them_and_each_has_a_name_of_its_own() {
    let scripts: Vec<_> =
        conversations().iter().map(|conversation| Script::read(conversation).expect("it makes sense")).collect();
    let names: HashSet<_> = scripts.iter().map(|script| &script.name).collect();
    assert_eq!(names.len(), scripts.len());
    let all_three = [ForeignStage::Llm, ForeignStage::Tts, ForeignStage::Tools];
    let foreign = scripts.iter().filter(|script| all_three.iter().all(|stage| script.foreign.contains(stage))).count();
    assert!(scripts.len() >= 200 && foreign >= 50, "{} conversations, {foreign} of them all foreign", scripts.len());
}

#[test]
fn a_script_that_makes_no_sense_is_refused_and_the_field_named() {
    let script = |more: &str| format!(r#"{{"name":"a","acts":[],"until_ms":1{more}}}"#);
    for (script, told) in [
        (script(r#","llm":{"frist_ms":1}"#), "unknown field `frist_ms`"),
        (script(r#","llm":{"first_ms":1,"says":{"answers":[{"say":"a"}]}}"#), "unknown field `say`"),
        (script(r#","foreign":["vad"]"#), "unknown variant `vad`"),
        (script(r#","agent":{"endpointing_ms":"long"}"#), "`endpointing_ms`"),
        (script(r#","session":{"rate":8000}"#), "unknown field `rate`"),
        (script("").replace("[]", r#"[{"at_ms":1,"do":"dance"}]"#), "unknown variant `dance`"),
        (script("").replace("[]", r#"[{"at_ms":1,"do":"text","text":"a","loud":true}]"#), "unknown field `loud`"),
        (
            script("").replace("[]", r#"[{"at_ms":2,"do":"end"},{"at_ms":1,"do":"end"}]"#),
            "the acts are in order of time",
        ),
    ] {
        let error = run(&script, &Hosts::default()).expect_err("it makes no sense");
        assert!(error.message().contains(told), "{script}: {error}");
    }
}
