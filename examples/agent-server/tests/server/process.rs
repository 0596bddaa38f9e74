//! The binary: what it logs, and how it ends.
#![cfg(unix)]

use crate::support::Client;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The binary as a process.
pub(crate) struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    /// The lines read so far.
    pub(crate) log: Vec<Value>,
}

impl Process {
    /// Starts the binary and waits until it listens.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> (Self, SocketAddr) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_agent-server"))
            .current_dir(PathBuf::from(env!("CARGO_TARGET_TMPDIR")))
            .env_clear()
            .env("PORT", "0")
            // However busy the machine is with other tests.
            .envs([("MAX_LATE_MS", "0"), ("MAX_CPU_PERCENT", "0")])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { child, output, log: Vec::new() };
        let address = loop {
            let line = process.line().await.expect("a line that says where it listens");
            if line["message"] == "listening" {
                let address = line["address"].as_str().unwrap();
                break address.rsplit('/').next().unwrap().parse().unwrap();
            }
        };
        (process, address)
    }

    async fn line(&mut self) -> Option<Value> {
        let line = self.output.next_line().await.unwrap()?;
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.log.push(line.clone());
        Some(line)
    }

    /// Reads the log up to a line that says this.
    pub(crate) async fn until(&mut self, message: &str) {
        while self.line().await.expect("the log goes on")["message"] != message {}
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Reads the log to its end; the exit status and everything on standard error.
    pub(crate) async fn end(&mut self) -> (ExitStatus, String) {
        while self.line().await.is_some() {}
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
        (self.child.wait().await.unwrap(), errors)
    }
}

async fn converse(address: SocketAddr) -> (Client, String) {
    let mut client = Client::connect(address).await;
    client.send(json!({ "type": "start" })).await;
    let ready = client.ready().await;
    client.ask("what is two times nine").await;
    (client, ready["session"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_signal_drains_and_the_exit_code_is_zero() {
    for signal in ["-TERM", "-INT"] {
        let (mut process, address) = Process::start(&[]).await;
        let (mut client, _) = converse(address).await;
        process.signal(signal);
        assert_eq!(client.of_type("bye").await.json()["reason"], "drain");
        assert_eq!(client.closed().await, Some(1001));
        let (status, errors) = process.end().await;
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
        assert_eq!(process.log.last().unwrap()["message"], "stopped");
    }
}

#[tokio::test]
async fn a_second_signal_cuts_the_turns_that_the_first_lets_end() {
    let fakes = [("STT", "fake"), ("LLM", "fake"), ("TTS", "fake"), ("DRAIN_MS", "600000")];
    let (mut process, address) = Process::start(&fakes).await;
    let mut client = Client::connect(address).await;
    client.send(json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "apple" })).await;
    client.of_type("audio").await;
    process.signal("-INT");
    process.until("draining").await;
    process.signal("-INT");
    let frames = client.until(|frame| frame.kind() == "bye").await;
    let end = frames.iter().find(|frame| frame.kind() == "reply_end").expect("the reply ends").json();
    assert_eq!(end["interrupted"], true, "{end}");
    assert_eq!(process.end().await.0.code(), Some(0));
}

#[tokio::test]
async fn the_log_names_session_and_turn_and_keeps_words_and_keys_to_itself() {
    let variables = [("LOG", "trace"), ("TAVILY_API_KEY", "tv-123456"), ("ADMIN_TOKEN", "tok-123456")];
    let (mut process, address) = Process::start(&variables).await;
    let (client, session) = converse(address).await;
    let resume = client.seen[0].json()["resume"].as_str().unwrap().to_owned();
    drop(client);
    process.signal("-TERM");
    process.end().await;
    let log = &process.log;
    let of_session: Vec<_> = log.iter().filter(|line| line["session"] == session.as_str()).collect();
    for message in ["session opened", "transcript", "reply ended", "metrics", "goodbye", "session closed"] {
        let line = of_session.iter().find(|line| line["message"] == message);
        let line = line.unwrap_or_else(|| panic!("{message}: {of_session:#?}"));
        if ["transcript", "reply ended", "metrics"].contains(&message) {
            assert_eq!(line["turn"], 1, "{line}");
        }
    }
    let warned =
        |what: &str| log.iter().any(|line| line["level"] == "warn" && line["message"].to_string().contains(what));
    assert!(warned("TAVILY_API_KEY"), "{log:#?}");
    assert!(warned("ADMIN_TOKEN is short"), "{log:#?}");
    let whole = log.iter().map(Value::to_string).collect::<String>();
    for secret in ["two times nine", "eighteen", "tv-123456", "tok-123456", resume.as_str()] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
}

#[tokio::test]
async fn transcripts_are_logged_where_the_operator_wants_them() {
    let (mut process, address) = Process::start(&[("LOG_TRANSCRIPTS", "on")]).await;
    converse(address).await;
    process.signal("-TERM");
    process.end().await;
    assert!(process.log.iter().any(|line| line["text"] == "what is two times nine"), "{:#?}", process.log);
}
