//! Session tokens: what lets a client in whom this server does not know.
//!
//! A token is a JSON Web Token (RFC 7519) that somebody who holds the key has signed: this server for an operator, or
//! another service. It says for whom it vouches and what it is good for. Nobody is asked when it is shown.

mod carried;
mod claims;
mod everywhere;
mod key;
mod ledger;
mod mint;
mod ring;

pub(crate) use carried::{Carried, bearer};
pub(crate) use claims::Claims;
pub(crate) use everywhere::{carry, claim};
pub use key::TokenKey;
use ledger::Ledger;
pub(crate) use ledger::{Spent, Use};
pub(crate) use mint::mint;

use crate::config::TokenSettings;
use crate::guard::Origin;
use crate::problem::Problem;
use axum::http::{HeaderMap, StatusCode, header};
use claims::Worthless;
use std::sync::Arc;

/// Checks tokens and counts what they are used for.
pub(crate) struct Tokens {
    settings: TokenSettings,
    ledger: Ledger,
}

impl Tokens {
    pub(crate) fn new(settings: TokenSettings) -> Self {
        Self { settings, ledger: Ledger::default() }
    }

    /// Whether nobody comes in without one.
    pub(crate) fn required(&self) -> bool {
        self.settings.required
    }

    /// The claims of the token that a request carries. A server without a key looks at none.
    ///
    /// Whoever comes back to a session may do so with a token that has ended since: it opened the session in time.
    ///
    /// # Errors
    /// It carries none and should, or one that is worth nothing here.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        coming_back: bool,
        now: u64,
    ) -> Result<Option<Arc<Claims>>, Problem> {
        let Some(key) = &self.settings.key else { return Ok(None) };
        let refused = |status, code, message: &str| Problem::new(status, code, message);
        let unauthorised = |code, message| {
            refused(StatusCode::UNAUTHORIZED, code, message).with_headers(&[("www-authenticate", "Bearer")])
        };
        let token = match Carried::of(headers).token {
            Ok(None) if self.settings.required => {
                return Err(unauthorised("token_required", "this server wants a session token"));
            }
            Ok(None) => return Ok(None),
            Ok(Some(token)) => token,
            Err(()) => return Err(unauthorised("token_invalid", "the request carries two different tokens")),
        };
        let claims = Claims::read(token, key, &self.settings.audience, now);
        let claims = match claims {
            Ok(claims) if claims.ended(now) && !coming_back => Err(Worthless::Expired),
            claims => claims,
        };
        let claims = claims.map_err(|worthless| match worthless {
            Worthless::Invalid => unauthorised("token_invalid", "the token is not one of this server's"),
            Worthless::Audience => unauthorised("token_audience", "the token is meant for another service"),
            Worthless::Early => unauthorised("token_early", "the token has not begun"),
            Worthless::Expired => unauthorised("token_expired", "the token has ended"),
        })?;
        if is_of_its_page(&claims, headers) {
            Ok(Some(Arc::new(claims)))
        } else {
            Err(refused(StatusCode::FORBIDDEN, "token_origin", "the token is for pages of another origin"))
        }
    }
}

fn is_of_its_page(claims: &Claims, headers: &HeaderMap) -> bool {
    let Some(wanted) = &claims.origin else { return true };
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let (origin, wanted) = (origin.map(str::parse::<Origin>), wanted.parse::<Origin>());
    matches!((origin, wanted), (Some(Ok(origin)), Ok(wanted)) if origin == wanted)
}
