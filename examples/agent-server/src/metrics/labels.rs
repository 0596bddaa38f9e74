//! The words that stand in labels. Each is one of a few that are known when the server is built, so that no client, no
//! provider and no model can make the number of series grow.

use crate::config::Provider;
use voice_core::conversation::{CloseReason, PathStage, ToolStatus};
use voice_core::protocol::ErrorCode;

/// What is not known by name.
pub(crate) const OTHER: &str = "other";

/// A provider that can be configured.
pub(super) fn provider(name: Option<&str>) -> &'static str {
    name.and_then(Provider::named).map_or(OTHER, Provider::as_str)
}

pub(crate) fn reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::End => "end",
        CloseReason::Deleted => "deleted",
        CloseReason::Drain => "drain",
        CloseReason::Idle => "idle",
        CloseReason::Limit => "limit",
    }
}

/// A part of the critical path, of the seven that clients know.
pub(crate) fn path_stage(stage: PathStage) -> &'static str {
    match stage {
        PathStage::Vad => "vad",
        PathStage::Endpointing | PathStage::Floor => "endpointing",
        PathStage::Stt => "stt",
        PathStage::Llm => "llm",
        PathStage::Sentence => "sentence",
        PathStage::Tts => "tts",
        PathStage::Send => "send",
    }
}

pub(crate) fn tool_status(status: ToolStatus) -> &'static str {
    match status {
        ToolStatus::Started => "started",
        ToolStatus::Done => "done",
        ToolStatus::Failed => "failed",
    }
}

pub(super) fn error_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadJson => "bad_json",
        ErrorCode::UnknownType => "unknown_type",
        ErrorCode::BadValue => "bad_value",
        ErrorCode::LateStart => "late_start",
        ErrorCode::OddLength => "odd_length",
        ErrorCode::Overrun => "overrun",
        ErrorCode::Provider => "provider",
        ErrorCode::EngineMissing => "engine_missing",
        ErrorCode::Draining => "draining",
        _ => OTHER,
    }
}

/// The number of a region in its setting; a service hardly has more than these.
pub(crate) fn region(number: usize) -> &'static str {
    const NUMBERS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];
    NUMBERS.get(number).copied().unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_configured_makes_no_series() {
        assert_eq!(provider(Some("deepgram")), "deepgram");
        assert_eq!(provider(Some("a stranger's \"name\"")), OTHER);
        assert_eq!(provider(None), OTHER);
    }
}
