//! Sessions that outlive their server: another one goes on with them, with all that was said and nothing said twice.
#![cfg(unix)]

use crate::cloud::{Asked, groq, text};
use crate::process::Process;
use crate::support::{Client, Frame, Redis, TestServer, fakes, settings};
use agent_server::Providers;
use futures::stream::BoxStream;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmRequest};
use voice_core::testing::FakeLlm;
use voice_core::{Message, Result};

/// The model of the fakes, which remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Model {
    replies: FakeLlm,
    asked: Arc<Mutex<Vec<LlmRequest>>>,
}

/// A question that no model survives.
const POISON: &str = "Panic!";

impl Model {
    pub(crate) fn new(first_token: Duration) -> Self {
        let replies = FakeLlm::new(first_token, Duration::ZERO, "You said {}.").summing_up("They talked of fruit.");
        Self { replies, asked: Arc::default() }
    }

    pub(crate) fn last(&self) -> LlmRequest {
        self.asked.lock().unwrap().last().cloned().expect("it was asked")
    }
}

impl LlmProvider for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn generate(&self, request: LlmRequest, cx: CallContext) -> BoxStream<'static, Result<LlmEvent>> {
        assert_ne!(request.messages.last(), Some(&Message::user(POISON)), "this model was told to panic");
        self.asked.lock().unwrap().push(request.clone());
        self.replies.generate(request, cx)
    }
}

/// A server that shares this Redis, with that model.
pub(crate) async fn node(redis: &Redis, model: &Model) -> TestServer {
    node_with(&[("REDIS_URL", &redis.url())], model).await
}

pub(crate) async fn node_with(pairs: &[(&str, &str)], model: &Model) -> TestServer {
    let providers = Providers { llm: Some(Arc::new(model.clone())), ..fakes() };
    TestServer::with(&settings(pairs), providers).await
}

pub(crate) async fn begin(address: SocketAddr, start: Value) -> (Client, Value) {
    let mut client = Client::connect(address).await;
    client.send(start).await;
    let ready = client.ready().await;
    (client, ready)
}

pub(crate) fn resume(ready: &Value) -> Value {
    json!({ "type": "start", "resume": ready["resume"] })
}

fn ids(sessions: &Value) -> Vec<&Value> {
    sessions.as_array().expect("a list").iter().map(|session| &session["id"]).collect()
}

/// Waits until a store has what a session is: writing goes on behind the turn.
pub(crate) async fn written(redis: &Redis, what: &str) {
    for _ in 0..400 {
        if redis.dump().await.contains(what) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} is not kept: {}", redis.dump().await);
}

#[tokio::test]
async fn a_client_that_comes_back_to_another_server_goes_on_with_its_session() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (first, second) = (node(&redis, &model).await, node(&redis, &model).await);
    let start = json!({ "type": "start", "instructions": "Be brief.", "context": "It is noon." });
    let (mut client, ready) = begin(first.address, start).await;
    client.ask("apple").await;
    let (mut again, resumed) = begin(second.address, resume(&ready)).await;
    assert_eq!((&resumed["session"], &resumed["resume"]), (&ready["session"], &ready["resume"]));
    assert_eq!(client.closed().await, Some(1000), "the first connection ends without a word");
    assert!(client.seen.iter().all(|frame| frame.kind() != "bye"), "{:?}", client.seen);
    again.send(json!({ "type": "text", "text": "peach" })).await;
    assert_eq!(again.of_type("reply_end").await.json()["turn"], 2);
    let asked = model.last();
    assert_eq!((asked.instructions.as_deref(), asked.context.as_deref()), (Some("Be brief."), Some("It is noon.")));
    assert_eq!(asked.messages, [Message::user("apple"), Message::agent("You said apple."), Message::user("peach")]);
    let [here, there] = [&first, &second].map(|server| server.get("/api/sessions"));
    assert_eq!(here.send().await.json(), json!([]));
    assert_eq!(ids(&there.send().await.json()), [&ready["session"]]);
    // And back again.
    let (mut back, _) = begin(first.address, resume(&ready)).await;
    back.send(json!({ "type": "text", "text": "plum" })).await;
    assert_eq!(back.of_type("reply_end").await.json()["turn"], 3);
    assert_eq!(model.last().messages.len(), 5);
}

#[tokio::test]
async fn what_is_kept_holds_no_token_and_is_erased_with_the_session() {
    let Some(redis) = Redis::start().await else { return };
    let server = node(&redis, &Model::new(Duration::ZERO)).await;
    let (mut client, ready) = begin(server.address, json!({ "type": "start" })).await;
    client.ask("apple").await;
    written(&redis, "You said apple").await;
    let token = ready["resume"].as_str().unwrap();
    let secret = token.split_once('.').unwrap().1;
    assert!(!redis.dump().await.contains(secret), "{}", redis.dump().await);
    client.send(json!({ "type": "end" })).await;
    client.closed().await;
    written(&redis, "ended 1").await;
    assert!(!redis.dump().await.contains("apple"), "{}", redis.dump().await);
    let (_, fresh) = begin(server.address, resume(&ready)).await;
    assert_ne!(fresh["session"], ready["session"]);
}

#[tokio::test]
async fn a_token_that_is_nearly_right_opens_nothing() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (first, second) = (node(&redis, &model).await, node(&redis, &model).await);
    let (mut client, ready) = begin(first.address, json!({ "type": "start" })).await;
    client.ask("apple").await;
    written(&redis, "You said apple").await;
    let token = ready["resume"].as_str().unwrap();
    let wrong = format!("{}0", &token[..token.len() - 1]);
    let wrong = if wrong == token { format!("{}1", &token[..token.len() - 1]) } else { wrong };
    let (mut other, fresh) = begin(second.address, json!({ "type": "start", "resume": wrong })).await;
    assert_ne!(fresh["session"], ready["session"]);
    assert_eq!(other.error().await, "bad_value");
    client.ask("peach").await;
}

#[tokio::test]
async fn a_session_of_another_version_is_refused_and_not_misread() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (mut first, second) = (node(&redis, &model).await, node(&redis, &model).await);
    let (mut client, ready) = begin(first.address, json!({ "type": "start" })).await;
    client.ask("apple").await;
    first.shut_down();
    client.closed().await;
    first.ended().await;
    let key = format!("voice-agent:session:{}", ready["session"].as_str().unwrap());
    let mut connection = redis.connection().await;
    let mut command = redis::cmd("HSET");
    command.arg(&key).arg("data").arg(r#"{"v":2,"history":"elsewhere"}"#);
    command.query_async::<u32>(&mut connection).await.unwrap();
    let (mut again, fresh) = begin(second.address, resume(&ready)).await;
    assert_ne!(fresh["session"], ready["session"]);
    assert_eq!(again.error().await, "bad_value");
}

#[tokio::test]
async fn a_server_that_drains_lets_the_turn_end_and_another_one_goes_on() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let (mut first, second) = (node(&redis, &model).await, node(&redis, &model).await);
    let (mut client, ready) = begin(first.address, json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "one two three four five six seven" })).await;
    client.of_type("audio").await;
    first.shut_down();
    let frames = client.until(|frame| matches!(frame, Frame::Close(_))).await;
    let end = frames.iter().find(|frame| frame.kind() == "reply_end").expect("the reply ends").json();
    assert_eq!(
        (&end["interrupted"], &end["heard"]),
        (&json!(false), &json!("You said one two three four five six seven."))
    );
    assert_eq!(frames[frames.len() - 2].json(), &json!({ "type": "bye", "reason": "drain" }));
    assert_eq!(frames.last(), Some(&Frame::Close(1001)));
    // At once, as a page would: the other server waits until the first has written what there is.
    let (mut again, resumed) = begin(second.address, resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    again.send(json!({ "type": "text", "text": "and eight" })).await;
    assert_eq!(again.of_type("reply_end").await.json()["turn"], 2);
    assert_eq!(model.last().messages.len(), 3, "{:?}", model.last().messages);
    first.ended().await;
}

#[tokio::test]
async fn a_drain_waits_only_for_so_long() {
    let Some(redis) = Redis::start().await else { return };
    let model = Model::new(Duration::ZERO);
    let mut server = node_with(&[("REDIS_URL", &redis.url()), ("DRAIN_MS", "300")], &model).await;
    let (mut client, _) = begin(server.address, json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "word ".repeat(500) })).await;
    client.of_type("audio").await;
    server.shut_down();
    let frames = client.until(|frame| matches!(frame, Frame::Close(_))).await;
    let end = frames.iter().find(|frame| frame.kind() == "reply_end").expect("the reply ends").json();
    assert_eq!(end["interrupted"], true);
    server.ended().await;
}

#[tokio::test]
async fn a_session_whose_task_panics_is_taken_off_the_register_and_can_be_continued() {
    let model = Model::new(Duration::ZERO);
    let server = node_with(&[("MAX_SESSIONS", "2")], &model).await;
    let (mut other, _) = begin(server.address, json!({ "type": "start" })).await;
    let (mut client, ready) = begin(server.address, json!({ "type": "start" })).await;
    client.ask("apple").await;
    client.send(json!({ "type": "text", "text": POISON })).await;
    let frames = client.until(|frame| matches!(frame, Frame::Close(_))).await;
    let told = frames[frames.len() - 2].json();
    assert_eq!((&told["code"], &told["fatal"], &told["stage"]), (&json!("provider"), &json!(true), &json!("session")));
    assert_eq!(frames.last(), Some(&Frame::Close(1011)));
    let path = format!("/api/sessions/{}", ready["session"].as_str().unwrap());
    for _ in 0..400 {
        if server.get(&path).send().await.status == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.get(&path).send().await.status, 404, "it is off the register");
    other.ask("cherry").await;
    let (mut again, resumed) = begin(server.address, resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    again.ask("peach").await;
    assert_eq!(model.last().messages[..2], [Message::user("apple"), Message::agent("You said apple.")]);
}

/// Two server processes that share a Redis and a language model.
struct Cluster {
    redis: Redis,
    processes: Vec<Process>,
    addresses: Vec<SocketAddr>,
    asked: Asked,
    _tasks: JoinSet<()>,
}

impl Cluster {
    async fn start(answers: &[&[Value]], voice_ms: &str) -> Option<Self> {
        let redis = Redis::start().await?;
        let mut tasks = JoinSet::new();
        let (llm, asked) = groq(&mut tasks, answers).await;
        let (mut processes, mut addresses) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (process, address) = Process::start(&[
                ("REDIS_URL", &redis.url()),
                ("SESSION_TTL", "5"),
                ("STT", "fake"),
                ("LLM", "groq"),
                ("GROQ_API_KEY", "groq-key"),
                ("GROQ_BASE_URL", &llm),
                ("TTS", "fake"),
                ("FAKE_TTS_MS", voice_ms),
            ])
            .await;
            processes.push(process);
            addresses.push(address);
        }
        Some(Self { redis, processes, addresses, asked, _tasks: tasks })
    }

    fn prompts(&self) -> Vec<Vec<String>> {
        let said = |message: &Value| {
            format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap())
        };
        let prompt = |request: &Value| request["messages"].as_array().unwrap().iter().map(said).collect();
        self.asked.lock().unwrap().iter().map(prompt).collect()
    }
}

fn heard(frames: &[Frame]) -> Vec<(Value, Value)> {
    let ends = frames.iter().filter(|frame| frame.kind() == "reply_end");
    ends.map(|frame| (frame.json()["turn"].clone(), frame.json()["heard"].clone())).collect()
}

#[tokio::test]
async fn after_a_server_was_killed_the_next_turn_is_answered_by_another_with_all_that_was_said() {
    let answers: [&[Value]; 2] = [&[text("One.")], &[text("Two.")]];
    let Some(cluster) = Cluster::start(&answers, "0").await else { return };
    let (mut client, ready) = begin(cluster.addresses[0], json!({ "type": "start" })).await;
    client.ask("First question.").await;
    written(&cluster.redis, "One.").await;
    cluster.processes[0].signal("-KILL");
    let (mut again, resumed) = begin(cluster.addresses[1], resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    again.send(json!({ "type": "text", "text": "Second question." })).await;
    let frames = again.until(|frame| frame.kind() == "audio").await;
    // What the first server may have begun without having written it keeps its numbers.
    assert!(frames.iter().all(|frame| frame.kind() != "reply" || frame.json()["turn"] == 102), "{frames:?}");
    assert_eq!(heard(&again.until(|frame| frame.kind() == "reply_end").await), [(json!(102), json!("Two."))]);
    let prompt = cluster.prompts().pop().unwrap();
    let said = ["user: First question.", "assistant: One.", "user: Second question."];
    assert_eq!(prompt[prompt.len() - 3..], said, "nothing is forgotten and nothing is there twice");
}

#[tokio::test]
async fn a_question_whose_answer_had_not_begun_is_answered_by_the_other_server() {
    // The voice takes so long that the first server dies before it can be heard.
    let Some(cluster) = Cluster::start(&[&[text("One.")]], "1500").await else { return };
    let (mut client, ready) = begin(cluster.addresses[0], json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "First question." })).await;
    written(&cluster.redis, "First question.").await;
    cluster.processes[0].signal("-KILL");
    let (mut again, _) = begin(cluster.addresses[1], resume(&ready)).await;
    let frames = again.until(|frame| frame.kind() == "reply_end").await;
    assert_eq!(heard(&frames), [(json!(1), json!("One."))]);
    let finals = frames.iter().filter(|frame| frame.kind() == "transcript").count();
    assert_eq!(finals, 0, "its client has had the transcript");
    let questions = cluster.prompts().pop().unwrap();
    assert_eq!(questions.iter().filter(|said| said.starts_with("user:")).count(), 1, "{questions:?}");
}

#[tokio::test]
async fn a_reply_that_broke_off_in_mid_air_is_not_said_a_second_time() {
    let long = text("A long answer that takes some seconds to be said. And then it goes on for a while.");
    let answers: [&[Value]; 2] = [&[long], &[text("Two.")]];
    let Some(cluster) = Cluster::start(&answers, "0").await else { return };
    let (mut client, ready) = begin(cluster.addresses[0], json!({ "type": "start" })).await;
    client.send(json!({ "type": "text", "text": "First question." })).await;
    client.of_type("audio").await;
    // Nobody is owed an answer any more.
    written(&cluster.redis, "\"owed\":null,\"newest_turn\":1").await;
    cluster.processes[0].signal("-KILL");
    let (mut again, _) = begin(cluster.addresses[1], resume(&ready)).await;
    again.send(json!({ "type": "text", "text": "Second question." })).await;
    let frames = again.until(|frame| frame.kind() == "reply_end").await;
    assert_eq!(heard(&frames), [(json!(102), json!("Two."))]);
    assert!(frames.iter().all(|frame| frame.kind() != "reply" || frame.json()["turn"] == 102), "{frames:?}");
}

#[tokio::test]
async fn a_server_that_hung_finds_its_session_taken_over_and_lets_it_go() {
    let answers: [&[Value]; 2] = [&[text("One.")], &[text("Two.")]];
    let Some(cluster) = Cluster::start(&answers, "0").await else { return };
    let (mut client, ready) = begin(cluster.addresses[0], json!({ "type": "start" })).await;
    client.ask("First question.").await;
    written(&cluster.redis, "One.").await;
    cluster.processes[0].signal("-STOP");
    let (mut again, resumed) = begin(cluster.addresses[1], resume(&ready)).await;
    assert_eq!(resumed["session"], ready["session"]);
    again.ask("Second question.").await;
    written(&cluster.redis, "Two.").await;
    cluster.processes[0].signal("-CONT");
    // The old connection still stands; the session behind it must not go on.
    assert_eq!(client.closed().await, Some(1000));
    assert!(client.seen.iter().all(|frame| frame.kind() != "bye"), "{:?}", client.seen);
    assert!(cluster.redis.dump().await.contains("Two."), "the late writer was kept out");
    again.ask("Third question.").await;
    let prompt = cluster.prompts().pop().unwrap();
    assert_eq!(prompt.iter().filter(|said| said.starts_with("user:")).count(), 3, "{prompt:?}");
}

#[tokio::test]
async fn a_cluster_serves_as_well_as_a_single_redis_whichever_node_has_a_session() {
    let Some(redis) = Redis::start_cluster().await else { return };
    let model = Model::new(Duration::ZERO);
    let url = redis.url().replace("redis://", "redis+cluster://");
    let (first, second) =
        (node_with(&[("REDIS_URL", &url)], &model).await, node_with(&[("REDIS_URL", &url)], &model).await);
    // Of a dozen, one node has all in no run that anybody sees.
    for number in 0..12 {
        let (mut client, ready) = begin(first.address, json!({ "type": "start" })).await;
        let fruit = format!("apple {number}");
        client.ask(&fruit).await;
        written(&redis, &format!("You said {fruit}")).await;
        let path = format!("/api/sessions/{}", ready["session"].as_str().unwrap());
        assert_eq!(second.get(&path).send().await.status, 200);
        let (mut again, resumed) = begin(second.address, resume(&ready)).await;
        assert_eq!(resumed["session"], ready["session"]);
        again.ask("peach").await;
        assert_eq!(model.last().messages.len(), 3);
    }
}

#[tokio::test]
async fn a_redis_behind_tls_is_believed_by_its_certificate() {
    let Some(redis) = Redis::start_tls().await else { return };
    let url = redis.url();
    let start = |certificate: String| async move {
        let variables = [("REDIS_URL", url), ("SSL_CERT_FILE", certificate), ("STT", "fake".to_owned())];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (mut process, _) = Process::start(&[&variables[..], &[("LLM", "fake"), ("TTS", "fake")]].concat()).await;
        process.signal("-TERM");
        process.end().await;
        let told = |words: &str| process.log.iter().any(|line| line["message"].to_string().contains(words));
        (told("sessions are kept in Redis"), told("Redis cannot be reached"))
    };
    assert_eq!(start.clone()(redis.certificate()).await, (true, false));
    assert_eq!(start("/dev/null".to_owned()).await, (false, true), "nobody vouches for it");
}
