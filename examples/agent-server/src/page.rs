//! The page and its files, from inside the binary.

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

struct File {
    path: &'static str,
    media_type: &'static str,
    tag: &'static str,
    body: &'static [u8],
}

/// Made by `build.rs` of everything in `page/`.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// Nothing from elsewhere, except that the page may open a session on another server (`?server=wss://…`).
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The dashboard talks to its own server alone.
const POLICY_OF_DASHBOARD: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    // Names carry no version, so a browser asks each time and is mostly told that nothing has changed.
    (header::CACHE_CONTROL, "no-cache"),
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "microphone=(self), camera=(), geolocation=()"),
];

/// Where a page has room for words of the server's.
const WORDS: &str = "<!--words-->";

/// `GET /dashboard`: the operator's page.
pub(crate) async fn dashboard(method: Method, headers: HeaderMap) -> Response {
    let mut response = file(method, Uri::from_static("/dashboard/index.html"), headers).await;
    let policy = HeaderValue::from_static(POLICY_OF_DASHBOARD);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Answers whatever no other route does: a file of the page, or 404.
pub(crate) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return Problem::not_found().into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "only GET and HEAD");
        return problem.with_headers(&[("allow", "GET, HEAD")]).into_response();
    }
    let mut response = if is_known(&headers, file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, file.media_type)], file.body).into_response()
    };
    response.headers_mut().insert(header::ETAG, HeaderValue::from_static(file.tag));
    dress(&mut response);
    response
}

/// A file of the page, an HTML one, with these words in the place it has for them.
pub(crate) fn filled(path: &str, words: &'static str) -> Response {
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return Problem::not_found().into_response();
    };
    let text = String::from_utf8_lossy(file.body).replace(WORDS, words);
    let mut response = ([(header::CONTENT_TYPE, file.media_type)], text).into_response();
    dress(&mut response);
    response
}

/// What every answer says that is a page or a part of one.
fn dress(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known.trim_start_matches("W/") == tag || known == "*")
}
