//! A server on a free port and clients for it. Used by every test of the server.
#![allow(dead_code, unreachable_pub, unused_imports)] // Each test binary uses its own part.

mod folder;
mod http;
mod redis;
mod scrape;
mod server;
mod ws;

pub use folder::Folder;
pub use http::{Answer, Request};
#[cfg(unix)]
pub use redis::Redis;
pub use scrape::Scrape;
pub use server::{TestServer, fakes, settings};
pub use ws::{Client, Frame, PATIENCE, Pace};
