//! The operator: known by the admin token, which a program sends each time and a browser once, for a cookie.

mod attempts;
mod cookies;
mod page;

pub(crate) use page::{log_in, log_out, show};

use crate::clock::unix_seconds;
use crate::guard::{PageOrigin, household};
use crate::problem::Problem;
use crate::random;
use crate::state::AppState;
use crate::tokens::bearer;
use crate::visitor::Visitor;
use attempts::Attempts;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use cookies::Cookies;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use voice_providers::Secret;

/// The name of the cookie.
const COOKIE: &str = "voice_agent_operator";

/// Who is logged in, and who tried.
pub(crate) struct Login {
    admin_token: Option<Secret>,
    /// Whether cookies are for secure connections only.
    secure: bool,
    cookies: Mutex<Cookies>,
    attempts: Mutex<Attempts<IpAddr>>,
}

impl Login {
    pub(crate) fn new(admin_token: Option<Secret>, secure: bool) -> Self {
        Self { admin_token, secure, cookies: Mutex::default(), attempts: Mutex::new(Attempts::new()) }
    }

    /// Whether there is anything to log in with.
    fn wants_token(&self) -> bool {
        self.admin_token.is_some()
    }

    fn is_right(&self, guess: &str) -> bool {
        self.admin_token.as_ref().is_some_and(|secret| secret.matches(guess))
    }

    /// Compares a guess with the admin token.
    ///
    /// The right one is right however many wrong ones came from the same address: whoever shares it with the operator,
    /// behind a proxy that nobody named, must not be able to keep the operator out. How fast a token can be guessed is
    /// then up to the rate of requests.
    ///
    /// # Errors
    /// It is another, and perhaps this client has guessed too often.
    fn guess(&self, guess: &str, client: IpAddr, now: u64) -> Result<(), Problem> {
        if self.is_right(guess) {
            return Ok(());
        }
        let mut attempts = lock(&self.attempts);
        if let Some(wait) = attempts.wait(&client, now) {
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "too many wrong tokens");
            return Err(problem.retry_after(Duration::from_secs(wait)));
        }
        attempts.wrong(client, now);
        Err(unauthorised("the token is not the right one"))
    }

    /// Whether a request shows the admin token, or a cookie that stands for it. What it may do is another question.
    pub(crate) fn is_of_operator(&self, headers: &HeaderMap) -> bool {
        self.wants_token()
            && (shown(headers).is_some_and(|token| self.is_right(token)) || self.is_logged_in(headers, unix_seconds()))
    }

    fn is_logged_in(&self, headers: &HeaderMap, now: u64) -> bool {
        cookie(headers).is_some_and(|name| lock(&self.cookies).knows(name, now))
    }

    /// The cookie of a new login.
    fn begin(&self, now: u64) -> voice_core::Result<HeaderValue> {
        let name = random::token()?;
        let value = self.cookie(&name, cookies::LIFE_S);
        lock(&self.cookies).add(name, now);
        Ok(value)
    }

    /// Ends the login of this cookie; the answer that makes a browser forget it.
    fn end(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(name) = cookie(headers) {
            lock(&self.cookies).remove(name);
        }
        self.cookie("", 0)
    }

    fn cookie(&self, name: &str, seconds: u64) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{COOKIE}={name}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
        // Hexadecimal digits and the above are all of a header's characters.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

fn unauthorised(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message).with_headers(&[("www-authenticate", "Bearer")])
}

fn closed() -> Problem {
    let message = "set ADMIN_TOKEN to use this on a server that is not bound to the loopback";
    Problem::new(StatusCode::FORBIDDEN, "forbidden", message)
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?))
}

/// The operator's cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Whether a request is the operator's: by the token or the cookie where a token is set, else by the server being bound
/// to the loopback.
///
/// # Errors
/// It is not.
fn check(state: &AppState, request: &Request) -> Result<(), Problem> {
    let login = &state.login;
    if !login.wants_token() {
        if state.guard.bound.is_loopback() {
            return Ok(());
        }
        return Err(closed());
    }
    let headers = request.headers();
    let now = unix_seconds();
    if let Some(token) = shown(headers) {
        return login.guess(token, client(request), now);
    }
    if login.is_logged_in(headers, now) && is_of_own_page(request) {
        return Ok(());
    }
    Err(unauthorised("a valid bearer token is needed"))
}

/// A browser sends the cookie along whoever asks it to. It counts for what our own pages ask: they say so where something
/// is to be changed, and where they only read, an answer is kept from the pages of others.
fn is_of_own_page(request: &Request) -> bool {
    match request.extensions().get() {
        Some(PageOrigin::Own) => true,
        Some(PageOrigin::Unsaid) => request.method().is_safe(),
        Some(PageOrigin::Trusted) | None => false,
    }
}

fn client(request: &Request) -> IpAddr {
    household(Visitor::of(request).address)
}

/// The middleware of the API: the operator or nobody.
pub(crate) async fn authorise(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match check(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            tracing::warn!(code = problem.code(), path = request.uri().path(), "refused a request to the API");
            problem.into_response()
        }
    }
}

/// The middleware of the operator's pages: whoever is not logged in is sent to where one logs in.
pub(crate) async fn authorise_page(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match check(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Redirect::to("/login").into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
