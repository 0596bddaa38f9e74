//! The text of a language model as sentences.

use crate::text::{Sentence, SentenceConfig, SentenceSplitter};
use futures::stream::{FusedStream, Stream};
use pin_project_lite::pin_project;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// [`sentences`](Self::sentences) for every stream of pieces of text.
pub trait SentencesExt<T, E>: Stream<Item = Result<T, E>> {
    /// Cuts the text into sentences: each is given out as soon as it is certainly over, the rest when the text ends.
    ///
    /// An error ends the stream: first comes what was written before it, then the error.
    fn sentences(self, config: SentenceConfig) -> Sentences<Self, E>
    where
        Self: Sized,
    {
        Sentences { text: self, splitter: SentenceSplitter::new(config), found: VecDeque::new(), ended: false }
    }
}

impl<S, T, E> SentencesExt<T, E> for S
where
    S: Stream<Item = Result<T, E>>,
    T: AsRef<str>,
{
}

pin_project! {
    /// A stream of sentences; see [`SentencesExt::sentences`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Sentences<S, E> {
        #[pin]
        text: S,
        splitter: SentenceSplitter,
        // Not more than one piece of text held.
        found: VecDeque<Result<Sentence, E>>,
        ended: bool,
    }
}

impl<S, E> Sentences<S, E> {
    /// The stream of text.
    pub fn get_ref(&self) -> &S {
        &self.text
    }

    /// The stream of text. Text taken from it past this adapter is missing in the sentences.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.text
    }

    /// The stream of text; what was read of an unfinished sentence is lost.
    pub fn into_inner(self) -> S {
        self.text
    }
}

impl<S, T, E> Stream for Sentences<S, E>
where
    S: Stream<Item = Result<T, E>>,
    T: AsRef<str>,
{
    type Item = Result<Sentence, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(sentence) = this.found.pop_front() {
                return Poll::Ready(Some(sentence));
            }
            if *this.ended {
                return Poll::Ready(None);
            }
            match ready!(this.text.as_mut().poll_next(cx)) {
                Some(Ok(piece)) => this.found.extend(this.splitter.push(piece.as_ref()).into_iter().map(Ok)),
                last => {
                    *this.ended = true;
                    this.found.extend(this.splitter.finish().into_iter().map(Ok));
                    this.found.extend(last.and_then(Result::err).map(Err));
                }
            }
        }
    }
}

impl<S, T, E> FusedStream for Sentences<S, E>
where
    S: Stream<Item = Result<T, E>>,
    T: AsRef<str>,
{
    fn is_terminated(&self) -> bool {
        self.ended && self.found.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt, stream};

    type Piece = Result<&'static str, &'static str>;

    fn texts(items: Vec<Result<Sentence, &'static str>>) -> Vec<Result<String, &'static str>> {
        items.into_iter().map(|item| item.map(|sentence| sentence.text)).collect()
    }

    #[tokio::test]
    async fn sentences_come_out_whole_and_the_rest_at_the_end() {
        let pieces: [Piece; 4] = [Ok("Hel"), Ok("lo. How are"), Ok(" you? I"), Ok(" am well")];
        let sentences = stream::iter(pieces).sentences(SentenceConfig::default());
        let expected = ["Hello. ", "How are you? ", "I am well"].map(|text| Ok(text.to_owned()));
        assert_eq!(texts(sentences.collect().await), expected);
    }

    #[tokio::test]
    async fn a_sentence_does_not_wait_for_the_next_piece() {
        let pieces = stream::iter([Piece::Ok("Hello. How")]).chain(stream::pending());
        let mut sentences = pieces.sentences(SentenceConfig::default());
        assert_eq!(sentences.next().now_or_never().flatten().unwrap().unwrap().text, "Hello. ");
        assert!(sentences.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn an_error_comes_after_what_was_written_and_ends_the_stream() {
        let pieces: [Piece; 3] = [Ok("Hello. I am"), Err("gone"), Ok("never read")];
        let mut sentences = Box::pin(stream::iter(pieces).sentences(SentenceConfig::default()));
        let items: Vec<_> = sentences.by_ref().collect().await;
        assert_eq!(texts(items), [Ok("Hello. ".to_owned()), Ok("I am".to_owned()), Err("gone")]);
        assert!(sentences.is_terminated());
        assert!(sentences.next().await.is_none());
    }

    #[tokio::test]
    async fn nothing_is_read_before_it_is_asked_for() {
        let mut read = 0;
        let pieces = stream::iter(["One. ", "Two. ", "Three."]).inspect(|_| read += 1).map(Piece::Ok);
        let mut sentences = pieces.sentences(SentenceConfig::default());
        sentences.next().await;
        drop(sentences);
        assert_eq!(read, 1);
    }
}
