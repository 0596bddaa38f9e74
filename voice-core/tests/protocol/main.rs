//! The `/ws` contract: field names, rejections, the first frame, limits, and hostile input.

// The lints leave tests alone, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client_frames;
mod documentation;
mod properties;
mod rejections;
mod server_frames;

use voice_core::protocol::{Rejection, ServerFrame, WireMessage};

fn text_of(message: WireMessage) -> String {
    match message {
        WireMessage::Text(text) => text,
        WireMessage::Binary(pcm) => panic!("{} bytes of audio", pcm.len()),
    }
}

/// The error code as it stands on the wire, and the message.
fn refused(rejection: Rejection) -> (String, String) {
    match rejection.into_frame() {
        Some(ServerFrame::Error { code, message, fatal: false, .. }) => {
            (serde_json::to_value(code).unwrap().as_str().unwrap().to_owned(), message)
        }
        other => panic!("{other:?}"),
    }
}
