//! What this build is and can do.

use serde::Serialize;

/// Version and features, for a host to show: `{"version":"0.1.0","features":{"aec":true,…}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The version of the core.
    pub version: &'static str,
    /// What was built in.
    pub features: Features,
}

/// What was built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools)] // That is what features are.
pub struct Features {
    /// Echo cancellation.
    pub aec: bool,
    /// Smart Turn and Silero through ONNX Runtime.
    pub ort: bool,
    /// Noise suppression.
    pub rnnoise: bool,
    /// Silero.
    pub silero: bool,
    /// Fakes, scripts and simulated time.
    pub testing: bool,
}

impl Report {
    /// That of this build.
    pub fn new() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            features: Features {
                aec: cfg!(feature = "aec"),
                ort: cfg!(feature = "ort"),
                rnnoise: cfg!(feature = "rnnoise"),
                silero: cfg!(feature = "silero"),
                testing: cfg!(feature = "testing"),
            },
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        crate::json::written(self)
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}
