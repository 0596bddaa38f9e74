//! One way to lift synchronous audio processing to a stream.

use crate::error::Result;
use futures::Stream;
use futures::stream::FusedStream;
use pin_project_lite::pin_project;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Synchronous processing of a stream of mono 16-bit audio in chunks of any size.
///
/// # For implementations
/// The output must depend on the samples alone, never on how they were cut into chunks.
pub trait AudioProcessor {
    /// What comes out.
    type Output;
    /// Takes audio and appends what it determines of the output.
    ///
    /// # Errors
    /// Fatal ones: the stream ends with it.
    fn push(&mut self, pcm: &[i16], output: &mut VecDeque<Self::Output>) -> Result<()>;
    /// Ends the stream and appends what was held back.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn finish(&mut self, output: &mut VecDeque<Self::Output>) -> Result<()>;
}

/// A chunk of a stream of audio: samples, or samples from a source that can fail.
pub trait AudioChunk {
    /// The samples.
    ///
    /// # Errors
    /// Those of the source.
    fn into_pcm(self) -> Result<Vec<i16>>;
}

impl AudioChunk for Vec<i16> {
    fn into_pcm(self) -> Result<Vec<i16>> {
        Ok(self)
    }
}

impl AudioChunk for Result<Vec<i16>> {
    fn into_pcm(self) -> Result<Vec<i16>> {
        self
    }
}

pin_project! {
    /// A stream of audio behind an [`AudioProcessor`].
    ///
    /// Lazy: a chunk is taken only when all the output of the one before it has been. It ends after the first error,
    /// and once ended stays ended.
    #[must_use = "streams do nothing unless polled"]
    pub struct Processed<S, P, T> {
        #[pin]
        inner: S,
        processor: P,
        output: VecDeque<Result<T>>,
        scratch: VecDeque<T>,
        ended: bool,
    }
}

impl<S, P, T> Processed<S, P, T> {
    pub(super) fn new(inner: S, processor: P) -> Self {
        Self { inner, processor, output: VecDeque::new(), scratch: VecDeque::new(), ended: false }
    }

    /// The stream processed.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The stream processed, to be changed.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The stream processed; output not yet taken is lost.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// What processes it.
    pub fn processor(&self) -> &P {
        &self.processor
    }

    /// What processes it, to be changed.
    pub fn processor_mut(&mut self) -> &mut P {
        &mut self.processor
    }
}

impl<S, P> Stream for Processed<S, P, P::Output>
where
    S: Stream,
    S::Item: AudioChunk,
    P: AudioProcessor,
{
    type Item = Result<P::Output>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(item) = this.output.pop_front() {
                return Poll::Ready(Some(item));
            }
            if *this.ended {
                return Poll::Ready(None);
            }
            let result = match ready!(this.inner.as_mut().poll_next(cx)) {
                Some(chunk) => chunk.into_pcm().and_then(|pcm| this.processor.push(&pcm, this.scratch)),
                None => {
                    *this.ended = true;
                    this.processor.finish(this.scratch)
                }
            };
            this.output.extend(this.scratch.drain(..).map(Ok));
            if let Err(error) = result {
                *this.ended = true;
                this.output.push_back(Err(error));
            }
        }
    }
}

impl<S, P> FusedStream for Processed<S, P, P::Output>
where
    S: Stream,
    S::Item: AudioChunk,
    P: AudioProcessor,
{
    fn is_terminated(&self) -> bool {
        self.ended && self.output.is_empty()
    }
}

impl<S: fmt::Debug, P: fmt::Debug, T> fmt::Debug for Processed<S, P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processed")
            .field("inner", &self.inner)
            .field("processor", &self.processor)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
