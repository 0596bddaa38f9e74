//! Arrows only point down: which module of the crate may use which.
//!
//! ```text
//! L0  error  time  cancel  id  json
//! L1  audio  text  tool                       → L0     text: no tokio, no futures
//!     message                                 → tool, L0
//! L2  stage                                   → L1, L0
//!     conversation                            → message, text, tool, L0     no tokio, no futures
//! L3  stream  builtin                         → stage, L1, L0
//!     protocol                                → conversation, tool, L0     no tokio, no futures
//!     recording                               → conversation, text, tool, L0 no tokio, no futures
//!     foreign                                 → stage, message, tool, L0
//! L4  agent                                   → all of the above
//!     host                                    → agent, foreign, builtin, protocol, conversation, message, L0
//! L5  testing                                 → all of the above; nothing uses it
//! ```

// The lints leave tests alone, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod tokens;
mod uses;

use std::fs;
use std::path::{Path, PathBuf};
use uses::{Exports, Use, test_lines, uses};

/// Beside each other in one layer: the adapters of streams are tried with real stages. Only in tests, and never upwards.
const TESTS_ALSO_USE: [(&str, &str); 1] = [("stream", "builtin")];

/// A module, the modules of this crate it may use, and the crates it may not use.
struct Rule {
    module: &'static str,
    may_use: &'static str,
    may_not_use_crates: &'static str,
}

const fn rule(module: &'static str, may_use: &'static str) -> Rule {
    Rule { module, may_use, may_not_use_crates: "" }
}

/// A module that must not know of any runtime.
const fn pure_rule(module: &'static str, may_use: &'static str) -> Rule {
    Rule { module, may_use, may_not_use_crates: "tokio tokio_util futures async_trait" }
}

const RULES: [Rule; 19] = [
    rule("error", "time cancel id"),
    rule("json", "error"),
    rule("time", "error cancel id"),
    rule("cancel", "error time id"),
    rule("id", "error time cancel"),
    rule("audio", "error time cancel id"),
    pure_rule("text", "error time cancel id"),
    pure_rule("tool", "error time cancel id"),
    pure_rule("message", "error time cancel id tool"),
    rule("stage", "error time cancel id audio text tool message"),
    pure_rule("conversation", "error time cancel id tool message text"),
    rule("stream", "error time cancel id audio text tool message stage"),
    rule("builtin", "error time cancel id audio text tool message stage"),
    pure_rule("protocol", "error time cancel id tool conversation"),
    pure_rule("recording", "error time cancel id text tool conversation"),
    rule("foreign", "error json time cancel id tool message stage"),
    rule("host", "error json time cancel id tool message conversation builtin protocol foreign agent"),
    rule(
        "agent",
        "error json time cancel id audio text tool message stage conversation stream builtin protocol recording",
    ),
    rule(
        "testing",
        "error json time cancel id audio text tool message stage conversation stream builtin protocol recording foreign agent host",
    ),
];

#[test]
fn no_module_uses_one_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = Exports::of(&fs::read_to_string(root.join("lib.rs")).unwrap());
    let files = rust_files(&root);
    assert!(files.len() > 20, "only {} files found below {}", files.len(), root.display());
    let violations: Vec<_> = files
        .iter()
        .filter(|file| **file != root.join("lib.rs"))
        .flat_map(|file| violations(file.strip_prefix(&root).unwrap(), &fs::read_to_string(file).unwrap(), &exports))
        .collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn a_bad_line_is_found_and_named() {
    let exports =
        Exports::of("pub use error::{Error, Result};\npub use agent::Agent;\npub use self::time::AudioTime as Time;");
    for (file, source, expected) in [
        ("text/mod.rs", "use crate::stage::Vad;", &["text/mod.rs:1: text may not use stage"][..]),
        (
            "conversation/machine.rs",
            "\n\nuse tokio::sync::mpsc;",
            &["conversation/machine.rs:3: conversation may not use tokio"],
        ),
        (
            "conversation/machine.rs",
            "async fn f() { futures::pending!() }",
            &["conversation/machine.rs:1: conversation may not use futures"],
        ),
        ("protocol/codec.rs", "use ::tokio_util::codec;", &["protocol/codec.rs:1: protocol may not use tokio_util"]),
        ("protocol/codec.rs", "fn f(pcm: crate::audio::Pcm) {}", &["protocol/codec.rs:1: protocol may not use audio"]),
        (
            "stage/vad.rs",
            "use crate::{\n    audio::Pcm,\n    stream::{frames, sentences},\n    testing,\n};",
            &["stage/vad.rs:3: stage may not use stream", "stage/vad.rs:4: stage may not use testing"],
        ),
        ("stage/vad.rs", "use crate::Agent;", &["stage/vad.rs:1: stage may not use agent"]),
        ("stage/vad.rs", "use crate::Nonsense;", &["stage/vad.rs:1: stage may not use Nonsense, which has no layer"]),
        ("stage/vad.rs", "use super::super::agent::Agent;", &["stage/vad.rs:1: stage may not use agent"]),
        ("error.rs", "use super::stage::Vad;", &["error.rs:1: error may not use stage"]),
        ("agent/run.rs", "use crate::testing::Script;", &["agent/run.rs:1: agent may not use testing"]),
        ("gadget.rs", "", &["gadget.rs:1: gadget has no layer"]),
        ("stream/a.rs", "use crate::builtin::EnergyVad;", &["stream/a.rs:1: stream may not use builtin"]),
        (
            "stream/a.rs",
            "#[cfg(test)]\nmod tests { fn f() { crate::agent::g() } }\nuse crate::builtin::EnergyVad;",
            &["stream/a.rs:2: stream may not use agent", "stream/a.rs:3: stream may not use builtin"],
        ),
        ("stage/a_tests.rs", "use crate::builtin::EnergyVad;", &["stage/a_tests.rs:1: stage may not use builtin"]),
        // These are fine.
        ("stream/a.rs", "#[cfg(test)]\nmod tests {\n    use crate::builtin::EnergyVad;\n}", &[]),
        ("stream/a_tests.rs", "use crate::builtin::EnergyVad;", &[]),
        ("stage/vad.rs", "use crate::error::Result;\nuse crate::{Error, audio::{Pcm, agent}};", &[]),
        (
            "text/mod.rs",
            "/// Like [`crate::agent::Agent`].\n// use crate::agent;\n/* crate::agent */ use crate::text::Sentence;",
            &[],
        ),
        ("conversation/mod.rs", "const NOTE: &str = \"no tokio::spawn here, crate::agent does it\";", &[]),
        ("conversation/mod.rs", "use crate::Time;\nmod tests { use super::event::Event; }", &[]),
        ("testing/script.rs", "use crate::agent::Agent;", &[]),
        ("stream/mod.rs", "use futures::Stream; use my_crate::agent::X;", &[]),
        ("text/mod.rs", "mod tests { use super::spoken; use super::*; pub(in super::super) fn f() {} }", &[]),
        ("text/mod.rs", "const QUOTES: [char; 2] = ['\"', '\\'']; fn f<'a>(_: &'a str) -> crate::Error {}", &[]),
        ("text/mod.rs", "const RAW: &str = r#\"crate::agent \"quoted\" crate::stage\"#;", &[]),
    ] {
        assert_eq!(violations(Path::new(file), source, &exports), expected, "{file}: {source}");
    }
}

/// What `source`, the file at `path` below `src`, uses and may not.
fn violations(path: &Path, source: &str, exports: &Exports) -> Vec<String> {
    let modules = module_path(path);
    let module = modules[0].as_str();
    let Some(rule) = RULES.iter().find(|rule| rule.module == module) else {
        return vec![format!("{}:1: {module} has no layer", path.display())];
    };
    let test_lines = test_lines(source);
    let test_file = modules.last().is_some_and(|name| name == "tests" || name.ends_with("_tests"));
    let tests_use = |line: usize, used: &str| {
        let in_tests = test_file || test_lines.iter().any(|lines| lines.contains(&line));
        in_tests && TESTS_ALSO_USE.contains(&(module, used))
    };
    uses(source, modules.len(), exports)
        .into_iter()
        .filter_map(|(line, used)| {
            let known = |used: &str| RULES.iter().any(|rule| rule.module == used);
            let problem = match used {
                Use::Module(used) | Use::ModuleOrItem(used) if used == module || lists(rule.may_use, &used) => {
                    return None;
                }
                Use::Module(used) | Use::ModuleOrItem(used) if tests_use(line, &used) => return None,
                Use::Crate(used) if !lists(rule.may_not_use_crates, &used) => return None,
                Use::ModuleOrItem(used) if !known(&used) => return None,
                Use::Module(used) if !known(&used) => format!("{used}, which has no layer"),
                Use::Module(used) | Use::ModuleOrItem(used) | Use::Crate(used) => used,
            };
            Some(format!("{}:{line}: {module} may not use {problem}", path.display()))
        })
        .collect()
}

fn lists(names: &str, name: &str) -> bool {
    names.split(' ').any(|listed| listed == name)
}

/// `stage/vad.rs` is `[stage, vad]`, `stage/mod.rs` is `[stage]`.
fn module_path(path: &Path) -> Vec<String> {
    let mut modules: Vec<_> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if modules.len() > 1 && modules.last().is_some_and(|last| last == "mod") {
        modules.pop();
    }
    modules
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
