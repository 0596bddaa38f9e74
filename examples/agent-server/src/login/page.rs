//! `/login` and `/logout`.

use super::{Login, client};
use crate::clock::unix_seconds;
use crate::guard::PageOrigin;
use crate::page;
use crate::problem::Problem;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Where one goes from here.
const DASHBOARD: &str = "/dashboard";

/// The page with one field; who needs no login goes on at once.
pub(crate) async fn show(State(state): State<AppState>) -> Response {
    match (state.login.wants_token(), state.guard.bound.is_loopback()) {
        (true, _) => form(StatusCode::OK, ""),
        (false, true) => Redirect::to(DASHBOARD).into_response(),
        (false, false) => super::closed().into_response(),
    }
}

/// Takes the form: the cookie and on to the dashboard, or the page again with what was wrong.
pub(crate) async fn log_in(State(state): State<AppState>, request: Request) -> Response {
    if let Some(PageOrigin::Trusted) = request.extensions().get() {
        let message = "one logs in on a page of this server";
        return Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", message).into_response();
    }
    let client = client(&request);
    let body = whole(request).await;
    let given = form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let Some((_, token)) = given else { return form(StatusCode::BAD_REQUEST, "The token is missing.") };
    let now = unix_seconds();
    if let Err(problem) = state.login.guess(&token, client, now) {
        tracing::warn!(code = problem.code(), "a login failed");
        return refused(&problem);
    }
    welcome(&state.login, now)
}

fn welcome(login: &Login, now: u64) -> Response {
    match login.begin(now) {
        Ok(cookie) => {
            tracing::info!("the operator has logged in");
            ([(header::SET_COOKIE, cookie)], Redirect::to(DASHBOARD)).into_response()
        }
        Err(error) => Problem::unavailable(&error).into_response(),
    }
}

fn refused(problem: &Problem) -> Response {
    let Some(wait) = problem.wait() else { return form(problem.status(), "That is not the token.") };
    let mut response = form(problem.status(), "Too many wrong tokens. Try again in a minute.");
    response.headers_mut().insert(header::RETRY_AFTER, wait.into());
    response
}

/// Ends the login.
pub(crate) async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, state.login.end(&headers))], Redirect::to("/login")).into_response()
}

/// The body, which is complete and small by now.
async fn whole(request: Request) -> Bytes {
    axum::body::to_bytes(request.into_body(), crate::body::MAX_BYTES).await.unwrap_or_default()
}

fn form(status: StatusCode, words: &'static str) -> Response {
    let mut response = page::filled("login.html", words);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Under `no-referrer` browsers say of a form that it comes from nowhere, as a foreign one would.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
