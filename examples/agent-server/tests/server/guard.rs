//! Who may talk to the server.

use crate::support::{Client, TestServer};

#[tokio::test]
async fn only_names_of_this_server_are_answered() {
    let server = TestServer::start(&[("ALLOWED_ORIGINS", "https://voice.example")]).await;
    let port = server.address.port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("localhost".into(), 200),
        ("voice.example".into(), 200),
        (format!("rebound.example:{port}"), 403),
        (format!("localhost.rebound.example:{port}"), 403),
        (format!("192.168.1.5:{port}"), 403),
        ("localhost:x".into(), 400),
        ("user@localhost".into(), 400),
        (String::new(), 400),
    ] {
        for path in ["/", "/healthz", "/api/sessions"] {
            let answer = server.get(path).header("host", &host).send().await;
            assert_eq!(answer.status, status, "{path} at {host:?}");
        }
    }
    let none = server.get("/").without("host").send().await;
    assert_eq!((none.status, none.code().as_str()), (400, "bad_host"));
    let two = server.get("/").also("host", "rebound.example").send().await;
    assert_eq!((two.status, two.code().as_str()), (400, "bad_host"));
    let proxied = server.get("http://rebound.example/").send().await;
    assert_eq!((proxied.status, proxied.code().as_str()), (403, "host_not_allowed"));
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = TestServer::start(&[("ALLOWED_ORIGINS", "https://voice.example, http://other.example:8080")]).await;
    let address = server.address.to_string();
    let own = format!("http://{address}");
    for (origin, allowed) in [
        (None, true),
        (Some(own.as_str()), true),
        (Some("https://voice.example"), true),
        (Some("HTTPS://VOICE.EXAMPLE:443"), true),
        (Some("http://other.example:8080"), true),
        (Some("http://voice.example"), false),
        (Some("http://other.example"), false),
        (Some("https://evil.example"), false),
        (Some("http://127.0.0.1:1"), false),
        (Some("null"), false),
        (Some(""), false),
    ] {
        let mut request = server.get("/api/examples");
        let mut headers = Vec::new();
        if let Some(origin) = origin {
            request = request.header("origin", origin);
            headers.push(("origin", origin));
        }
        let answer = request.send().await;
        assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{origin:?}");
        let upgraded = Client::try_connect(server.address, &headers).await.map(drop);
        assert_eq!(upgraded, if allowed { Ok(()) } else { Err(403) }, "{origin:?}");
    }
    let https = format!("https://{address}");
    assert_eq!(server.get("/").header("origin", &https).send().await.status, 403);
    let same_by_name = format!("http://localhost:{}", server.address.port());
    let host = format!("localhost:{}", server.address.port());
    assert_eq!(server.get("/").header("origin", &same_by_name).header("host", &host).send().await.status, 200);
    let two = server.get("/").also("origin", &own).also("origin", "https://evil.example").send().await;
    assert_eq!((two.status, two.code().as_str()), (403, "origin_not_allowed"));
}

#[tokio::test]
async fn a_trusted_page_elsewhere_can_read_the_answers() {
    let server = TestServer::start(&[("ALLOWED_ORIGINS", "https://voice.example")]).await;
    let read = server.get("/api/sessions").header("origin", "https://voice.example").send().await;
    assert_eq!(read.header("access-control-allow-origin"), Some("https://voice.example"));
    let asked = server
        .request("OPTIONS", "/api/sessions/x/context")
        .header("origin", "https://voice.example")
        .header("access-control-request-method", "PUT")
        .send()
        .await;
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-methods").unwrap().contains("PUT"));
    let own = server.get("/api/sessions").send().await;
    assert_eq!(own.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let server = TestServer::start(&[]).await;
    let upgrade = || server.handshake();
    for (request, status) in [
        (upgrade().header("sec-websocket-version", "8"), 426),
        (upgrade().without("sec-websocket-version"), 426),
        (upgrade().header("sec-websocket-key", "short"), 400),
        (upgrade().without("sec-websocket-key"), 400),
        (upgrade().header("upgrade", "h2c"), 426),
    ] {
        assert_eq!(request.send().await.status, status);
    }
}
