//! The operator in a browser.

use crate::support::{Answer, Request, TestServer};
use serde_json::json;

const FORM: &str = "application/x-www-form-urlencoded";

fn own(server: &TestServer) -> String {
    format!("http://{}", server.address)
}

fn log_in(server: &TestServer, token: &str) -> Request {
    let form = format!("token={token}");
    server.request("POST", "/login").header("origin", &own(server)).header("content-type", FORM).body(form)
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_once_gives_a_cookie_that_opens_dashboard_and_api() {
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret+&")]).await;
    let page = server.get("/dashboard").send().await;
    assert_eq!((page.status, page.header("location")), (303, Some("/login")));
    let form = server.get("/login").send().await;
    assert_eq!(form.status, 200);
    assert!(form.text().contains("<form method=\"post\" action=\"/login\">"));
    assert!(form.header("content-security-policy").unwrap().contains("form-action 'self'"));
    assert_eq!(
        (form.header("cache-control"), form.header("x-content-type-options")),
        (Some("no-store"), Some("nosniff"))
    );

    let welcome = log_in(&server, "s3cret%2B%26").send().await;
    assert_eq!((welcome.status, welcome.header("location")), (303, Some("/dashboard")));
    let set = welcome.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(set.split("; ").any(|part| part == attribute), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("s3cret"), "{set}");
    let cookie = cookie(&welcome);
    assert_eq!(server.get("/dashboard").header("cookie", &cookie).send().await.status, 200);
    let both = format!("theme=dark; {cookie}");
    assert_eq!(server.get("/api/sessions").header("cookie", &both).send().await.status, 200);

    let bye = server.request("POST", "/logout").header("origin", &own(&server)).header("cookie", &cookie).send().await;
    assert_eq!((bye.status, bye.header("location")), (303, Some("/login")));
    assert!(bye.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(server.get("/api/sessions").header("cookie", &cookie).send().await.status, 401);
}

#[tokio::test]
async fn the_cookie_counts_for_what_our_own_pages_ask() {
    let trusted = "https://voice.example";
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret"), ("ALLOWED_ORIGINS", trusted)]).await;
    let cookie = cookie(&log_in(&server, "s3cret").send().await);
    let mut client = server.connect().await;
    client.send(json!({ "type": "start" })).await;
    let path = format!("/api/sessions/{}", client.ready().await["session"].as_str().unwrap());
    for (method, origin, status) in [
        ("GET", None, 200),
        ("GET", Some(own(&server)), 200),
        ("GET", Some(trusted.to_owned()), 401),
        ("GET", Some("https://evil.example".to_owned()), 403),
        ("DELETE", None, 401),
        ("DELETE", Some(trusted.to_owned()), 401),
        ("DELETE", Some("null".to_owned()), 403),
        ("DELETE", Some(own(&server)), 204),
    ] {
        let request = server.request(method, &path).header("cookie", &cookie);
        let request = match &origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        assert_eq!(request.send().await.status, status, "{method} from {origin:?}");
    }
    let bearer = server.get("/api/sessions").header("origin", trusted).header("authorization", "Bearer s3cret");
    assert_eq!(bearer.send().await.status, 200, "a token is no cookie: who has it may use it anywhere");
    let elsewhere = log_in(&server, "s3cret").header("origin", trusted).send().await;
    assert_eq!(elsewhere.status, 403, "nobody logs a browser in from another page");
    for wrong in ["voice_agent_operator=", "voice_agent_operator=00", "other=1", "voice_agent_operator"] {
        assert_eq!(server.get("/api/sessions").header("cookie", wrong).send().await.status, 401, "{wrong}");
    }
}

#[tokio::test]
async fn ten_wrong_tokens_are_enough_for_a_minute_and_keep_no_operator_out() {
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let wrong = log_in(&server, "guess").send().await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("That is not the token."), "{}", wrong.text());
    for _ in 0..4 {
        assert_eq!(log_in(&server, "guess").send().await.status, 401);
        let guess = server.get("/api/sessions").header("authorization", "Bearer guess").send().await;
        assert_eq!(guess.status, 401, "guesses at the API count as well");
    }
    log_in(&server, "guess").send().await;
    let late = log_in(&server, "guess").send().await;
    assert_eq!(late.status, 429);
    assert!(late.header("retry-after").is_some() && late.header("set-cookie").is_none());
    let ask = |token: &str| server.get("/api/sessions").header("authorization", &format!("Bearer {token}")).send();
    let late = ask("guess").await;
    assert_eq!((late.status, late.code().as_str()), (429, "too_many_attempts"));
    let other = log_in(&server, "guess").header("x-forwarded-for", "9.9.9.9").send().await;
    assert_eq!(other.status, 401, "other addresses are not touched");
    assert_eq!(log_in(&server, "s3cret").send().await.status, 303, "whoever shares the address keeps nobody out");
    assert_eq!(ask("s3cret").await.status, 200);
    assert_eq!(ask("guess").await.status, 429, "nor does the right one help those who guess");
}

#[tokio::test]
async fn requests_of_others_use_up_none_of_the_operators() {
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret"), ("REQUESTS_PER_MINUTE", "3")]).await;
    let cookie = cookie(&log_in(&server, "s3cret").send().await);
    // One of the three was the login.
    for path in ["/api/examples", "/api/examples", "/api/examples", "/metrics", "/dashboard"] {
        server.get(path).header("authorization", "Bearer guess").send().await;
    }
    assert_eq!(server.get("/api/examples").send().await.status, 429);
    for path in ["/metrics", "/dashboard"] {
        let guess = server.get(path).header("authorization", "Bearer guess").send().await;
        assert_eq!((guess.status, guess.code().as_str()), (429, "too_many_requests"), "{path} can be guessed at too");
    }
    let bearer = |path| server.get(path).header("authorization", "Bearer s3cret").send();
    assert_eq!([bearer("/metrics").await.status, bearer("/api/sessions").await.status], [200, 200]);
    assert_eq!(server.get("/dashboard").header("cookie", &cookie).send().await.status, 200);
    assert_eq!(bearer("/api/sessions").await.status, 429, "the operator's are counted as well");
}

#[tokio::test]
async fn a_form_that_is_none_is_answered_with_the_form() {
    let server = TestServer::start(&[("ADMIN_TOKEN", "s3cret")]).await;
    for body in ["", "token", "password=s3cret", "\u{fffd}%%%"] {
        let answer = server.request("POST", "/login").body(body).send().await;
        assert!([400, 401].contains(&answer.status), "{body:?}: {}", answer.status);
        assert!(answer.text().contains("<form"), "{body:?}");
    }
    let big = server.request("POST", "/login").body("x".repeat(70_000)).send().await;
    assert_eq!((big.status, big.code().as_str()), (413, "too_big"));
}

#[tokio::test]
async fn without_a_token_the_loopback_needs_no_login_and_others_get_none() {
    let open = TestServer::start(&[]).await;
    let login = open.get("/login").send().await;
    assert_eq!((login.status, login.header("location")), (303, Some("/dashboard")));
    assert_eq!(open.get("/dashboard").send().await.status, 200);
    let closed = TestServer::start(&[("HOST", "0.0.0.0")]).await;
    for path in ["/login", "/dashboard"] {
        assert_eq!(closed.get(path).send().await.status, 403, "{path}");
    }
    assert_eq!(log_in(&closed, "").send().await.status, 401);
}
