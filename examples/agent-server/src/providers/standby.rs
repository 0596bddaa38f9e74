//! What is played when nothing can speak: made once, at the start.

use std::time::Duration;
use voice_core::agent::StandbyLine;
use voice_core::stage::TtsProvider;
use voice_providers::local::{LocalTts, LocalTtsConfig};

/// What the listener hears. The answer itself is on the page.
const TEXT: &str = "Sorry, I cannot speak just now.";
/// How long it may take to be spoken.
const PATIENCE: Duration = Duration::from_secs(5);

/// The line, in the voice of this machine where it is installed, or else in that of `tts`, if it speaks now.
pub(super) async fn line(tts: &dyn TtsProvider) -> Option<StandbyLine> {
    if let Ok(local) = LocalTts::load(LocalTtsConfig::default())
        && let Some(line) = spoken(&local).await
    {
        return Some(line);
    }
    spoken(tts).await
}

async fn spoken(tts: &dyn TtsProvider) -> Option<StandbyLine> {
    let failure = match tokio::time::timeout(PATIENCE, StandbyLine::render(tts, TEXT)).await {
        Ok(Ok(line)) => return Some(line),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::warn!(provider = tts.name(), reason = failure, "no standby line: a voice that fails will be silent");
    None
}
