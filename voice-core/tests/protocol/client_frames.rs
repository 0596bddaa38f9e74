//! What a client sends, as the server reads it.

use super::{refused, text_of};
use bytes::Bytes;
use voice_core::TurnId;
use voice_core::conversation::Event;
use voice_core::protocol::{ClientFrame, Rejection, ServerCodec, Start};

#[test]
fn frames_have_the_fields_of_the_contract() {
    let full = Start {
        input_rate: 48_000,
        output_rate: 24_000,
        instructions: Some("Be kind.".into()),
        context: Some("It rains.".into()),
        resume: Some("abc".into()),
        user: Some("ada".into()),
        pause: true,
        echo_cancellation: true,
    };
    for (json, frame) in [
        (
            r#"{"type":"start","input_rate":48000,"output_rate":24000,"instructions":"Be kind.","context":"It rains.","resume":"abc","user":"ada","pause":true,"echo_cancellation":true}"#,
            ClientFrame::Start(full),
        ),
        (
            r#"{"type":"start","input_rate":16000,"output_rate":16000,"pause":false,"echo_cancellation":false}"#,
            ClientFrame::Start(Start::default()),
        ),
        (r#"{"type":"played","turn":3,"samples":16000}"#, ClientFrame::Played { turn: TurnId(3), samples: 16_000 }),
        (r#"{"type":"text","text":"Hello"}"#, ClientFrame::Text { text: "Hello".into() }),
        (r#"{"type":"interrupt"}"#, ClientFrame::Interrupt),
        (r#"{"type":"end"}"#, ClientFrame::End),
    ] {
        assert_eq!(text_of(frame.encode()), json);
        assert_eq!(ServerCodec::new().on_text(json), Ok(frame), "{json}");
    }
}

#[test]
fn absent_null_and_unknown_fields_are_fine() {
    for json in [
        r#"{"type":"start"}"#,
        r#"{"type":"start","input_rate":null,"instructions":null,"pause":null}"#,
        r#"{"type":"start","input_rate":16000.0,"colour":"blue","nested":{"type":"end"}}"#,
        " {\n\"type\" : \"start\" }\n",
    ] {
        assert_eq!(ServerCodec::new().on_text(json), Ok(ClientFrame::Start(Start::default())), "{json}");
    }
}

#[test]
fn audio_comes_in_whole_samples() {
    let mut codec = ServerCodec::new();
    for length in [0, 2, 640, 8192] {
        let pcm = Bytes::from(vec![7; length]);
        assert_eq!(codec.on_binary(pcm.clone()), Ok(ClientFrame::Audio(pcm)));
    }
    let (code, message) = refused(codec.on_binary(vec![0; 641]).unwrap_err());
    assert_eq!(code, "odd_length");
    assert_eq!(message, "641 bytes are no whole number of 16-bit samples; the frame was dropped");
}

#[test]
fn start_is_taken_only_as_the_first_frame() {
    let code_of_start_after = |first: &dyn Fn(&mut ServerCodec)| {
        let mut codec = ServerCodec::new();
        assert!(!codec.has_begun());
        first(&mut codec);
        assert!(codec.has_begun());
        refused(codec.on_text(r#"{"type":"start"}"#).unwrap_err()).0
    };
    let read = |codec: &mut ServerCodec, text| drop(codec.on_text(text));
    assert_eq!(code_of_start_after(&|codec| read(codec, r#"{"type":"start"}"#)), "late_start");
    assert_eq!(code_of_start_after(&|codec| read(codec, r#"{"type":"interrupt"}"#)), "late_start");
    assert_eq!(code_of_start_after(&|codec| drop(codec.on_binary(vec![0, 0]))), "late_start");
    // A frame that was refused was the first frame all the same: `ready` has answered it.
    assert_eq!(code_of_start_after(&|codec| read(codec, "{")), "late_start");
    assert_eq!(code_of_start_after(&|codec| read(codec, r#"{"type":"start","pause":1}"#)), "late_start");
    assert_eq!(code_of_start_after(&|codec| drop(codec.on_binary(vec![0]))), "late_start");
    assert_eq!(code_of_start_after(&ServerCodec::begin), "late_start");
}

#[test]
fn a_late_start_changes_nothing() {
    let mut codec = ServerCodec::new();
    codec.begin();
    codec.on_text(r#"{"type":"start","pause":true}"#).unwrap_err();
    assert_eq!(codec.frame_of(Event::Pause { turn: TurnId(1) }), None);
}

#[test]
fn messages_up_to_the_limit_pass_and_bigger_ones_close_the_connection() {
    let text_frame = |bytes: usize| {
        let with = |letters: usize| format!(r#"{{"type":"text","text":"{}"}}"#, "x".repeat(letters));
        with(bytes - with(0).len())
    };
    assert!(ServerCodec::new().on_text(&text_frame(64 * 1024)).is_ok());
    assert_eq!(ServerCodec::new().on_text(&text_frame(64 * 1024 + 1)), Err(Rejection::Close(1009)));
    assert!(ServerCodec::new().on_binary(vec![0; 1 << 20]).is_ok());
    assert_eq!(ServerCodec::new().on_binary(vec![0; (1 << 20) + 1]), Err(Rejection::Close(1009)));
    assert_eq!(Rejection::Close(1009).into_frame(), None);
}
