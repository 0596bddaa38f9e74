//! Voice Agent as a server: sessions behind a WebSocket, a page to talk to, and what an operator needs.
//!
//! `main` reads the configuration; everything else is here, so that tests open real sockets against it.

#![deny(unsafe_code)]

mod accept;
mod admission;
mod api;
mod body;
mod clock;
mod config;
mod drain;
mod guard;
mod health;
mod logging;
mod login;
mod memory;
mod metrics;
mod nodes;
mod observe;
mod page;
mod problem;
mod providers;
mod random;
mod registry;
mod resume;
mod routes;
mod serve;
mod shards;
mod state;
mod store;
mod tls;
mod tokens;
mod traces;
mod users;
mod visitor;
mod ws;

pub use config::{
    Config, ConfigError, Limits, MemoryConfig, Provider, ProviderChoice, SETTINGS, Setting, Sources, StageKind,
    Telemetry, TlsFiles, TokenSettings, command,
};
pub use guard::{Guard, Network, Origin};
pub use logging::{LogLevels, start as start_log};
pub use providers::{ExampleGroup, MissingEngine, Providers, Regions};
pub use routes::app;
pub use serve::Server;
pub use state::AppState;
pub use store::Target;
pub use tokens::TokenKey;
pub use voice_providers::Secret;
