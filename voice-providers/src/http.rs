//! The one HTTP client of all providers, and what an answer that is no success means.

use crate::{Secret, tls};
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;
use voice_core::{Error, ErrorKind, Stage};

/// How long TCP and TLS may take together.
const CONNECT: Duration = Duration::from_secs(5);
/// Idle connections are kept a little shorter than servers and balancers commonly keep them.
const IDLE: Duration = Duration::from_secs(50);
/// What is read of an answer that tells a failure.
const LONGEST_FAILURE: usize = 64 * 1_024;

/// The client of all providers, for a host that has services of its own to talk to: Mozilla's root certificates, HTTP/2 where
/// there is, no redirects. Its connections are shared by all of the process: to make one costs more than the first token.
pub fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let build = || {
        Client::builder()
            .use_preconfigured_tls((*tls::for_http()).clone())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            // An API does not move; a redirect would carry keys in headers of their own to wherever it points.
            .redirect(Policy::none())
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_while_idle(true)
            .user_agent(concat!("voice-agent/", env!("CARGO_PKG_VERSION")))
            .build()
            .unwrap_or_default()
    };
    CLIENT.get_or_init(build).clone()
}

/// A header whose value is never shown; `None` for what no header can hold.
pub(crate) fn secret_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Who was asked, for the words of an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) service: &'static str,
    pub(crate) stage: Stage,
    /// Settings that hold the key and the model, named where they are what must be changed. Some have no model.
    pub(crate) key: &'static str,
    pub(crate) model: &'static str,
}

impl Asked {
    /// The key as the header `Authorization` with this scheme, which is never printed.
    ///
    /// # Errors
    /// `Auth` for a key that cannot be one.
    pub(crate) fn authorization(&self, scheme: &str, key: &Secret) -> Result<HeaderValue, Error> {
        let unusable = || Error::new(ErrorKind::Auth, self.stage, format!("{} is empty or no key", self.key));
        let key = key.expose().trim();
        if key.is_empty() {
            return Err(unusable());
        }
        let mut value = HeaderValue::from_str(&format!("{scheme} {key}")).map_err(|_| unusable())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A request that got no answer. The address is left out: it may be private.
    pub(crate) fn unanswered(&self, error: reqwest::Error) -> Error {
        let (kind, what) = match &error {
            error if error.is_timeout() => (ErrorKind::Timeout, "did not answer in time"),
            error if error.is_connect() => (ErrorKind::Unavailable, "cannot be reached"),
            _ => (ErrorKind::Unavailable, "broke the connection off"),
        };
        Error::new(kind, self.stage, format!("{} {what}", self.service)).with_source(error.without_url())
    }

    /// A header with the key, and where it is set.
    ///
    /// # Errors
    /// `Auth` when the key holds what no header can.
    pub(crate) fn bearer(&self, key: &Secret) -> Result<HeaderValue, Error> {
        secret_header(&format!("Bearer {}", key.expose().trim())).ok_or_else(|| {
            Error::new(ErrorKind::Auth, self.stage, format!("the key in {} holds signs that no key has", self.key))
        })
    }

    /// Reads a body of at most so many bytes.
    ///
    /// # Errors
    /// `Protocol` for a longer one; as [`unanswered`](Self::unanswered) when the connection breaks.
    pub(crate) async fn body(&self, mut response: Response, longest: usize) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unanswered(error))? {
            if body.len() + chunk.len() > longest {
                let message = format!("{} sent more than {longest} bytes", self.service);
                return Err(Error::new(ErrorKind::Protocol, self.stage, message));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// An answer that makes no sense.
    pub(crate) fn nonsense(&self) -> Error {
        Error::new(ErrorKind::Protocol, self.stage, format!("{} sent an answer that makes no sense", self.service))
    }

    pub(crate) fn timed_out(&self, what: &str, limit: Duration) -> Error {
        let message = format!("{} gave no {what} within {} ms", self.service, limit.as_millis());
        Error::new(ErrorKind::Timeout, self.stage, message)
    }

    /// An answer that is no success, with what its body says.
    pub(crate) async fn refused(&self, mut response: Response) -> Error {
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let mut body = Vec::new();
        while body.len() < LONGEST_FAILURE
            && let Ok(Some(chunk)) = response.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        self.refusal(status, retry_after, &body)
    }

    /// What a status and the body that came with it mean.
    pub(crate) fn refusal(&self, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Error {
        let Refusal { code, message } = Refusal::read(body);
        let gone = matches!(code.as_str(), "model_decommissioned" | "model_not_found");
        let miswritten = code == "tool_use_failed" || (status.as_u16() == 422 && self.stage == Stage::Llm);
        let service = self.service;
        let (kind, advice) = match status.as_u16() {
            _ if gone => (ErrorKind::InvalidConfig, format!("; choose another model in {}", self.model)),
            300..=399 => (ErrorKind::InvalidConfig, "; check the base URL, it leads elsewhere".to_owned()),
            401 | 403 => (ErrorKind::Auth, format!("; check {}", self.key)),
            // The latter two are Tavily's own.
            402 | 432 | 433 => (ErrorKind::Auth, "; the account has no credit left".to_owned()),
            404 if self.model.is_empty() => (ErrorKind::InvalidConfig, "; check the base URL".to_owned()),
            404 => (ErrorKind::InvalidConfig, format!("; check the model in {} and the base URL", self.model)),
            408 | 504 => (ErrorKind::Timeout, String::new()),
            429 | 498 => (ErrorKind::RateLimited { retry_after }, String::new()),
            400..=499 => (ErrorKind::InvalidInput, String::new()),
            _ => (ErrorKind::Unavailable, String::new()),
        };
        let said = [code, message].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        let error = Error::new(kind, self.stage, format!("{service} answered {}{said}{advice}", status.as_u16()));
        if miswritten { error.with_source(MiswrittenCall) } else { error }
    }
}

/// The model wrote a call to a tool that the service could not read. Asked again, it mostly does better.
#[derive(Debug, thiserror::Error)]
#[error("the model's call to a tool did not fit it")]
struct MiswrittenCall;

/// Whether a refusal is one of a call that the model wrote, not of what was asked.
pub(crate) fn is_miswritten_call(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<MiswrittenCall>())
}

/// What a failure's body says, in any of the shapes that services use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// Reads `{"error":{…}}`, `{"error":"…"}`, either in a `detail`, the flat shapes, or plain text.
    pub(crate) fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self { code: String::new(), message: shorten(&String::from_utf8_lossy(body)) };
        };
        Self::of(&value)
    }

    /// Reads the same from JSON that has been parsed.
    pub(crate) fn of(value: &Value) -> Self {
        let value = match &value["detail"] {
            Value::String(message) => return Self { code: String::new(), message: shorten(message) },
            detail if detail.is_object() => detail,
            _ => value,
        };
        let inner = match &value["error"] {
            Value::Null => value,
            Value::String(message) => return Self { code: String::new(), message: shorten(message) },
            inner => inner,
        };
        let first =
            |names: &[&str]| names.iter().find_map(|name| inner[*name].as_str()).map(shorten).unwrap_or_default();
        Self {
            code: first(&["code", "err_code", "error_code", "category", "type"]),
            message: first(&["message", "err_msg", "description", "details", "title"]),
        }
    }
}

/// A service's words, short enough for a log line and without the parts that look like keys.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    let words = text.split_whitespace().map(|word| if looks_like_a_key(word) { "…" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Services quote the key they refuse, sometimes in part; keys are long and mix letters and digits without a blank.
fn looks_like_a_key(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let body = word.chars().filter(|c| c.is_ascii_alphanumeric());
    word.contains('*')
        || (body.clone().count() >= 20
            && body.clone().any(|c| c.is_ascii_digit())
            && body.clone().any(|c| c.is_ascii_alphabetic())
            && !word.contains(['/', '.']))
}

/// How long the service asks to be left alone: `retry-after-ms`, or `retry-after` in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |value: Option<&HeaderValue>| value?.to_str().ok()?.trim().parse::<f64>().ok();
    let milliseconds = number(headers.get("retry-after-ms"));
    let seconds = milliseconds.map(|ms| ms / 1_000.0).or_else(|| number(headers.get(RETRY_AFTER)))?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { service: "Groq", stage: Stage::Llm, key: "GROQ_API_KEY", model: "LLM" };

    fn refusal(status: u16, body: &str) -> Error {
        ASKED.refusal(StatusCode::from_u16(status).unwrap(), Some(Duration::from_secs(7)), body.as_bytes())
    }

    #[test]
    fn a_refusal_says_what_can_be_done() {
        for (status, body, kind, words) in [
            (
                401,
                r#"{"error":{"message":"Invalid API Key","code":"invalid_api_key"}}"#,
                ErrorKind::Auth,
                "check GROQ_API_KEY",
            ),
            (
                400,
                r#"{"error":{"message":"gone","code":"model_decommissioned"}}"#,
                ErrorKind::InvalidConfig,
                "another model in LLM",
            ),
            (404, "", ErrorKind::InvalidConfig, "check the model in LLM"),
            (301, "", ErrorKind::InvalidConfig, "check the base URL"),
            (
                429,
                r#"{"err_code":"TOO_MANY_REQUESTS"}"#,
                ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(7)) },
                "TOO_MANY",
            ),
            (432, r#"{"detail":{"error":"plan limit"}}"#, ErrorKind::Auth, "(plan limit); the account has no credit"),
            (503, "overloaded", ErrorKind::Unavailable, "(overloaded)"),
            (400, r#"{"category":"INVALID","message":"bad field"}"#, ErrorKind::InvalidInput, "INVALID: bad field"),
        ] {
            let error = refusal(status, body);
            assert_eq!(*error.kind(), kind, "{status} {body}");
            assert!(error.message().contains(words), "{error}");
        }
    }

    #[test]
    fn a_key_that_the_service_quotes_is_not_repeated() {
        for key in ["sk-proj-Ab12Cd34Ef56Gh78Ij90", "gsk_*********XyZ1", "0123456789abcdef0123456789abcdef01234567"] {
            let error = refusal(401, &format!(r#"{{"error":{{"message":"Incorrect API key provided: {key}."}}}}"#));
            assert!(!format!("{error} {error:?}").contains(key), "{error}");
        }
        assert!(
            refusal(404, r#"{"error":{"message":"model openai/gpt-oss-120b-2026 missing"}}"#)
                .message()
                .contains("120b")
        );
    }

    #[test]
    fn the_pause_asked_for_is_read_in_either_unit() {
        let headers =
            |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        assert_eq!(retry_after(&headers("retry-after", "2")), Some(Duration::from_secs(2)));
        assert_eq!(retry_after(&headers("retry-after-ms", "250")), Some(Duration::from_millis(250)));
        assert_eq!(retry_after(&headers("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(&headers("retry-after", "-1")), None);
    }
}
