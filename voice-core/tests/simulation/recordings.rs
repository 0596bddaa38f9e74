//! Recordings of live sessions and of simulated calls, read and replayed.

use super::lively;
use std::sync::Arc;
use std::time::Duration;
use voice_core::agent::{Agent, Control, SessionOptions};
use voice_core::conversation::{CloseReason, Input};
use voice_core::recording::{End, Recorder, Recording, RecordingBuffer, RecordingOptions, Words};
use voice_core::testing::{FakeLlm, FakeTool, FakeTts};
use voice_core::{ErrorKind, ToolCall};

const MS: Duration = Duration::from_millis(1);

fn options(buffer: &Arc<RecordingBuffer>, words: Words) -> RecordingOptions {
    let mut options = RecordingOptions::new(buffer.clone());
    options.words = words;
    options
}

/// A session that answers with a tool, is interrupted and asked again.
async fn session(recording: RecordingOptions) {
    let calls = [ToolCall { id: "1".into(), name: "look".into(), arguments: r#"{"city":"Lisbon","days":3}"#.into() }];
    let agent = Agent::builder()
        .llm(Arc::new(
            FakeLlm::new(50 * MS, 5 * MS, "You said {}. Secret seventeen, and more of it.").calling("", calls),
        ))
        .tts(Arc::new(FakeTts::new(30 * MS, 16_000, 20 * MS)))
        .tool(Arc::new(FakeTool::new("look", 100 * MS, "rain in Lisbon")))
        .unwrap()
        .build();
    let context = Some("The customer is called Margaret.".to_owned());
    let session =
        agent.open(SessionOptions { recording: Some(recording), context, ..SessionOptions::default() }).unwrap();
    let talk = async {
        session.control(Control::Text("Where is my parcel to Lisbon?".into())).unwrap();
        tokio::time::sleep(900 * MS).await;
        session.control(Control::Interrupt).unwrap();
        session.control(Control::Text("And yesterday's?".into())).unwrap();
        tokio::time::sleep(20_000 * MS).await;
        session.control(Control::Close(CloseReason::End)).unwrap();
    };
    let listen = async { while session.next_output().await.is_some() {} };
    tokio::join!(talk, listen);
    session.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_live_session_is_recorded_and_decides_the_same_again() {
    let buffer = RecordingBuffer::new();
    session(options(&buffer, Words::Kept)).await;
    let recording = Recording::parse(&buffer.text()).unwrap();
    assert_eq!(recording.end(), Some(End::Closed));
    let typed = |(_, input): &&(_, Input)| matches!(input, Input::UserText(text) if text.starts_with("Where"));
    assert_eq!(recording.inputs().iter().filter(typed).count(), 1);
    let replay = recording.replay();
    assert_eq!(replay.difference, None);
    assert_eq!(replay.commands, recording.commands());
    assert!(recording.commands().len() > 20);
}

#[tokio::test(start_paused = true)]
async fn masked_words_are_not_in_the_recording_and_it_still_replays() {
    let buffer = RecordingBuffer::new();
    session(options(&buffer, Words::Masked)).await;
    let text = buffer.text();
    for secret in ["arcel", "Lisbon", "rain", "ecret", "seventeen", "Margaret", "yesterday"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("look") && text.contains(r#""city""#), "names of tools and of their arguments stay");
    let recording = Recording::parse(&text).unwrap();
    assert_eq!(recording.replay().difference, None);
}

#[test]
fn masked_calls_replay_as_long_as_no_decision_hung_on_a_word() {
    let mut same = 0;
    for seed in 0..20 {
        let scenario = lively();
        let buffer = RecordingBuffer::new();
        let mut recorder = Recorder::begin(&options(&buffer, Words::Masked), &scenario.conversation, &[]);
        scenario.watch(seed, &mut recorder);
        recorder.end();
        assert!(!buffer.text().contains("weather"));
        same += usize::from(Recording::parse(&buffer.text()).unwrap().replay().difference.is_none());
    }
    assert_eq!(same, 20);
}

#[test]
fn a_simulated_call_is_a_recording_and_replays_byte_for_byte() {
    let log = lively().run(5).log;
    let recording = Recording::parse(&log).unwrap();
    assert_eq!(recording.replay().difference, None);
    // Another decision shows.
    let changed = log.replacen(r#""min_ms":500"#, r#""min_ms":900"#, 1);
    let difference = Recording::parse(&changed).unwrap().replay().difference.unwrap();
    assert_ne!(difference.recorded, difference.replayed);
}

#[test]
fn a_recording_ends_where_it_is_full() {
    let scenario = lively();
    let buffer = RecordingBuffer::new();
    let mut options = options(&buffer, Words::Kept);
    options.max_bytes = 20_000;
    let mut recorder = Recorder::begin(&options, &scenario.conversation, &[]);
    scenario.watch(1, &mut recorder);
    recorder.end();
    let text = buffer.text();
    assert!((19_000..=20_000).contains(&text.len()), "{}", text.len());
    let recording = Recording::parse(&text).unwrap();
    assert_eq!(recording.end(), Some(End::Full));
    assert_eq!(recording.replay().difference, None);
}

#[test]
fn a_sink_without_room_ends_the_recording_and_nothing_else() {
    let scenario = lively();
    let taken = Arc::new(std::sync::Mutex::new(0));
    let counter = taken.clone();
    let sink = move |_: &str| {
        let mut taken = counter.lock().unwrap();
        *taken += 1;
        *taken < 10
    };
    let mut recorder = Recorder::begin(&RecordingOptions::new(Arc::new(sink)), &scenario.conversation, &[]);
    assert_eq!(scenario.watch(1, &mut recorder), scenario.watch(1, &mut ()));
    recorder.end();
    assert_eq!(*taken.lock().unwrap(), 10);
}

#[test]
fn what_cannot_be_read_is_named() {
    let log = lively().run(5).log;
    let cut = &log[..log.len() - 30];
    assert_eq!(Recording::parse(cut).unwrap().end(), None, "a line that was cut off is left out");
    for (text, kind, words) in [
        (String::new(), ErrorKind::InvalidInput, "it is empty"),
        ("{}\n".to_owned(), ErrorKind::InvalidInput, "it has no header"),
        (log.replacen("recording\":1", "recording\":2", 1), ErrorKind::Unsupported, "format 2"),
        (log.replacen("\"input\"", "\"inptu\"", 1), ErrorKind::InvalidInput, "line 2"),
    ] {
        let error = Recording::parse(&text).unwrap_err();
        assert_eq!(*error.kind(), kind);
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Every input, as format 1 writes it. A reader of later versions must still take these lines; an input that is added gets
/// a line.
const INPUTS: &str = r#"
{"at":0,"input":{"start":{"output_rate":16000}}}
{"at":1064000000,"input":{"speech_started":{"at":48000}}}
{"at":1,"input":{"speech_paused":{"at":48000}}}
{"at":1,"input":{"speech_ended":{"at":48000,"silence":{"secs":0,"nanos":192000000}}}}
{"at":1,"input":{"turn_estimate":{"turn":1,"probability":0.25}}}
{"at":1,"input":{"partial_transcript":{"turn":1,"text":"hello"}}}
{"at":1,"input":{"final_transcript":{"turn":1,"attempt":0,"text":"Hello.","unclear":false}}}
{"at":1,"input":{"user_text":"Hello."}}
{"at":1,"input":{"model_alive":{"reply":{"turn":1,"attempt":0}}}}
{"at":1,"input":{"first_token":{"reply":{"turn":1,"attempt":2}}}}
{"at":1,"input":{"reply":{"reply":{"turn":1,"attempt":0},"text":"*Hi.* ","speech":"Hi."}}}
{"at":1,"input":{"tool_calls":{"reply":{"turn":1,"attempt":0},"calls":[{"id":"a","name":"look","arguments":"{}"}]}}}
{"at":1,"input":{"tool_result":{"reply":{"turn":1,"attempt":0},"id":"a","result":{"Ok":{"text":"rain","sources":[{"title":"t","url":"u"}]}}}}}
{"at":1,"input":{"tool_result":{"reply":{"turn":1,"attempt":0},"id":"a","result":{"Err":"no"}}}}
{"at":1,"input":{"reply_ended":{"reply":{"turn":1,"attempt":0}}}}
{"at":1,"input":{"synthesized":{"reply":{"turn":1,"attempt":0},"sentence":0,"samples":1600}}}
{"at":1,"input":{"sentence_synthesized":{"reply":{"turn":1,"attempt":0},"sentence":0}}}
{"at":1,"input":{"sent":{"reply":{"turn":1,"attempt":0},"samples":1600}}}
{"at":1,"input":{"played":{"turn":1,"samples":800,"reported":true}}}
{"at":1,"input":{"playback_done":{"reply":{"turn":1,"attempt":0}}}}
{"at":1,"input":{"failed":{"reply":null,"stage":"stt","kind":"unavailable","message":"m"}}}
{"at":1,"input":{"failed":{"reply":{"turn":1,"attempt":0},"stage":"llm","kind":{"rate_limited":{"retry_after":null}},"message":"m"}}}
{"at":1,"input":{"served":{"reply":null,"stage":"stt","provider":"deepgram"}}}
{"at":1,"input":{"failed_over":{"reply":null,"stage":"stt","provider":"deepgram","kind":"timeout","message":"m"}}}
{"at":1,"input":{"say":"Hello."}}
{"at":1,"input":"interrupt"}
{"at":1,"input":{"set_context":{"context":null}}}
{"at":1,"input":{"set_context":{"instructions":"Be brief.","context":null}}}
{"at":1,"input":"detached"}
{"at":1,"input":{"attached":{"output_rate":8000}}}
{"at":1,"input":{"close":"end"}}
{"at":1,"input":"timeout"}
"#;

#[test]
fn what_format_1_has_written_is_read_and_written_the_same() {
    let header = lively().run(1).log.lines().next().unwrap().to_owned();
    let recording = Recording::parse(&format!("{header}{INPUTS}")).unwrap();
    let buffer = RecordingBuffer::new();
    let mut recorder =
        Recorder::begin(&options(&buffer, Words::Kept), &recording.header().config, &recording.header().tools);
    for (at, input) in recording.inputs() {
        recorder.input(*at, input);
    }
    assert_eq!(buffer.text(), format!("{header}{INPUTS}"));
}

#[test]
fn a_header_of_today_lacks_settings_of_tomorrow() {
    let first =
        r#"{"voice_agent_recording":1,"library":"0.0.1","words":"kept","config":{"endpointing":{"min_ms":300}}}"#;
    let recording = Recording::parse(&format!("{first}\n")).unwrap();
    assert_eq!(recording.header().config.endpointing.min_ms, 300);
    assert_eq!(recording.header().config.llm_timeout_ms, 15_000);
}
