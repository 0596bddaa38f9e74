//! A host in Rust: what a host in another language does in its own.

use super::says::{Given, LlmSays, ToolSays, TtsSays};
use crate::foreign::{ForeignCall, ForeignError, ForeignItem, ForeignKind};
use serde_json::Value;

/// Serves a call by what the script says.
pub(super) async fn serve(call: ForeignCall, llm: Option<&LlmSays>, tts: Option<&TtsSays>, tools: &[ToolSays]) {
    let request: Value = serde_json::from_str(&call.request).unwrap_or_default();
    let end = match call.kind {
        ForeignKind::Llm => match llm {
            Some(says) => give(&call, says.given(&request)).await,
            None => Ok(()),
        },
        ForeignKind::Tool => match tools.iter().find(|tool| request["name"] == tool.name()) {
            Some(says) => give(&call, says.given(&request["arguments"])).await,
            None => Ok(()),
        },
        ForeignKind::Tts => speak(&call, tts).await,
        ForeignKind::Stt | ForeignKind::Vad => Ok(()),
    };
    call.sink.finish(end).await;
}

async fn speak(call: &ForeignCall, says: Option<&TtsSays>) -> Result<(), ForeignError> {
    let (Some(says), Some(input)) = (says, &call.input) else { return Ok(()) };
    while let Some(item) = input.next().await {
        let item = serde_json::from_str(&item.json).unwrap_or_default();
        give(call, says.given(call.turn.0, &item)).await?;
    }
    Ok(())
}

async fn give(call: &ForeignCall, given: Given) -> Result<(), ForeignError> {
    for (item, audio) in given.items {
        let item = ForeignItem { json: item.to_string(), audio: audio.map(Into::into) };
        if call.sink.send(item).await.is_err() {
            return Ok(());
        }
    }
    given.end
}
