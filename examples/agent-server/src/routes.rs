//! Which path does what.

use crate::problem::Problem;
use crate::state::AppState;
use crate::{admission, api, body, guard, health, login, metrics, page, tokens, traces, users, visitor, ws};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post, put};

/// The whole HTTP interface.
pub fn app(state: AppState) -> Router {
    let router = Router::new();
    #[cfg(feature = "fakes")]
    let router = router.route("/echo", get(ws::echo));
    router
        .route("/ws", get(ws::upgrade))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/api/examples", get(api::examples))
        .nest("/api/sessions", sessions(&state))
        .nest("/api/users", users(&state))
        .nest("/api/tokens", tokens(&state))
        .merge(logins(&state))
        .merge(dashboard(&state))
        .merge(watching(&state))
        .route("/v1/realtime", get(not_built))
        .route("/webrtc", post(not_built))
        .route("/twilio", get(not_built))
        .fallback(page::file)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .layer(middleware::from_fn_with_state(state.clone(), admission::limit_requests))
        .layer(middleware::from_fn_with_state(state.clone(), visitor::identify))
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .with_state(state)
}

/// What an operator may see and do; behind the token.
fn sessions(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", get(api::list))
        .route("/{id}", get(api::show).delete(api::end))
        .route("/{id}/context", put(api::set_context))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), body::whole))
        .layer(middleware::from_fn_with_state(state.clone(), login::authorise))
        .layer(middleware::from_fn_with_state(state.clone(), traces::trace))
}

/// What a monitor and the dashboard read; behind the token too.
fn watching(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/metrics", get(metrics::show))
        .route("/api/metrics/history", get(api::history))
        .route("/api/errors", get(api::errors))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), login::authorise))
}

/// Session tokens, made for an operator.
fn tokens(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/", post(tokens::mint))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), body::whole))
        .layer(middleware::from_fn_with_state(state.clone(), login::authorise))
}

/// How an operator gets and gives back the cookie that opens the dashboard.
fn logins(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), body::whole))
}

/// The operator's page.
fn dashboard(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/dashboard", get(page::dashboard))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), login::authorise_page))
}

/// What is remembered of users; behind the token as well.
fn users(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/{user}/memory", get(users::show).delete(users::erase))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), login::authorise))
}

async fn not_built() -> Problem {
    Problem::not_built()
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take that method")
}
