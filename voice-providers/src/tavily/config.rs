//! Options of web search.

use crate::{Endpoint, Secret};
use serde::{Deserialize, Serialize};

/// How thoroughly is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SearchDepth {
    /// The quickest, 1 credit.
    UltraFast,
    /// Quicker, 1 credit.
    Fast,
    /// 1 credit.
    #[default]
    Basic,
    /// Slower, 2 credits.
    Advanced,
}

/// Options of Tavily's tools.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TavilyConfig {
    /// Where the service is found; `https://api.tavily.com` by default.
    pub base_url: Option<Endpoint>,
    /// The key; needed.
    pub key: Option<Secret>,
    /// How thoroughly is searched.
    pub search_depth: SearchDepth,
    /// Pages a search may find, 1 … 20.
    pub max_results: u32,
    /// What the model gets to read of one call, in tokens by estimate: four letters of ASCII are one, so is every other
    /// character.
    pub result_tokens: usize,
    /// Sites to search, if not all.
    pub include_domains: Vec<String>,
    /// Sites to leave out.
    pub exclude_domains: Vec<String>,
    /// How long a call may take, a second try included, in ms.
    pub timeout_ms: u64,
}

impl Default for TavilyConfig {
    fn default() -> Self {
        Self {
            base_url: None,
            key: None,
            search_depth: SearchDepth::default(),
            max_results: 4,
            result_tokens: 1_000,
            include_domains: Vec::new(),
            exclude_domains: Vec::new(),
            timeout_ms: 5_000,
        }
    }
}
