//! The same voices by requests.

use crate::support::http_server::{Reply, Server, Step};
use crate::{KEY, events, sentences, spoken};
use futures::{StreamExt, stream};
use std::time::Duration;
use voice_core::stage::{CallContext, TtsEvent, TtsInput, TtsProvider};
use voice_core::testing::conformance::Suite;
use voice_core::{ErrorKind, SentenceId};
use voice_providers::Secret;
use voice_providers::deepgram::{DeepgramTts, DeepgramTtsConfig, DeepgramTtsTransport};

fn provider(server: &Server) -> DeepgramTts {
    let mut config = DeepgramTtsConfig::from_settings(Secret::new(KEY), Some(server.url("")), None);
    config.transport = DeepgramTtsTransport::Rest;
    config.stall_timeout = Duration::from_millis(300);
    DeepgramTts::new(config).unwrap()
}

/// The beginning of an answer that is audio.
fn audio() -> Reply {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/l16;rate=24000\r\ndg-request-id: 1\r\n\
                transfer-encoding: chunked\r\n\r\n";
    Reply::default().then(Step::Send(head.as_bytes().to_vec()))
}

/// An answer of so many bytes, in pieces of odd length.
fn answer(bytes: usize) -> Reply {
    vec![7; bytes].chunks(7).fold(audio(), |reply, piece| reply.chunk(piece)).end()
}

fn kind(event: Option<voice_core::Result<TtsEvent>>) -> ErrorKind {
    event.expect("an event").expect_err("a failure").kind().clone()
}

#[tokio::test]
async fn each_sentence_is_a_request_and_has_its_own_audio() {
    let server = Server::start([answer(12), answer(10)]).await;
    let tts = provider(&server);
    tts.warm_up().await.unwrap();
    assert_eq!(spoken(&tts, sentences(&["One \"two\".", "…", "Three."])).await, [12, 0, 10]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "there is nothing to hear of the second");
    let line = "POST /v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=24000&container=none";
    for (request, body) in requests.iter().zip([r#"{"text":"One \"two\"."}"#, r#"{"text":"Three."}"#]) {
        assert_eq!((request.line.as_str(), request.text().as_str()), (line, body));
        assert_eq!(request.header("authorization"), Some(format!("Token {KEY}").as_str()));
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
    assert!(!format!("{tts:?}").contains(KEY));
}

/// Half a sample at the end of one request is not completed by the next.
#[tokio::test]
async fn a_long_text_goes_in_several_requests() {
    let server = Server::start([answer(101), answer(40)]).await;
    assert_eq!(spoken(&provider(&server), sentences(&[&"word ".repeat(300)])).await, [140]);
    let lengths = server.requests().iter().map(|request| request.text().len()).collect::<Vec<_>>();
    assert_eq!(lengths, [r#"{"text":""}"#.len() + 1_000, r#"{"text":""}"#.len() + 500]);
}

#[tokio::test]
async fn audio_is_given_as_it_comes_and_the_next_sentence_is_asked_for_meanwhile() {
    let unfinished = audio().chunk([7; 100]).then(Step::AwaitClose);
    let server = Server::start([unfinished, answer(10)]).await;
    let tts = provider(&server);
    let mut events =
        tts.synthesize(stream::iter(sentences(&["One.", "Two.", "Three."])).boxed(), CallContext::detached());
    let first = events.next().await.unwrap().unwrap();
    assert!(matches!(first, TtsEvent::Audio { sentence: SentenceId(0), pcm } if pcm.len() == 100));
    // The audio of the first does not go on, which takes some time to be a failure.
    assert_eq!(kind(events.next().await), ErrorKind::Timeout);
    assert!(events.next().await.is_none());
    server.asked(2).await;
    assert_eq!(server.requests().len(), 2, "two at once, and no third");
    drop(events);
    server.closed(1).await;
}

#[tokio::test]
async fn what_was_said_before_a_failure_is_heard() {
    let refused = Reply::of(400, "", r#"{"err_code":"PAYLOAD_ERROR","err_msg":"no text"}"#);
    let server = Server::start([answer(10), refused]).await;
    let mut events = events(&provider(&server), sentences(&["One.", "Two."])).await;
    let error = events.pop().unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains("PAYLOAD_ERROR"), "{error}");
    let end = events.pop().unwrap().unwrap();
    assert_eq!(end, TtsEvent::SentenceEnd { sentence: SentenceId(0) }, "{events:?}");
}

#[tokio::test]
async fn errors_are_told_by_kind_and_the_key_is_not() {
    let lost = audio().chunk([7; 4]).then(Step::Close);
    let page = Reply::of(200, "content-type: text/html\r\n", "<p>Log in</p>");
    let endless = Reply::default().then(Step::AwaitClose);
    for (script, expected) in [
        (Reply::of(401, "", &format!(r#"{{"err_code":"INVALID_AUTH","err_msg":"no {KEY}"}}"#)), ErrorKind::Auth),
        (Reply::of(404, "", ""), ErrorKind::InvalidConfig),
        (
            Reply::of(429, "retry-after: 7\r\n", ""),
            ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(7)) },
        ),
        (page, ErrorKind::Protocol),
        (audio().end(), ErrorKind::Protocol),
        (lost, ErrorKind::Unavailable),
        (endless, ErrorKind::Timeout),
    ] {
        let server = Server::start([script]).await;
        let error = events(&provider(&server), sentences(&["One."])).await.pop().unwrap().unwrap_err();
        assert_eq!(*error.kind(), expected);
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn before_any_audio_a_request_is_made_once_more() {
    let server = Server::start([Reply::of(503, "", ""), answer(10)]).await;
    assert_eq!(spoken(&provider(&server), sentences(&["One."])).await, [10]);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn it_conforms() {
    let server = Server::start([answer(12)]).await;
    let input = sentences(&["One two.", "…", "Three."]);
    let items = Suite::new().tts(&provider(&server), input).await.unwrap();
    assert!(items >= 6, "{items}");
}

#[tokio::test]
async fn cancelled_or_dropped_it_hangs_up() {
    for cancel in [true, false] {
        let server = Server::start([audio().chunk([7; 100]).then(Step::AwaitClose)]).await;
        let tts = provider(&server);
        let cx = CallContext::detached();
        let text = TtsInput::Text { sentence: SentenceId(0), text: "One.".into() };
        let mut events = tts.synthesize(stream::iter([text]).chain(stream::pending()).boxed(), cx.clone());
        events.next().await.unwrap().unwrap();
        if cancel {
            cx.cancel.cancel();
            assert!(events.next().await.is_none());
        }
        drop(events);
        server.closed(1).await;
    }
}
