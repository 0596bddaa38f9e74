//! Transcription.

use crate::llm::KEY;
use crate::server::{Reply, Server, Step};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::time::Duration;
use voice_core::audio::Wav;
use voice_core::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use voice_core::{AudioTime, Error, ErrorKind, TurnId};
use voice_providers::openai::{OpenAiStt, OpenAiSttConfig};
use voice_providers::{Secret, groq};

pub fn config(server: &Server) -> OpenAiSttConfig {
    let mut config = OpenAiSttConfig::default();
    config.base_url = Some(server.url("/v1"));
    config.key = Some(Secret::new(KEY));
    config.model = Some("whisper-1".to_owned());
    config
}

pub fn audio(turn: u32, milliseconds: usize) -> SttInput {
    let pcm = Bytes::from(1_000_i16.to_ne_bytes().repeat(16 * milliseconds));
    SttInput::Audio { turn: TurnId(turn), at: AudioTime::ZERO, pcm }
}

pub fn finalize(turn: u32, attempt: u32) -> SttInput {
    SttInput::Finalize(FinalizeId { turn: TurnId(turn), attempt })
}

pub fn said(text: &str) -> Reply {
    Reply::of(200, "", &format!(r#"{{"text":"{text}"}}"#))
}

async fn hear(stt: &OpenAiStt, input: Vec<SttInput>) -> (Vec<String>, Option<Error>) {
    let (mut finals, mut failure) = (Vec::new(), None);
    let mut events = stt.transcribe(stream::iter(input).boxed(), CallContext::detached());
    while let Some(event) = events.next().await {
        assert!(failure.is_none(), "nothing comes after an error");
        match event {
            Ok(SttEvent::Final { id, text, unclear: false }) => {
                finals.push(format!("{}.{} {text}", id.turn.0, id.attempt));
            }
            Ok(event) => panic!("{event:?}"),
            Err(error) => failure = Some(error),
        }
    }
    (finals, failure)
}

#[tokio::test]
async fn the_request_is_exact() {
    let server = Server::start([said(" Hello there. ")]).await;
    let stt = groq::stt(Some(Secret::new(KEY)), None, Some("en-US".to_owned()), Some(server.url(""))).unwrap();
    assert_eq!((stt.name(), stt.model()), ("groq", "whisper-large-v3-turbo"));
    let (finals, error) = hear(&stt, vec![audio(1, 200), finalize(1, 0)]).await;
    assert_eq!((finals, error.is_none()), (vec!["1.0 Hello there.".to_owned()], true));
    let sent = &server.requests()[0];
    assert_eq!(sent.line, "POST /openai/v1/audio/transcriptions");
    assert_eq!(sent.header("authorization"), Some(&*format!("Bearer {KEY}")));
    let boundary = sent.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    let mut expected = Vec::new();
    let field = |name: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
    for (name, value) in [
        ("model", "whisper-large-v3-turbo"),
        ("response_format", "verbose_json"),
        ("temperature", "0"),
        ("language", "en"),
    ] {
        expected.extend(format!("{}\r\n\r\n{value}\r\n", field(name)).into_bytes());
    }
    let file = format!("{}; filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\n", field("file"));
    expected.extend(file.into_bytes());
    expected.extend(Wav { sample_rate: 16_000, samples: vec![1_000; 3_200] }.to_bytes().unwrap());
    expected.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
    assert_eq!(sent.body, expected);
}

#[tokio::test]
async fn other_models_get_the_short_format() {
    let server = Server::start([said("Yes")]).await;
    let mut config = config(&server);
    (config.model, config.prompt) = (Some("gpt-4o-mini-transcribe".to_owned()), Some("Names: Ada".to_owned()));
    hear(&OpenAiStt::new(config).unwrap(), vec![audio(1, 200), finalize(1, 0)]).await;
    let body = server.requests()[0].text();
    assert!(body.contains("\r\n\r\njson\r\n") && body.contains("Names: Ada") && !body.contains("language"), "{body}");
}

#[tokio::test]
async fn each_request_gets_one_final_in_order_whichever_is_done_first() {
    let slow = Reply([vec![Step::Pause(Duration::from_millis(150))], said("one").0].concat());
    let server = Server::start([slow, said("two")]).await;
    let stt = OpenAiStt::new(config(&server)).unwrap();
    let mut input = vec![finalize(1, 0), audio(1, 200), finalize(1, 1), audio(2, 50), finalize(2, 0), finalize(1, 2)];
    input.extend([audio(3, 300), finalize(3, 0)]);
    // The first answers are to the first requests only if those come first.
    let (finals, error) = hear(&stt, input).await;
    assert!(error.is_none());
    let ids: Vec<_> = finals.iter().map(|text| &text[..3]).collect();
    assert_eq!(ids, ["1.0", "1.1", "2.0", "1.2", "3.0"]);
    assert_eq!(server.requests().len(), 2, "too little audio, or none, is not sent: {finals:?}");
}

#[tokio::test]
async fn the_whole_turn_is_sent_again_after_a_pause() {
    let server = Server::start([said("so far"), said("so far and on")]).await;
    let stt = OpenAiStt::new(config(&server)).unwrap();
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let mut events = stt.transcribe(receiver.boxed(), CallContext::detached());
    for (attempt, text) in [(0, "so far"), (1, "so far and on")] {
        sender.unbounded_send(audio(1, 200)).unwrap();
        sender.unbounded_send(finalize(1, attempt)).unwrap();
        let id = FinalizeId { turn: TurnId(1), attempt };
        assert_eq!(events.next().await.unwrap().unwrap(), SttEvent::Final { id, text: text.into(), unclear: false });
    }
    let lengths: Vec<_> = server.requests().iter().map(|request| request.body.len()).collect();
    assert_eq!(lengths[1] - lengths[0], 2 * 3_200);
}

#[tokio::test]
async fn silence_has_no_words() {
    let body = r#"{"text":" Thank you.","segments":[{"text":" Thank you.","no_speech_prob":0.93,"avg_logprob":-1.3}]}"#;
    let server = Server::start([Reply::of(200, "", body)]).await;
    let (finals, _) = hear(&OpenAiStt::new(config(&server)).unwrap(), vec![audio(1, 500), finalize(1, 0)]).await;
    assert_eq!(finals, ["1.0 "]);
}

#[tokio::test]
async fn what_passes_is_tried_once_more_and_what_does_not_is_told() {
    let (good, busy) = (said("yes"), "retry-after: 60\r\n");
    for (script, kind, requests) in [
        (vec![Reply::of(500, "", ""), good.clone()], None, 2),
        (vec![Reply(vec![Step::Close]), good.clone()], None, 2),
        (vec![Reply::of(429, "retry-after: 0\r\n", ""), good.clone()], None, 2),
        (vec![Reply::of(503, "", "")], Some(ErrorKind::Unavailable), 2),
        (vec![Reply::of(401, "", ""), good.clone()], Some(ErrorKind::Auth), 1),
        (vec![Reply::of(404, "", ""), good.clone()], Some(ErrorKind::InvalidConfig), 1),
        (
            vec![Reply::of(429, busy, ""), good.clone()],
            Some(ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(60)) }),
            1,
        ),
        (vec![Reply::of(200, "", "{}"), good], Some(ErrorKind::Protocol), 1),
    ] {
        let server = Server::start(script).await;
        let (finals, error) =
            hear(&OpenAiStt::new(config(&server)).unwrap(), vec![audio(1, 200), finalize(1, 0)]).await;
        assert_eq!(error.map(|error| error.kind().clone()), kind);
        assert_eq!((finals.len(), server.requests().len()), (usize::from(kind.is_none()), requests));
    }
}

#[tokio::test]
async fn a_transcript_is_waited_for_so_long_and_the_line_is_short() {
    let server = Server::start([Reply(vec![Step::AwaitClose])]).await;
    let mut config = config(&server);
    (config.timeout_ms, config.max_concurrent) = (300, 1);
    let stt = OpenAiStt::new(config).unwrap();
    let input = || vec![audio(1, 200), finalize(1, 0)];
    let (first, second) = futures::join!(hear(&stt, input()), hear(&stt, input()));
    for (finals, error) in [first, second] {
        assert_eq!((finals.len(), error.unwrap().kind()), (0, &ErrorKind::Timeout));
    }
    server.closed(1).await;
    assert_eq!(server.requests().len(), 1, "one request at a time");
}

#[tokio::test]
async fn cancelling_and_dropping_close_the_connection() {
    let server = Server::start([Reply(vec![Step::AwaitClose])]).await;
    let stt = OpenAiStt::new(config(&server)).unwrap();
    let cx = CallContext::detached();
    let endless = || stream::iter([audio(1, 200), finalize(1, 0)]).chain(stream::pending()).boxed();
    let mut events = stt.transcribe(endless(), cx.clone());
    let cancel = async {
        server.asked(1).await;
        cx.cancel.cancel();
    };
    assert!(futures::join!(events.next(), cancel).0.is_none());
    server.closed(1).await;
    let mut events = stt.transcribe(endless(), CallContext::detached());
    tokio::select! {
        _ = events.next() => unreachable!("there is no answer"),
        () = server.asked(2) => {}
    }
    drop(events);
    server.closed(2).await;
}
