//! Requests to one service: its address, its headers, what its refusals mean.

use super::{Service, limits, wire};
use crate::http::{Asked, client, secret_header};
use crate::{Endpoint, Secret};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::collections::BTreeMap;
use std::time::Duration;
use voice_core::{Error, ErrorKind, Result, Stage};

/// How long making a connection early may take, the answer included.
const WARM_UP: Duration = Duration::from_secs(10);
/// What is read of a list of models.
const LONGEST_LIST: usize = 4 * 1_024 * 1_024;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) asked: Asked,
    api: String,
    headers: HeaderMap,
}

impl Connection {
    pub(super) fn new(
        service: &Service,
        stage: Stage,
        base_url: Option<&Endpoint>,
        key: Option<&Secret>,
        more: &BTreeMap<String, Secret>,
    ) -> Result<Self> {
        let asked = service.asked(stage);
        let key = key.filter(|key| !key.expose().trim().is_empty());
        if key.is_none() && !base_url.is_some_and(|url| service.is_elsewhere(url)) {
            let message = format!("{} needs a key in {}", service.title, service.key);
            return Err(Error::new(ErrorKind::Auth, stage, message));
        }
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            headers.insert(AUTHORIZATION, asked.bearer(key)?);
        }
        for (name, value) in more {
            let header = name.parse::<HeaderName>().ok().zip(secret_header(value.expose()));
            let (name, value) = header.ok_or_else(|| {
                Error::new(ErrorKind::InvalidConfig, stage, format!("headers: {name:?} or its value is no header"))
            })?;
            headers.insert(name, value);
        }
        Ok(Self { asked, api: service.api(base_url)?, headers })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, format!("{}{path}", self.api)).headers(self.headers.clone())
    }

    /// Sends a request and gives its answer, the body unread.
    ///
    /// # Errors
    /// As [`Asked`] tells a request without an answer, or a refusal. The caller sets the deadline.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.asked.unanswered(error))?;
        limits::log(self.asked.service, response.headers());
        if response.status().is_success() { Ok(response) } else { Err(self.asked.refused(response).await) }
    }

    /// Opens a connection by asking for the models, and looks whether `model` is among them.
    ///
    /// # Errors
    /// `InvalidConfig` when it is not; `Auth` for a refused key; else as [`send`](Self::send). A server that has no
    /// list is taken as it is.
    pub(super) async fn warm_up(&self, model: &str) -> Result<()> {
        let look = async {
            let request = self.request(Method::GET, "/models");
            let response = request.send().await.map_err(|error| self.asked.unanswered(error))?;
            if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
                return Ok(());
            }
            if !response.status().is_success() {
                return Err(self.asked.refused(response).await);
            }
            let list = self.asked.body(response, LONGEST_LIST).await?;
            if wire::lists_model(&list, model) != Some(false) {
                return Ok(());
            }
            let message =
                format!("{} has no model {model:?}; choose another in {}", self.asked.service, self.asked.model);
            Err(Error::new(ErrorKind::InvalidConfig, self.asked.stage, message))
        };
        let limited = tokio::time::timeout(WARM_UP, look).await;
        limited.unwrap_or_else(|_| Err(self.asked.timed_out("list of its models", WARM_UP)))
    }
}

/// The model to use, or what to set.
pub(super) fn model(service: &Service, stage: Stage, named: Option<String>) -> Result<String> {
    let suggested = if stage == Stage::Stt { service.stt } else { service.llm };
    let named = named.filter(|model| !model.trim().is_empty());
    named.or_else(|| suggested.map(str::to_owned)).ok_or_else(|| {
        let setting = service.asked(stage).model;
        let message = format!("{} has models of its own; name one as {setting}={}:…", service.title, service.name);
        Error::new(ErrorKind::InvalidConfig, stage, message)
    })
}

/// A time that can be waited.
pub(super) fn wait(stage: Stage, option: &str, milliseconds: u64) -> Result<Duration> {
    if milliseconds == 0 {
        return Err(Error::new(ErrorKind::InvalidConfig, stage, format!("{option}: nothing answers within 0 ms")));
    }
    Ok(Duration::from_millis(milliseconds))
}
