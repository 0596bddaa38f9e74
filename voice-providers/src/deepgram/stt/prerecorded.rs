//! The transcription of a whole piece of audio in one request.

use super::Shared;
use crate::deepgram::{STT, wire};
use crate::http::client;
use crate::pcm::little_endian;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use std::time::Duration;
use tokio::time::timeout;
use voice_core::{Error, ErrorKind, Result};

/// What is read of an answer: many times what a minute of words takes.
const LONGEST_ANSWER: usize = 4 * 1_024 * 1_024;

/// Transcribes 16 kHz samples within `limit`. Times of the words count from the first.
pub(super) fn transcribe(shared: &Shared, pcm: Bytes, limit: Duration) -> BoxFuture<'static, Result<Vec<wire::Word>>> {
    let request = client()
        .post(shared.config.prerecorded_address())
        .header(AUTHORIZATION, shared.authorization.clone())
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(little_endian(pcm));
    let answer = async move {
        let mut response = request.send().await.map_err(|error| STT.unanswered(error))?;
        if !response.status().is_success() {
            return Err(STT.refused(response).await);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| STT.unanswered(error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(Error::new(ErrorKind::Protocol, STT.stage, "Deepgram sent too long an answer"));
            }
        }
        wire::read_prerecorded(&body)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, STT.stage, "Deepgram's answer holds no transcript"))
    };
    async move {
        let late = || Error::new(ErrorKind::Timeout, STT.stage, "Deepgram did not transcribe a backlog in time");
        timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
    }
    .boxed()
}
