//! Voice Agent for Node: the native part. It converts and nothing else; what people use is the TypeScript in `lib`.

mod agent;
mod border;
mod call;
mod errors;
mod session;
mod stages;
pub mod testing;

use napi_derive::napi;

/// Version, features and providers, as JSON.
#[napi(catch_unwind)]
pub fn report() -> String {
    let mut report: serde_json::Value =
        serde_json::from_str(&voice_core::host::Report::new().json()).unwrap_or_default();
    report["providers"] = voice_providers::catalog::report();
    report.to_string()
}

/// The settings of an agent that sets none, as JSON.
#[napi(catch_unwind)]
pub fn defaults() -> String {
    serde_json::to_string(&voice_core::agent::AgentConfig::default()).unwrap_or_default()
}
