//! Language models in order of preference.

use super::FallbackConfig;
use super::call::{Call, Deadline};
use super::members::{Members, Tried, now};
use super::probing::Probing;
use async_stream::stream;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use std::sync::Arc;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest};
use voice_core::stream::CancelStreamExt;
use voice_core::{Error, ErrorKind, Result, Stage};

const NO_WORD: &str = "the language model gave no word in time";

/// Several language models as one. The next one is asked as long as nothing of the answer was given out; after that an
/// error is passed on, since a listener cannot be given the beginning of one answer and the end of another. For a summary of
/// older turns nobody waits: a model may take its time for it, and one that has none is none the worse for that.
#[derive(Clone)]
pub struct FallbackLlm {
    members: Arc<Members<dyn LlmProvider>>,
    config: FallbackConfig,
}

impl FallbackLlm {
    /// These models, the first preferred.
    ///
    /// # Errors
    /// `InvalidConfig` when there are none.
    pub fn new(models: Vec<Arc<dyn LlmProvider>>, config: FallbackConfig) -> Result<Self> {
        Ok(Self { members: Members::new(models, &config)?, config })
    }
}

impl LlmProvider for FallbackLlm {
    fn name(&self) -> &str {
        self.members.name()
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        let Self { members, config } = self.clone();
        let cancel = cx.cancel.clone();
        let answer = stream! {
            let (mut probing, mut tried) = (Probing::new(members.clone()), Tried::default());
            let mut last = None;
            let is_summary = request.purpose == LlmPurpose::Summary;
            while let Some(member) = members.choose(&tried) {
                tried.add(member);
                let mut call = Call::begin(&cx, |cx| members.provider(member).generate(request.clone(), cx));
                let (mut begun, mut excused) = (false, false);
                // The last one gets the time it takes.
                let hurried = !is_summary && members.choose(&tried).is_some();
                let mut deadline = Deadline { at: hurried.then(|| now() + config.first_token), missed: NO_WORD };
                let failure = loop {
                    match call.next(deadline, &mut probing, member).await {
                        Ok(Some(LlmEvent::Text(text))) if text.is_empty() => {
                            deadline.at = deadline.at.map(|_| now() + config.gap);
                            yield Ok(LlmEvent::Text(text));
                        }
                        Ok(Some(LlmEvent::Notice(notice))) => yield Ok(LlmEvent::Notice(notice)),
                        Ok(Some(event)) => {
                            if !std::mem::replace(&mut begun, true) {
                                yield Ok(LlmEvent::Notice(members.serving(member)));
                            }
                            yield Ok(event);
                            deadline.at = Some(now() + config.gap);
                        }
                        Ok(None) if begun => return members.succeeded(member),
                        Ok(None) => {
                            excused = is_summary;
                            break Error::new(ErrorKind::Protocol, Stage::Llm, "the answer was empty");
                        }
                        Err(error) => break error,
                    }
                };
                if !excused {
                    members.failed(member, &failure);
                }
                if begun {
                    yield Err(failure);
                    return;
                }
                if members.choose(&tried).is_some() {
                    yield Ok(LlmEvent::Notice(members.failed_over(member, &failure)));
                }
                last = Some(failure);
            }
            yield Err(last.unwrap_or_else(|| members.nobody()));
        };
        answer.until_cancelled(&cancel).boxed()
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.members.warm_up()
    }
}
