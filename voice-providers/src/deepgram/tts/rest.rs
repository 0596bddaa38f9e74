//! Replies by requests: one for each sentence, whose audio is given as it comes. Driven by whoever polls it; no task.

use super::TTS;
use crate::deepgram::wire;
use crate::http::client;
use crate::retry::at_most_twice;
use crate::speech::{Groups, letters};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesOrdered, try_unfold};
use futures::{FutureExt, Stream, StreamExt};
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::select;
use tokio::time::timeout;
use voice_core::Result;
use voice_core::stage::{TtsEvent, TtsInput};

/// Requests of a reply at once: the one whose audio is given, and the next.
const AT_ONCE: usize = 2;

/// Where requests go, and how long one may be silent.
pub(super) struct Requests {
    pub(super) address: String,
    pub(super) authorization: HeaderValue,
    pub(super) sample_rate: u32,
    pub(super) stall_timeout: Duration,
}

impl Requests {
    /// The audio of these sentences.
    pub(super) fn speak(
        self: Arc<Self>,
        input: BoxStream<'static, TtsInput>,
    ) -> impl Stream<Item = Result<TtsEvent>> + Send {
        let reply = Reply {
            groups: Groups::new(self.sample_rate),
            requests: self,
            input: Some(input),
            bodies: VecDeque::new(),
            asked: FuturesOrdered::new(),
            answers: VecDeque::new(),
        };
        try_unfold(reply, |mut reply| async move { Ok(reply.next().await?.map(|event| (event, reply))) })
    }

    /// Asks for audio; once more where that can help, since nothing of it was heard.
    async fn ask(self: Arc<Self>, body: Body) -> Result<Answer> {
        let attempt = || async {
            let request = client()
                .post(&self.address)
                .header(AUTHORIZATION, self.authorization.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(body.text.clone());
            let response = request.send().await.map_err(|error| TTS.unanswered(error))?;
            if !response.status().is_success() {
                return Err(TTS.refused(response).await);
            }
            // Whatever else it is, played as samples it would be noise.
            if is_audio(&response) { Ok(response) } else { Err(TTS.nonsense()) }
        };
        let late = || TTS.timed_out("audio", self.stall_timeout);
        let response = at_most_twice(self.stall_timeout, late, attempt).await?;
        Ok(Answer { response, ends_sentence: body.ends_sentence, is_empty: true })
    }
}

fn is_audio(response: &Response) -> bool {
    let Some(kind) = response.headers().get(CONTENT_TYPE) else { return true };
    let kind = kind.as_bytes().to_ascii_lowercase();
    kind.starts_with(b"audio/") || kind.starts_with(b"application/octet-stream")
}

/// What one request says.
struct Body {
    text: String,
    ends_sentence: bool,
}

/// The audio of one request, as far as it has come.
struct Answer {
    response: Response,
    ends_sentence: bool,
    is_empty: bool,
}

struct Reply {
    requests: Arc<Requests>,
    /// `None` when it has ended.
    input: Option<BoxStream<'static, TtsInput>>,
    groups: Groups,
    /// Those of the newest sentence that are not sent. While there are any, no other sentence is taken in.
    bodies: VecDeque<Body>,
    asked: FuturesOrdered<BoxFuture<'static, Result<Answer>>>,
    /// In the order of the text; the first is the one that is heard. A failure waits for what was said before it.
    answers: VecDeque<Result<Answer>>,
}

/// What happened.
enum Step {
    Answered(Result<Answer>),
    /// More audio, or its end.
    Audio(Option<Bytes>),
    Input(Option<TtsInput>),
}

impl Reply {
    async fn next(&mut self) -> Result<Option<TtsEvent>> {
        loop {
            if let Some(event) = self.groups.event() {
                return Ok(Some(event));
            }
            while self.asked.len() + self.answers.len() < AT_ONCE
                && let Some(body) = self.bodies.pop_front()
            {
                self.asked.push_back(self.requests.clone().ask(body).boxed());
            }
            match self.step().await? {
                Some(Step::Answered(answer)) => self.answers.push_back(answer),
                Some(Step::Audio(bytes)) => self.hear(bytes)?,
                Some(Step::Input(Some(item))) => self.say(item),
                Some(Step::Input(None)) => self.input = None,
                None => return Ok(None),
            }
        }
    }

    /// The next thing to happen; `None` when there is no more.
    async fn step(&mut self) -> Result<Option<Step>> {
        if let Some(failed) = self.answers.pop_front_if(|answer| answer.is_err()) {
            return failed.map(|_| None);
        }
        let Self { requests, input, bodies, asked, answers, .. } = self;
        let audio = answers.front_mut().and_then(|answer| answer.as_mut().ok()).map(|answer| &mut answer.response);
        if audio.is_none() && asked.is_empty() && input.is_none() {
            return Ok(None);
        }
        let more_text = async {
            match input.as_mut().filter(|_| bodies.is_empty()) {
                Some(input) => input.next().await,
                None => pending().await,
            }
        };
        Ok(Some(select! {
            Some(answer) = asked.next() => Step::Answered(answer),
            bytes = chunk(audio, requests.stall_timeout) => Step::Audio(bytes?),
            item = more_text => Step::Input(item),
        }))
    }

    fn say(&mut self, item: TtsInput) {
        // A sentence is whole as it comes: there is nothing to flush.
        let TtsInput::Text { sentence, text } = item else { return };
        self.groups.add(sentence, &text);
        if letters(&text) > 0 {
            let texts = wire::speak_requests(&text);
            let last = texts.len().saturating_sub(1);
            let bodies = texts.into_iter().enumerate();
            self.bodies.extend(bodies.map(|(index, text)| Body { text, ends_sentence: index == last }));
        }
        self.groups.close();
    }

    /// Takes audio in, or its end.
    fn hear(&mut self, bytes: Option<Bytes>) -> Result<()> {
        if let Some(bytes) = bytes {
            if let Some(Ok(answer)) = self.answers.front_mut() {
                answer.is_empty &= bytes.is_empty();
            }
            self.groups.audio(bytes);
            return Ok(());
        }
        let Some(answer) = self.answers.pop_front().transpose()? else { return Ok(()) };
        if answer.is_empty {
            return Err(TTS.nonsense());
        }
        self.groups.drop_half_sample();
        if answer.ends_sentence {
            self.groups.flushed();
        }
        Ok(())
    }
}

/// The next piece of the audio that is heard; pending while there is none. Cancel-safe.
async fn chunk(audio: Option<&mut Response>, longest: Duration) -> Result<Option<Bytes>> {
    let Some(response) = audio else { return pending().await };
    let chunk = timeout(longest, response.chunk()).await.map_err(|_| TTS.timed_out("audio", longest))?;
    chunk.map_err(|error| TTS.unanswered(error))
}
