//! What the values mean. Every message completes "NAME=value: …".

use super::ConfigError;
use crate::guard::{Network, Origin};
use std::path::PathBuf;
use voice_providers::{Endpoint, Secret};

type Parsed<T> = Result<T, ConfigError>;

fn wrong<T>(message: &str) -> Parsed<T> {
    Err(ConfigError::new(message))
}

pub(super) fn host(value: &str) -> Parsed<String> {
    let name = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if is_address || is_name { Ok(name.to_owned()) } else { wrong("must be an address or a host name without a port") }
}

pub(super) fn port(value: &str) -> Parsed<u16> {
    value.parse().or_else(|_| wrong("must be a port from 0 to 65535"))
}

pub(super) fn switch(value: &str) -> Parsed<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => wrong("must be on or off"),
    }
}

pub(super) fn vad(value: &str) -> Parsed<()> {
    if value.eq_ignore_ascii_case("silero") { Ok(()) } else { wrong("must be silero") }
}

pub(super) fn within(value: &str, range: std::ops::RangeInclusive<u64>, unit: &str) -> Parsed<u64> {
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            Err(ConfigError::new(format!("must be a whole number of {unit} from {} to {}", range.start(), range.end())))
        }
    }
}

pub(super) fn file(value: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(value);
    if path.is_file() { Ok(path) } else { wrong("there is no such file") }
}

/// A path, or a bare name that the system's loader searches for.
pub(super) fn library(value: &str) -> Parsed<PathBuf> {
    if value.contains(std::path::is_separator) { file(value) } else { Ok(value.into()) }
}

pub(super) fn endpointing(value: &str) -> Parsed<u64> {
    within(value, 50..=10_000, "ms")
}

pub(super) fn fake_latency(value: &str) -> Parsed<u64> {
    within(value, 0..=60_000, "ms")
}

/// `20@7`: so many of a hundred calls fail, with this seed; without one it is 1.
pub(super) fn fake_faults(value: &str) -> Parsed<(u64, u64)> {
    let (percent, seed) = value.split_once('@').unwrap_or((value, "1"));
    match (percent.parse(), seed.parse()) {
        (Ok(percent @ 0..=100), Ok(seed)) => Ok((percent, seed)),
        _ => wrong("must be a number from 0 to 100, and may be followed by @ and a seed"),
    }
}

pub(super) fn session_limit(value: &str) -> Parsed<usize> {
    Ok(within(value, 1..=1_000_000, "sessions")? as usize)
}

/// A language tag. `LANGUAGE` is also gettext's variable, so its shape (`en_US:en`, `de_CH.UTF-8`) is understood as well.
pub(super) fn language(value: &str) -> Parsed<Option<String>> {
    let first = value.split(':').next().unwrap_or_default();
    let tag = first.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
    if matches!(tag.as_str(), "C" | "POSIX") {
        return Ok(None);
    }
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    let primary = tag.split('-').next().is_some_and(|part| (2..=3).contains(&part.len()));
    if primary && tag.split('-').all(subtag) { Ok(Some(tag)) } else { wrong("must be a language such as en or de-CH") }
}

pub(super) fn token(value: &str) -> Parsed<Secret> {
    let fits = value.chars().all(|c| c.is_ascii_graphic());
    if fits { Ok(Secret::new(value)) } else { wrong("must be printable ASCII without spaces") }
}

pub(super) fn origins(value: &str) -> Parsed<Vec<Origin>> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let example = "must be origins such as https://voice.example, separated by commas";
            part.strip_suffix('/').unwrap_or(part).parse().map_err(|()| ConfigError::new(example))
        })
        .collect()
}

pub(super) fn networks(value: &str) -> Parsed<Vec<Network>> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let example = "must be addresses or networks such as 10.0.0.0/8, separated by commas";
    parts.map(|part| part.parse().map_err(|()| ConfigError::new(example))).collect()
}

/// One base URL, or one for each region, separated by commas.
pub(super) fn base_urls(value: &str) -> Parsed<Vec<Endpoint>> {
    let wrong = |error: voice_core::Error| ConfigError::new(error.message());
    let urls = value.split(',').map(|url| url.trim().parse().map_err(wrong)).collect::<Parsed<Vec<Endpoint>>>()?;
    let doubled = urls.iter().enumerate().any(|(at, url)| urls[..at].contains(url));
    if doubled { wrong_urls() } else { Ok(urls) }
}

fn wrong_urls<T>() -> Parsed<T> {
    wrong("names a region twice")
}
