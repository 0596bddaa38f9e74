//! The worked session of `docs/wire-protocol.md` is made of real frames in an order that the contract allows.

use std::collections::HashSet;
use voice_core::protocol::{ClientFrame, ServerCodec, ServerFrame};

const PAGE: &str = include_str!("../../../docs/wire-protocol.md");

#[test]
fn every_frame_of_the_worked_session_is_one() {
    let mut codec = ServerCodec::new();
    let (mut sent, mut received) = (0, Vec::new());
    for line in PAGE.lines() {
        if let Some(json) = line.strip_prefix("> ").filter(|rest| rest.starts_with('{')) {
            codec.on_text(json).unwrap_or_else(|rejection| panic!("{json}: {rejection}"));
            sent += 1;
        } else if let Some(json) = line.strip_prefix("< ").filter(|rest| rest.starts_with('{')) {
            received.push(ServerFrame::from_text(json).unwrap_or_else(|error| panic!("{json}: {error}")));
        }
    }
    assert!(sent >= 5 && received.len() >= 15, "{sent} sent, {} received", received.len());
    assert!(matches!(received.first(), Some(ServerFrame::Ready { .. })));
    assert!(matches!(received.last(), Some(ServerFrame::Bye { .. })));
    let finals = received.iter().filter_map(|frame| match frame {
        ServerFrame::Transcript { turn, is_final: true, .. } => Some(*turn),
        _ => None,
    });
    let turns: Vec<_> = finals.collect();
    assert_eq!(turns.iter().collect::<HashSet<_>>().len(), turns.len(), "one final a turn");
    for frame in &received {
        if let ServerFrame::Metrics(metrics) = frame {
            let sum: f64 = metrics.path.iter().map(|part| part.ms).sum();
            assert_eq!(Some(sum), metrics.total_ms);
        }
    }
}

#[test]
fn every_frame_and_error_code_is_explained() {
    for word in [
        "start",
        "played",
        "text",
        "interrupt",
        "end",
        "ready",
        "state",
        "speech",
        "transcript",
        "reply",
        "pause",
        "resume",
        "clear",
        "reply_end",
        "metrics",
        "tool",
        "error",
        "bye",
        "bad_json",
        "unknown_type",
        "bad_value",
        "late_start",
        "odd_length",
        "overrun",
        "provider",
        "engine_missing",
        "draining",
    ] {
        assert!(PAGE.contains(&format!("\n| `{word}` |")), "{word}");
    }
}

#[test]
fn a_frame_of_the_page_that_is_none_would_be_noticed() {
    assert!(ClientFrame::from_text(r#"{"type":"played","turn":1}"#).is_err());
    assert!(ServerFrame::from_text(r#"{"type":"state","state":"dancing"}"#).is_err());
    assert!(ServerFrame::from_text(r#"{"type":"shrug"}"#).is_err());
}
