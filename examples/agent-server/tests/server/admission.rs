//! A server that is full or late takes no further session, says so before the upgrade, and serves those it has.

use crate::support::{Client, PATIENCE, TestServer, fakes, settings};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use voice_core::Result;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};

#[tokio::test]
async fn a_full_server_refuses_before_the_upgrade_until_a_session_ends() {
    let server = TestServer::start(&[("MAX_SESSIONS", "1")]).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    let refused = server.handshake().send().await;
    assert_eq!((refused.status, refused.code().as_str(), refused.header("retry-after")), (503, "full", Some("10")));
    let ready = server.get("/readyz").send().await;
    assert_eq!((ready.status, ready.json()["status"].clone()), (503, "full".into()));
    assert_eq!(ready.header("retry-after"), Some("10"));
    assert_eq!(client.ask("hello").await.trim(), "You said hello.", "the session that runs is not touched");

    client.send(json!({ "type": "end" })).await;
    assert_eq!(client.closed().await, Some(1000));
    server.begin(json!({ "type": "start" })).await;
}

#[tokio::test]
async fn as_many_come_in_as_there_are_places_however_fast_they_come() {
    let server = TestServer::start(&[("MAX_SESSIONS", "3")]).await;
    let attempts = (0..12).map(|_| Client::try_connect(server.address, &[]));
    let mut taken = Vec::new();
    for attempt in futures::future::join_all(attempts).await {
        match attempt {
            Ok(mut client) => {
                client.ready().await;
                taken.push(client);
            }
            Err(status) => assert_eq!(status, 503),
        }
    }
    assert_eq!(taken.len(), 3);
}

#[tokio::test]
async fn a_connection_that_opened_no_session_gives_its_place_back() {
    let server = TestServer::start(&[("MAX_SESSIONS", "1")]).await;
    for _ in 0..3 {
        server.connect().await.vanish();
        let free = async { while server.get("/readyz").send().await.status != 200 {} };
        tokio::time::timeout(PATIENCE, free).await.expect("the place is free again");
    }
}

#[tokio::test]
async fn whoever_says_that_it_comes_back_takes_its_session_over_on_a_full_server() {
    let server = TestServer::start(&[("MAX_SESSIONS", "1")]).await;
    let mut first = server.connect().await;
    first.send(json!({ "type": "start" })).await;
    let ready = first.ready().await;
    // The server does not know yet that the network has changed under the client.
    let mut second = Client::try_connect_to(server.address, "/ws?resume=1", &[]).await.unwrap();
    second.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(second.ready().await["session"], ready["session"]);
    second.ask("hello").await;
}

#[tokio::test]
async fn coming_back_to_no_session_gives_none_on_a_full_server() {
    let server = TestServer::start(&[("MAX_SESSIONS", "1")]).await;
    let _open = server.begin(json!({ "type": "start" })).await;
    for start in [json!({ "type": "start", "resume": "0123456789abcdef" }), json!({ "type": "start" })] {
        let mut liar = Client::try_connect_to(server.address, "/ws?resume=1", &[]).await.unwrap();
        liar.send(start).await;
        assert_eq!(liar.next().await.json(), &json!({ "type": "bye", "reason": "limit" }));
        assert_eq!(liar.closed().await, Some(1000));
    }
}

#[tokio::test]
async fn a_late_server_takes_no_further_session_and_keeps_its_own() {
    let stand = StandStill::default();
    let mut providers = fakes();
    providers.llm = Some(Arc::new(stand.clone()));
    let server = TestServer::with(&settings(&[("MAX_LATE_MS", "50")]), providers).await;
    let mut client = server.begin(json!({ "type": "start" })).await;
    stand.0.store(true, Ordering::Relaxed);
    client.ask("stand still").await;

    let refused = server.handshake().send().await;
    assert_eq!(
        (refused.status, refused.code().as_str(), refused.header("retry-after")),
        (503, "overloaded", Some("5"))
    );
    let ready = server.get("/readyz").send().await;
    assert_eq!((ready.status, ready.json()["status"].clone()), (503, "overloaded".into()));
    client.ask("still there").await;

    let in_time = async {
        while server.get("/readyz").send().await.status != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(5 * PATIENCE, in_time).await.expect("it recovers");
    server.begin(json!({ "type": "start" })).await;
}

#[tokio::test]
async fn a_server_without_processors_to_spare_takes_no_session() {
    let server = TestServer::start(&[("MAX_CPU_PERCENT", "1")]).await;
    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let burning = std::thread::spawn(move || while !stop.load(Ordering::Relaxed) {});
    let busy = async {
        while server.get("/readyz").send().await.status == 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let busy = tokio::time::timeout(PATIENCE, busy).await;
    let refused = server.handshake().send().await;
    done.store(true, Ordering::Relaxed);
    burning.join().unwrap();
    assert!(busy.is_ok(), "it notices");
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
}

/// A model that can block its whole thread for 3 s, as no provider should.
#[derive(Clone, Default)]
struct StandStill(Arc<AtomicBool>);

impl LlmProvider for StandStill {
    fn name(&self) -> &str {
        "standstill"
    }

    fn generate(&self, _: LlmRequest, _: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        if self.0.swap(false, Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(3));
        }
        stream::iter([Ok(LlmEvent::Text("Yes.".into()))]).boxed()
    }
}
