//! Session tokens: who gets in with one, who does not, and how often.

use crate::support::{Answer, Client, Folder, PATIENCE, TestServer};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use std::time::Duration;

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
const WANTED: [(&str, &str); 2] = [("TOKEN_SECRET", SECRET), ("REQUIRE_TOKEN", "1")];

/// Has the server make a token.
async fn minted(server: &TestServer, wish: Value) -> String {
    let answer = server.request("POST", "/api/tokens").body(wish.to_string()).send().await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// A client that carries the token as a page does.
async fn enter(server: &TestServer, path: &str, token: &str) -> Result<Client, u16> {
    let protocols = format!("voice-agent, token.{token}");
    Client::try_connect_to(server.address, path, &[("sec-websocket-protocol", &protocols)]).await
}

/// A session of this token, with its `ready`.
async fn begin(server: &TestServer, token: &str) -> (Client, Value) {
    let mut client = enter(server, "/ws", token).await.unwrap();
    client.send(json!({ "type": "start" })).await;
    let ready = client.ready().await;
    (client, ready)
}

/// The answer to a handshake with this token.
async fn shown(server: &TestServer, token: &str) -> Answer {
    server.handshake().header("sec-websocket-protocol", &format!("voice-agent, token.{token}")).send().await
}

fn claims() -> Value {
    let now = get_current_timestamp();
    json!({ "jti": "one", "aud": "voice-agent", "exp": now + 60, "nbf": now, "iat": now })
}

/// The claims with some of them changed, or taken out by `null`.
fn signed(changes: Value) -> String {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

#[tokio::test]
async fn a_token_is_carried_as_a_protocol_or_as_a_bearer() {
    let server = TestServer::start(&WANTED).await;
    let token = minted(&server, json!({ "user": "ada" })).await;
    let (mut page, _) = begin(&server, &token).await;
    page.ask("hello").await;
    let bearer = format!("Bearer {token}");
    let mut program = Client::try_connect(server.address, &[("authorization", &bearer)]).await.unwrap();
    program.ready().await;

    let without = server.handshake().send().await;
    assert_eq!((without.status, without.code().as_str()), (401, "token_required"));
    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
    assert_eq!(server.get("/readyz").send().await.json()["token"], "required");
}

#[tokio::test]
async fn where_none_is_required_one_that_is_shown_still_has_to_be_right() {
    let server = TestServer::start(&WANTED[..1]).await;
    server.begin(json!({ "type": "start" })).await;
    assert_eq!(shown(&server, "nonsense").await.code(), "token_invalid");
    let careless = TestServer::start(&[]).await;
    let mut client = enter(&careless, "/ws", "nonsense").await.expect("a server without a key looks at none");
    client.ready().await;
}

#[tokio::test]
async fn a_token_that_is_not_right_in_every_way_is_refused() {
    let server = TestServer::start(&WANTED).await;
    let now = get_current_timestamp();
    let right = signed(json!({}));
    let (head, rest) = right.split_once('.').unwrap();
    let (body, _) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
    let foreign = EncodingKey::from_secret(b"another-secret-of-thirty-two-bytes");
    let foreign = encode(&Header::new(Algorithm::HS256), &claims(), &foreign).unwrap();
    let mut critical = Header::new(Algorithm::HS256);
    critical.crit = Some(vec!["exp".into()]);
    let critical = encode(&critical, &claims(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    for (token, status, code) in [
        (signed(json!({ "exp": now - 1 })), 401, "token_expired"),
        (signed(json!({ "exp": 0 })), 401, "token_expired"),
        (signed(json!({ "nbf": now + 120 })), 401, "token_early"),
        (signed(json!({ "aud": "another" })), 401, "token_audience"),
        (signed(json!({ "aud": ["another", "third"] })), 401, "token_audience"),
        (signed(json!({ "aud": null })), 401, "token_invalid"),
        (signed(json!({ "exp": null })), 401, "token_invalid"),
        (signed(json!({ "exp": "soon" })), 401, "token_invalid"),
        (signed(json!({ "exp": -1 })), 401, "token_invalid"),
        (signed(json!({ "jti": null })), 401, "token_invalid"),
        (signed(json!({ "jti": "" })), 401, "token_invalid"),
        (signed(json!({ "sub": "a\nb" })), 401, "token_invalid"),
        (signed(json!({ "sub": 7 })), 401, "token_invalid"),
        (signed(json!({ "max_sessions": 0 })), 401, "token_invalid"),
        (signed(json!({ "max_uses": "many" })), 401, "token_invalid"),
        (signed(json!({ "sub": "x".repeat(5_000) })), 401, "token_invalid"),
        (signed(json!({ "origin": "https://voice.example" })), 403, "token_origin"),
        (none.clone(), 401, "token_invalid"),
        (none.trim_end_matches('.').to_owned(), 401, "token_invalid"),
        (format!("{head}.{body}."), 401, "token_invalid"),
        (foreign, 401, "token_invalid"),
        (critical, 401, "token_invalid"),
        (String::new(), 401, "token_invalid"),
        ("..".into(), 401, "token_invalid"),
        (format!("{right}, token.{}", signed(json!({ "jti": "two" }))), 401, "token_invalid"),
    ] {
        let answer = shown(&server, &token).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{token}");
    }
    begin(&server, &right).await;
    begin(&server, &signed(json!({ "aud": ["another", "voice-agent"], "iss": "somebody", "nbf": null }))).await;
}

#[tokio::test]
async fn a_key_has_one_algorithm_whatever_a_token_says() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let folder = Folder::new("token-keys");
    let private = folder.write("private.pem", &pair.serialize_pem());
    let public = folder.write("public.pem", &pair.public_key_pem());
    let maker = TestServer::start(&[("TOKEN_KEY", private.to_str().unwrap())]).await;
    let checker = TestServer::start(&[("TOKEN_PUBLIC_KEY", public.to_str().unwrap()), ("REQUIRE_TOKEN", "1")]).await;
    let token = minted(&maker, json!({})).await;
    begin(&maker, &token).await;
    begin(&checker, &token).await;
    let refused = checker.request("POST", "/api/tokens").body("{}").send().await;
    assert_eq!((refused.status, refused.code().as_str()), (501, "not_implemented"));

    // A public key is known to everybody: as a secret it must be worth nothing.
    let raw = pair.public_key_raw().to_vec();
    let pem = pair.public_key_pem().into_bytes();
    for secret in [raw, pem.trim_ascii().to_vec(), pem] {
        let forged = encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(shown(&checker, &forged).await.code(), "token_invalid");
    }
    assert_eq!(shown(&checker, &signed(json!({}))).await.code(), "token_invalid");
}

#[tokio::test]
async fn a_token_opens_so_many_sessions_at_once() {
    let server = TestServer::start(&WANTED).await;
    let token = minted(&server, json!({ "max_sessions": 1 })).await;
    let (mut client, _) = begin(&server, &token).await;
    let refused = shown(&server, &token).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "token_busy"));
    assert!(refused.header("retry-after").is_some());
    begin(&server, &minted(&server, json!({ "max_sessions": 1 })).await).await;
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    let free = async { while enter(&server, "/ws", &token).await.is_err() {} };
    tokio::time::timeout(PATIENCE, free).await.expect("a session that ended counts no more");
}

#[tokio::test]
async fn a_token_that_was_used_up_is_worth_nothing_but_coming_back() {
    let server = TestServer::start(&WANTED).await;
    let token = minted(&server, json!({ "max_uses": 1 })).await;
    let (client, ready) = begin(&server, &token).await;
    let replayed = shown(&server, &token).await;
    assert_eq!((replayed.status, replayed.code().as_str()), (403, "token_used_up"));
    client.vanish();

    let mut again = enter(&server, "/ws?resume=1", &token).await.unwrap();
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
    again.send(json!({ "type": "end" })).await;
    again.closed().await;
    assert_eq!(shown(&server, &token).await.code(), "token_used_up");
    let mut liar = enter(&server, "/ws?resume=1", &token).await.unwrap();
    liar.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(liar.of_type("bye").await.json()["reason"], "limit");
    assert!(liar.seen.iter().all(|frame| frame.kind() != "ready"));
}

#[tokio::test]
async fn a_session_outlives_its_token() {
    let server = TestServer::start(&WANTED).await;
    let token = minted(&server, json!({ "ttl_s": 1 })).await;
    let (mut client, ready) = begin(&server, &token).await;
    let ended = async {
        // Until then it opens further sessions.
        while enter(&server, "/ws", &token).await.err() != Some(401) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("a second passes");
    assert_eq!(shown(&server, &token).await.code(), "token_expired");
    client.ask("hello").await;
    client.vanish();
    let mut again = enter(&server, "/ws?resume=1", &token).await.unwrap();
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
    let mut liar = enter(&server, "/ws?resume=1", &token).await.unwrap();
    liar.send(json!({ "type": "start" })).await;
    assert_eq!(liar.next().await.json(), &json!({ "type": "bye", "reason": "limit" }));
}

#[tokio::test]
async fn a_token_of_a_page_is_for_that_page() {
    let server =
        TestServer::start(&[WANTED[0], WANTED[1], ("ALLOWED_ORIGINS", "https://a.example, https://b.example")]).await;
    let token = minted(&server, json!({ "origin": "https://a.example" })).await;
    let protocols = format!("voice-agent, token.{token}");
    for (origin, status) in
        [(Some("https://a.example"), None), (Some("https://b.example"), Some(403)), (None, Some(403))]
    {
        let mut headers = vec![("sec-websocket-protocol", protocols.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(Client::try_connect(server.address, &headers).await.err(), status, "{origin:?}");
    }
}

#[tokio::test]
async fn a_session_of_a_user_is_nobody_elses() {
    let server = TestServer::start(&WANTED).await;
    let ada = minted(&server, json!({ "user": "ada" })).await;
    let (client, ready) = begin(&server, &ada).await;
    client.vanish();
    let bob = minted(&server, json!({ "user": "bob" })).await;
    let mut thief = enter(&server, "/ws", &bob).await.unwrap();
    thief.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_ne!(thief.ready().await["session"], ready["session"]);
    let mut again = enter(&server, "/ws", &minted(&server, json!({ "user": "ada" })).await).await.unwrap();
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    assert_eq!(again.ready().await["session"], ready["session"]);
}

#[tokio::test]
async fn a_token_may_be_shown_so_often_a_minute() {
    let server = TestServer::start(&[WANTED[0], ("UPGRADES_PER_MINUTE", "3"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let token = minted(&server, json!({})).await;
    let from = |last: u8| {
        let protocols = format!("voice-agent, token.{token}");
        let address = server.address;
        async move {
            let forwarded = format!("9.9.9.{last}");
            let headers = [("sec-websocket-protocol", protocols.as_str()), ("x-forwarded-for", forwarded.as_str())];
            Client::try_connect(address, &headers).await.err()
        }
    };
    assert_eq!([from(1).await, from(2).await, from(3).await, from(4).await], [None, None, None, Some(429)]);
}

#[tokio::test]
async fn tokens_are_made_for_the_operator_alone_and_say_what_was_asked() {
    let server = TestServer::start(&[WANTED[0], ("ADMIN_TOKEN", "s3cret")]).await;
    let ask =
        |body: &str| server.request("POST", "/api/tokens").body(body).header("authorization", "Bearer s3cret").send();
    assert_eq!(server.request("POST", "/api/tokens").body("{}").send().await.status, 401);
    assert_eq!(server.get("/api/tokens").header("authorization", "Bearer s3cret").send().await.status, 405);
    let answer = ask(r#"{"user":"ada","ttl_s":60,"max_sessions":2,"max_uses":5}"#).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let now = get_current_timestamp();
    assert!((now + 58..=now + 60).contains(&body["expires_at"].as_u64().unwrap()), "{body}");
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(body["token"].as_str().unwrap()).unwrap().claims;
    assert_eq!(claims["jti"], body["id"]);
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!("voice-agent"), &json!("ada")));
    assert_eq!((&claims["max_sessions"], &claims["max_uses"]), (&json!(2), &json!(5)));
    assert_eq!(claims["exp"], body["expires_at"]);
    for (body, code) in [
        ("", "bad_json"),
        ("[]", "bad_json"),
        (r#"{"ttl_s":0}"#, "bad_value"),
        (r#"{"ttl_s":99999999}"#, "bad_value"),
        (r#"{"ttl_s":-1}"#, "bad_value"),
        (r#"{"user":""}"#, "bad_value"),
        (r#"{"user":"a\u0000"}"#, "bad_value"),
        (r#"{"max_sessions":0}"#, "bad_value"),
        (r#"{"origin":"voice.example"}"#, "bad_value"),
        (r#"{"admin":true}"#, "bad_value"),
    ] {
        let answer = ask(body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{body}");
    }
    let keyless = TestServer::start(&[]).await;
    assert_eq!(keyless.request("POST", "/api/tokens").body("{}").send().await.status, 501);
}

#[tokio::test]
async fn a_token_that_is_not_for_the_operator_opens_no_api() {
    let server = TestServer::start(&[WANTED[0], ("ADMIN_TOKEN", "s3cret")]).await;
    let bearer = format!("Bearer {}", signed(json!({})));
    assert_eq!(server.get("/api/sessions").header("authorization", &bearer).send().await.status, 401);
    let client = Client::try_connect(server.address, &[("authorization", "Bearer s3cret")]).await;
    assert_eq!(client.err(), Some(401), "nor is the admin token one for sessions");
}
