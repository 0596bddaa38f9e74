//! Voice Agent as a server: sessions behind a WebSocket, a page to talk to, and what an operator needs.
//!
//! `main` reads the configuration; everything else is here, so that tests open real sockets against it.

#![deny(unsafe_code)]

mod api;
mod config;
mod drain;
mod guard;
mod health;
mod logging;
mod memory;
mod nodes;
mod observe;
mod page;
mod problem;
mod providers;
mod registry;
mod resume;
mod routes;
mod serve;
mod shards;
mod state;
mod store;
mod users;
mod ws;

pub use config::{
    Config, ConfigError, MemoryConfig, Provider, ProviderChoice, SETTINGS, Setting, Sources, StageKind, TlsFiles,
    command,
};
pub use guard::{Guard, Origin};
pub use logging::{LogLevels, start as start_log};
pub use providers::{ExampleGroup, MissingEngine, Providers};
pub use routes::app;
pub use serve::Server;
pub use state::AppState;
pub use store::Target;
pub use voice_providers::Secret;
