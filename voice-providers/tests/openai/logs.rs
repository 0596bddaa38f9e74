//! What is logged: ids and limits, never a key.

use crate::llm::{KEY, ask, config};
use crate::server::{Reply, Server};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use voice_providers::openai::OpenAiLlm;

/// Keeps every event of every level as text, those of the tests beside it too: no key belongs in them either.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line<'a>(&'a mut String);
        impl Visit for Line<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                write!(self.0, "{field}={value:?} ").unwrap();
            }
        }
        event.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn ids_and_limits_are_logged_and_keys_are_not() {
    let log = Log::default();
    // For all threads: a subscriber of one thread misses what another thread was the first to log.
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let quoting = Reply::of(500, "", &format!(r#"{{"error":{{"message":"bad key {KEY}"}}}}"#));
    let figures = r#"{"choices":[],"x_groq":{"id":"req_7","usage":{"prompt_tokens":21}}}"#;
    let server = Server::start([quoting, Reply::stream().text("Sure").event(figures).finish()]).await;
    assert_eq!(ask(&OpenAiLlm::new(config(&server)).unwrap()).await.0, "Sure");
    let log = log.0.lock().unwrap().clone();
    for words in ["request_id=\"r1\"", "tokens_reset_ms=7660", "req_7", "prompt: 21", "trying once more"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!log.contains(KEY), "{log}");
}
