//! What the log keeps to itself.
#![cfg(unix)]

use crate::process::Process;
use crate::support::{Client, Redis, Request};
use serde_json::{Value, json};

const ADMIN: &str = "admin-9d1f";
const PASSWORD: &str = "hush-4c2a";
const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

#[tokio::test]
async fn no_key_no_token_and_no_word_is_in_the_log_at_any_level() {
    // Where it is installed; the rest holds without as well.
    let redis = Redis::start_locked(PASSWORD).await;
    let url = redis.as_ref().map(|redis| redis.url().replace("://", &format!("://:{PASSWORD}@"))).unwrap_or_default();
    let variables = [
        ("LOG", "trace"),
        ("ADMIN_TOKEN", ADMIN),
        ("TOKEN_SECRET", SECRET),
        ("REQUIRE_TOKEN", "1"),
        ("TAVILY_API_KEY", "tv-77ab"),
        ("REDIS_URL", &url),
        ("USER_MEMORY_TTL", "60"),
    ];
    let (mut process, address) = Process::start(&variables).await;
    let bearer = format!("Bearer {ADMIN}");
    let mint = Request::new(address, "POST", "/api/tokens").header("authorization", &bearer);
    let minted = mint.body(r#"{"user":"ada-lovelace-1815","max_uses":9}"#).send().await;
    let token = minted.json()["token"].as_str().unwrap().to_owned();
    let signature = token.rsplit('.').next().unwrap().to_owned();

    let form = format!("token={ADMIN}");
    let login = Request::new(address, "POST", "/login").body(form).send().await;
    let cookie = login.header("set-cookie").unwrap().split([';', '=']).nth(1).unwrap().to_owned();
    Request::new(address, "POST", "/login").body("token=a-wrong-guess").send().await;
    Request::new(address, "GET", "/api/sessions").header("authorization", "Bearer another-guess").send().await;
    let sent = format!("voice_agent_operator={cookie}");
    assert_eq!(Request::new(address, "GET", "/api/sessions").header("cookie", &sent).send().await.status, 200);

    for (method, path) in [
        ("GET", format!("/api/sessions?token={ADMIN}")),
        ("GET", format!("/ws?token={token}")),
        ("GET", format!("/nowhere?key={SECRET}")),
        ("POST", format!("/logout?next={token}")),
    ] {
        let sent = format!("voice_agent_operator={cookie}x");
        let request = Request::new(address, method, &path).header("cookie", &sent);
        assert!(request.header("origin", "https://evil.example").send().await.status >= 400, "{path}");
    }
    let protocols = format!("voice-agent, token.{token}");
    let carried = [("sec-websocket-protocol", protocols.as_str())];
    let forged = format!("{protocols}x");
    assert_eq!(Client::try_connect(address, &[("sec-websocket-protocol", &forged)]).await.err(), Some(401));
    let mut client = Client::try_connect(address, &carried).await.unwrap();
    client.send(json!({ "type": "start", "user": "ada-lovelace-1815", "instructions": "whisper marmalade", "context": "likes quinces" })).await;
    let ready = client.ready().await;
    client.ask("what is two times nine").await;
    client.send_text("{\"type\":\"text\",\"text\":\"broken pomegranate").await;
    client.error().await;
    let change = Request::new(address, "PUT", &format!("/api/sessions/{}/context", ready["session"].as_str().unwrap()));
    let change = change.header("authorization", &bearer).body(r#"{"context":"hates tangerines"}"#);
    assert_eq!(change.send().await.status, 204);
    client.vanish();
    let mut again = Client::try_connect_to(address, "/ws?resume=1", &carried).await.unwrap();
    again.send(json!({ "type": "start", "resume": ready["resume"] })).await;
    again.ready().await;
    again.ask("what is two times ten").await;
    if let Some(mut redis) = redis {
        // What is said of an outage, and of the way back, is said with the address at hand.
        redis.kill();
        again.ask("what is two times four").await;
        process.until("Redis cannot be reached: sessions go on with what this server remembers").await;
    }
    again.send(json!({ "type": "end" })).await;
    again.closed().await;
    process.signal("-TERM");
    process.end().await;

    let whole = process.log.iter().map(Value::to_string).collect::<String>();
    assert!(whole.contains("session opened") && whole.contains("refused"), "the log was on: {whole}");
    let resume = ready["resume"].as_str().unwrap();
    for secret in
        [ADMIN, SECRET, PASSWORD, "tv-77ab", &token, &signature, &cookie, resume, "a-wrong-guess", "another-guess"]
    {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
    for words in ["two times", "eighteen", "twenty", "marmalade", "quinces", "pomegranate", "tangerines", "lovelace"] {
        assert!(!whole.contains(words), "{words}: {whole}");
    }
}
