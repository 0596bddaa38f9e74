//! Cloud services, and servers that speak their dialect.

use super::choice::Service;
use crate::config::{Config, ConfigError, StageKind};
use std::sync::Arc;
use voice_core::stage::{LlmProvider, SttProvider, TtsProvider};
use voice_providers::{Endpoint, Secret};

