//! The dialect's messages: requests written, events read. Nothing here touches a network.

mod calls;
mod reader;
mod request;
mod transcript;

pub(super) use reader::{Piece, Reader};
pub(super) use request::{Manner, OWN_FIELDS};
pub(super) use transcript::Transcript;

use serde_json::Value;

/// Whether a list of models has this one; `None` where it does not tell.
pub(super) fn lists_model(body: &[u8], model: &str) -> Option<bool> {
    let list = serde_json::from_slice::<Value>(body).ok()?;
    let models = list["data"].as_array().filter(|models| !models.is_empty())?;
    // llama.cpp lists the file it has loaded and takes any name for it.
    if models.iter().any(|entry| entry["owned_by"] == "llamacpp") {
        return None;
    }
    // Ollama takes a name without its tag for the newest.
    let is_it = |id: &str| id == model || id.strip_suffix(":latest") == Some(model);
    Some(models.iter().filter_map(|entry| entry["id"].as_str()).any(is_it))
}

#[cfg(test)]
mod tests;
