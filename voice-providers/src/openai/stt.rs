//! Speech to text by transcription of whole utterances.

use super::Service;
use super::config::OpenAiSttConfig;
use super::connection::{self, Connection};
use super::turn::Turn;
use super::wire::Transcript;
use crate::retry::at_most_twice;
use async_stream::try_stream;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesOrdered};
use futures::{FutureExt, Stream, StreamExt};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use voice_core::stage::{CallContext, FinalizeId, SttEvent, SttInput, SttProvider};
use voice_core::stream::CancelStreamExt;
use voice_core::{Error, ErrorKind, Result, Stage};

/// Transcripts that one session may wait for; until one is there no more input is read.
const MAX_PENDING: usize = 4;
/// What is read of a transcript.
const LONGEST_TRANSCRIPT: usize = 4 * 1_024 * 1_024;

/// A recogniser behind OpenAI's dialect: Whisper and its like.
///
/// There are no partials: the turn's audio is kept, of more than 60 s the newest, and sent whole each time a final is
/// asked for. A turn that goes on after a pause is sent again from its beginning, and billed again.
pub struct OpenAiStt {
    name: &'static str,
    recogniser: Arc<Recogniser>,
}

struct Recogniser {
    connection: Connection,
    model: String,
    language: Option<String>,
    prompt: Option<String>,
    verbose: bool,
    no_speech: f64,
    log_probability: f64,
    limit: Duration,
    slots: Semaphore,
}

impl OpenAiStt {
    /// A recogniser at OpenAI, or at the server that `base_url` names. By default `whisper-1`.
    ///
    /// # Errors
    /// As [`OpenAiLlm::new`](super::OpenAiLlm::new).
    pub fn new(config: OpenAiSttConfig) -> Result<Self> {
        Self::of(Service::at(config.base_url.as_ref()), config)
    }

    pub(crate) fn of(service: &'static Service, config: OpenAiSttConfig) -> Result<Self> {
        let stage = Stage::Stt;
        let base_url = config.base_url.as_ref();
        let connection = Connection::new(service, stage, base_url, config.key.as_ref(), &config.headers)?;
        let model = connection::model(service, stage, config.model)?;
        let verbose = config.verbose.unwrap_or_else(|| model.to_ascii_lowercase().contains("whisper"));
        let given = |text: &String| !text.trim().is_empty();
        let recogniser = Recogniser {
            connection,
            model,
            language: config.language.filter(given).map(|tag| primary_language(&tag)),
            prompt: config.prompt.filter(given),
            verbose,
            no_speech: config.no_speech_threshold,
            log_probability: config.log_probability_threshold,
            limit: connection::wait(stage, "timeout_ms", config.timeout_ms)?,
            slots: Semaphore::new(config.max_concurrent.clamp(1, Semaphore::MAX_PERMITS)),
        };
        Ok(Self { name: service.name, recogniser: Arc::new(recogniser) })
    }

    /// The model asked.
    pub fn model(&self) -> &str {
        &self.recogniser.model
    }
}

impl fmt::Debug for OpenAiStt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiStt").field("name", &self.name).field("model", &self.model()).finish_non_exhaustive()
    }
}

impl SttProvider for OpenAiStt {
    fn name(&self) -> &str {
        self.name
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        Arc::clone(&self.recogniser).session(input).boxed().until_cancelled(&cx.cancel).boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        let recogniser = Arc::clone(&self.recogniser);
        async move { recogniser.connection.warm_up(&recogniser.model).await }.boxed()
    }
}

/// What comes next in a session.
enum Next {
    Final(Result<SttEvent>),
    Input(Option<SttInput>),
}

impl Recogniser {
    /// One final for each request, in their order, though the transcripts are made side by side.
    fn session(self: Arc<Self>, input: BoxStream<'static, SttInput>) -> impl Stream<Item = Result<SttEvent>> + Send {
        try_stream! {
            let mut input = input.fuse();
            let mut turn = Turn::default();
            let mut finals = FuturesOrdered::new();
            let mut more = true;
            while more || !finals.is_empty() {
                // Macros do not see into each other: what is yielded is carried out of the selection first.
                let next = tokio::select! {
                    Some(done) = finals.next() => Next::Final(done),
                    item = input.next(), if more && finals.len() < MAX_PENDING => Next::Input(item),
                };
                match next {
                    Next::Final(done) => yield done?,
                    Next::Input(Some(SttInput::Audio { turn: id, pcm, .. })) => turn.hear(id, &pcm),
                    Next::Input(Some(SttInput::Finalize(id))) => {
                        let wav = turn.wav(id.turn)?.map(Bytes::from);
                        finals.push_back(Arc::clone(&self).finalise(id, wav));
                    }
                    Next::Input(None) => more = false,
                }
            }
        }
    }

    async fn finalise(self: Arc<Self>, id: FinalizeId, wav: Option<Bytes>) -> Result<SttEvent> {
        let text = match wav {
            Some(wav) => at_most_twice(self.limit, || self.late(), || self.transcribe(wav.clone())).await?,
            None => String::new(),
        };
        Ok(SttEvent::Final { id, text, unclear: false })
    }

    async fn transcribe(&self, wav: Bytes) -> Result<String> {
        let closed = |_| Error::new(ErrorKind::Internal, Stage::Stt, "the line for requests is closed");
        let _slot = self.slots.acquire().await.map_err(closed)?;
        let request = self.connection.request(Method::POST, "/audio/transcriptions").multipart(self.form(wav)?);
        let response = self.connection.send(request).await?;
        let body = self.connection.asked.body(response, LONGEST_TRANSCRIPT).await?;
        let transcript: Transcript = serde_json::from_slice(&body).map_err(|error| {
            let message = format!("{} gave a transcript that cannot be read", self.connection.asked.service);
            Error::new(ErrorKind::Protocol, Stage::Stt, message).with_source(error)
        })?;
        Ok(transcript.words(self.no_speech, self.log_probability))
    }

    fn form(&self, wav: Bytes) -> Result<Form> {
        let length = wav.len() as u64;
        let file = Part::stream_with_length(Body::from(wav), length).file_name("audio.wav");
        let file = file.mime_str("audio/wav").map_err(|error| {
            Error::new(ErrorKind::Internal, Stage::Stt, "the media type cannot be written").with_source(error)
        })?;
        let format = if self.verbose { "verbose_json" } else { "json" };
        let mut form = Form::new().text("model", self.model.clone()).text("response_format", format);
        form = form.text("temperature", "0");
        for (name, value) in [("language", &self.language), ("prompt", &self.prompt)] {
            if let Some(value) = value {
                form = form.text(name, value.clone());
            }
        }
        Ok(form.part("file", file))
    }

    fn late(&self) -> Error {
        self.connection.asked.timed_out("transcript", self.limit)
    }
}

/// `en-US` and `EN_us` are `en`: services know the language alone.
fn primary_language(tag: &str) -> String {
    tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
