//! Where traces go, by the names that OpenTelemetry's specification gives its settings.

use super::ConfigError;
use super::sources::Layers;
use axum::http::{HeaderName, HeaderValue};
use voice_providers::{Endpoint, Secret};

/// Settings of the traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// The collector, which speaks OTLP over HTTP; `/v1/traces` is added. Without one there are no traces.
    pub endpoint: Option<Endpoint>,
    /// Headers of every request to it, such as a key.
    pub headers: Vec<(HeaderName, Secret)>,
    /// The name of this service in the traces.
    pub service: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { endpoint: None, headers: Vec::new(), service: "agent-server".into() }
    }
}

impl Telemetry {
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let endpoint = |value: &str| {
            value
                .parse::<Endpoint>()
                .map_err(|_| ConfigError::new("must be http:// or https://, a host and at most a path"))
        };
        let defaults = Self::default();
        Ok(Self {
            endpoint: layers.parse("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)?,
            headers: layers.parse("OTEL_EXPORTER_OTLP_HEADERS", headers)?.unwrap_or_default(),
            service: layers.get("OTEL_SERVICE_NAME").map_or(defaults.service, str::to_owned),
        })
    }
}

/// Reads `name=value,name=value`, where a value may be percent-encoded.
fn headers(value: &str) -> Result<Vec<(HeaderName, Secret)>, ConfigError> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let header = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let value = decoded(value.trim())?;
        HeaderValue::from_str(&value).ok()?;
        Some((name.trim().parse().ok()?, Secret::new(value)))
    };
    parts.map(|part| header(part).ok_or_else(|| ConfigError::new("must be name=value, separated by commas"))).collect()
}

fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_the_specification_writes_them() {
        let read = headers("Authorization=Bearer%20abc%3D, x-tenant = 7 ,").unwrap();
        let shown: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(shown, [("authorization", "Bearer abc="), ("x-tenant", "7")]);
        for wrong in ["abc", "a b=c", "a=%2", "a=%zz", "a=%ff", "a=x%0ay"] {
            assert!(headers(wrong).is_err(), "{wrong:?}");
        }
    }
}
