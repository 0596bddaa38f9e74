//! Random input: nothing panics, what is accepted survives the wire, what is refused says why.

use super::{refused, text_of};
use proptest::prelude::*;
use serde_json::{Map, Value};
use voice_core::TurnId;
use voice_core::conversation::{PathPart, PathStage, TurnMetrics};
use voice_core::protocol::{ClientFrame, MetricsFrame, RATES, ServerCodec, ServerFrame, Start, WireMessage};

const TYPES: [&str; 7] = ["start", "played", "text", "interrupt", "end", "clear", "audio"];
const FIELDS: [&str; 11] = [
    "input_rate",
    "output_rate",
    "instructions",
    "context",
    "resume",
    "user",
    "pause",
    "echo_cancellation",
    "turn",
    "samples",
    "text",
];

fn json_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Array(vec![])),
        Just(Value::Object(Map::new())),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(RATES.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn frame_like_json() -> impl Strategy<Value = String> {
    let fields = prop::collection::vec((prop::sample::select(FIELDS.to_vec()), json_value()), 0..6);
    (prop::sample::select(TYPES.to_vec()), fields).prop_map(|(kind, fields)| {
        let mut object: Map<_, _> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        object.insert("type".into(), kind.into());
        Value::Object(object).to_string()
    })
}

fn start() -> impl Strategy<Value = Start> {
    let rate = || prop::sample::select(RATES.to_vec());
    let text = || prop::option::of(any::<String>());
    (rate(), rate(), text(), text(), text(), text(), any::<bool>(), any::<bool>()).prop_map(
        |(input_rate, output_rate, instructions, context, resume, user, pause, echo_cancellation)| Start {
            input_rate,
            output_rate,
            instructions,
            context,
            resume,
            user,
            pause,
            echo_cancellation,
        },
    )
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        start().prop_map(ClientFrame::Start),
        (any::<u32>(), 0..1u64 << 53).prop_map(|(turn, samples)| ClientFrame::Played { turn: TurnId(turn), samples }),
        any::<String>().prop_map(|text| ClientFrame::Text { text: format!("say {text}") }),
        Just(ClientFrame::Interrupt),
        Just(ClientFrame::End),
        prop::collection::vec(any::<[u8; 2]>(), 0..50).prop_map(|pcm| ClientFrame::Audio(pcm.concat().into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_client_frame_survives_the_wire(frame in client_frame()) {
        let mut codec = ServerCodec::new();
        let read = match frame.encode() {
            WireMessage::Text(text) => codec.on_text(&text),
            WireMessage::Binary(pcm) => codec.on_binary(pcm),
        };
        prop_assert_eq!(read, Ok(frame));
    }

    #[test]
    fn every_text_survives_the_wire(turn in any::<u32>(), text in any::<String>(), flag in any::<bool>()) {
        let turn = TurnId(turn);
        for frame in [
            ServerFrame::Reply { turn, text: text.clone() },
            ServerFrame::Transcript { turn, text: text.clone(), is_final: flag },
            ServerFrame::ReplyEnd { turn, interrupted: flag, heard: text.clone() },
        ] {
            prop_assert_eq!(ServerFrame::from_text(&text_of(frame.encode())).unwrap(), frame);
        }
    }

    #[test]
    fn arbitrary_input_is_read_or_refused_with_a_reason(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let mut codec = ServerCodec::new();
        if let Err(rejection) = codec.on_text(&text) {
            prop_assert!(!refused(rejection).1.is_empty());
        }
        prop_assert_eq!(codec.on_binary(bytes.clone()).is_ok(), bytes.len() % 2 == 0);
        if let Ok(frame) = ServerFrame::from_text(&text) {
            prop_assert_eq!(ServerFrame::from_text(&text_of(frame.encode())).unwrap(), frame);
        }
    }

    #[test]
    fn arbitrary_values_are_read_or_their_field_is_named(json in frame_like_json()) {
        match ServerCodec::new().on_text(&json) {
            Ok(frame) => prop_assert_eq!(ServerCodec::new().on_text(&text_of(frame.encode())), Ok(frame)),
            Err(rejection) => {
                let (code, message) = refused(rejection);
                let named = FIELDS.iter().any(|field| message.starts_with(&format!("`{field}` ")));
                prop_assert!((code == "bad_value" && named) || code == "unknown_type", "{}: {}", code, message);
            }
        }
    }

    #[test]
    fn rounded_parts_sum_to_the_rounded_total(parts in prop::collection::vec(0.0..500.0f64, 1..8)) {
        let total: f64 = parts.iter().sum();
        let path = parts.iter().map(|ms| PathPart { stage: PathStage::Llm, ms: *ms, ahead_ms: 0.0 }).collect();
        let frame = MetricsFrame::from(TurnMetrics { total_ms: Some(total), path, ..TurnMetrics::default() });
        let hundredths = |ms: f64| (ms * 100.0).round() as i64;
        let sum: i64 = frame.path.iter().map(|part| hundredths(part.ms)).sum();
        prop_assert_eq!(sum, hundredths(frame.total_ms.unwrap()));
    }
}
