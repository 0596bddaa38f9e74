//! `POST /api/tokens`: an operator has a token made.

use super::claims::is_name;
use super::{Claims, Tokens};
use crate::clock::unix_seconds;
use crate::guard::Origin;
use crate::problem::Problem;
use crate::random;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::num::NonZeroU32;

/// How long a token is good for: unless said, and at most, in s.
const USUAL_S: u64 = 3_600;
const LONGEST_S: u64 = 30 * 24 * 3_600;

/// What the token is to be good for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wish {
    user: Option<String>,
    ttl_s: Option<u64>,
    max_sessions: Option<NonZeroU32>,
    max_uses: Option<NonZeroU32>,
    origin: Option<String>,
}

impl Wish {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let bad = |code, message| Problem::new(StatusCode::BAD_REQUEST, code, message);
        let value: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| bad("bad_json", format!("the body is not a JSON object: {error}")))?;
        let wish: Self =
            serde_json::from_value(Value::Object(value)).map_err(|error| bad("bad_value", error.to_string()))?;
        let wrong = if wish.ttl_s.is_some_and(|ttl| !(1..=LONGEST_S).contains(&ttl)) {
            Some(format!("ttl_s must be from 1 to {LONGEST_S}"))
        } else if wish.user.as_deref().is_some_and(|user| !is_name(user)) {
            Some("user must have 1 to 256 characters, none of them a control character".to_owned())
        } else if wish.origin.as_deref().is_some_and(|origin| origin.parse::<Origin>().is_err()) {
            Some("origin must be one such as https://voice.example".to_owned())
        } else {
            None
        };
        wrong.map_or(Ok(wish), |message| Err(bad("bad_value", message)))
    }
}

type Minted = (StatusCode, [(HeaderName, &'static str); 1], Json<Value>);

/// Makes a token and tells it, this once.
pub(crate) async fn mint(State(state): State<AppState>, body: Bytes) -> Result<Minted, Problem> {
    let wish = Wish::read(&body)?;
    let claims = state.tokens.claims(wish, unix_seconds())?;
    let token = state.tokens.sign(&claims)?;
    tracing::info!(token = claims.id, expires = claims.expires, "made a session token");
    let answer = json!({ "token": token, "id": claims.id, "expires_at": claims.expires });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

impl Tokens {
    fn claims(&self, wish: Wish, now: u64) -> Result<Claims, Problem> {
        let id = random::token().map_err(|error| Problem::unavailable(&error))?;
        Ok(Claims {
            id,
            expires: now.saturating_add(wish.ttl_s.unwrap_or(USUAL_S)),
            begins: now,
            made: now,
            audience: self.settings.audience.clone(),
            user: wish.user,
            max_sessions: wish.max_sessions,
            max_uses: wish.max_uses,
            origin: wish.origin,
        })
    }

    fn sign(&self, claims: &Claims) -> Result<String, Problem> {
        let Some(key) = self.settings.key.as_ref().filter(|key| key.encoding.is_some()) else {
            let message = "this server makes no tokens: set TOKEN_SECRET or TOKEN_KEY";
            return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", message));
        };
        claims.sign(key).map_err(|error| Problem::unavailable(&error))
    }
}
