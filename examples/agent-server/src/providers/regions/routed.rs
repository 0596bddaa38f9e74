//! A provider that is one in each region.

use super::Regions;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde_json::Value;
use std::sync::Arc;
use voice_core::stage::{
    CallContext, LlmEvent, LlmProvider, LlmRequest, SttEvent, SttInput, SttProvider, Tool, TtsEvent, TtsInput,
    TtsProvider,
};
use voice_core::{Result, ToolOutput, ToolSpec};

/// Calls go to the region that serves when they begin; what is under way stays where it is.
pub(crate) struct Routed<P: ?Sized> {
    regions: Arc<Regions>,
    /// One for each region; never none.
    each: Vec<Arc<P>>,
    name: String,
}

impl<P: ?Sized> Routed<P> {
    /// `each` has a provider for each of `regions`; what all of them are called is `name`.
    pub(crate) fn new(regions: Arc<Regions>, each: Vec<Arc<P>>, name: &str) -> Self {
        Self { regions, each, name: name.to_owned() }
    }

    fn now(&self) -> &P {
        // A region is chosen among these.
        &self.each[self.regions.chosen().min(self.each.len() - 1)]
    }
}

impl SttProvider for Routed<dyn SttProvider> {
    fn name(&self) -> &str {
        &self.name
    }

    fn transcribe(&self, input: BoxStream<'static, SttInput>, cx: CallContext) -> BoxStream<'static, Result<SttEvent>> {
        self.now().transcribe(input, cx)
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.now().warm_up()
    }
}

impl LlmProvider for Routed<dyn LlmProvider> {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        self.now().generate(request, cx)
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.now().warm_up()
    }
}

impl TtsProvider for Routed<dyn TtsProvider> {
    fn name(&self) -> &str {
        &self.name
    }

    fn sample_rate(&self) -> u32 {
        self.now().sample_rate()
    }

    fn synthesize(&self, text: BoxStream<'static, TtsInput>, cx: CallContext) -> BoxStream<'static, Result<TtsEvent>> {
        self.now().synthesize(text, cx)
    }

    fn warm_up(&self) -> BoxFuture<'static, Result<()>> {
        self.now().warm_up()
    }
}

impl Tool for Routed<dyn Tool> {
    fn spec(&self) -> &ToolSpec {
        self.now().spec()
    }

    fn call(&self, arguments: Value, cx: CallContext) -> BoxFuture<'static, Result<ToolOutput>> {
        self.now().call(arguments, cx)
    }
}
