use super::*;
use crate::config::{Config, Sources};
use crate::providers::Providers;
use crate::registry::Holder;
use crate::store::{self, Pass};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use voice_core::SessionId;
use voice_core::agent::{Control, Output, SessionOptions};
use voice_core::conversation::{CloseReason, Event};
use voice_core::stage::{CallContext, LlmEvent, LlmProvider, LlmPurpose, LlmRequest};
use voice_core::testing::FakeLlm;

/// A model that answers and sums up at once, and remembers what it was asked.
#[derive(Clone)]
struct Model {
    says: FakeLlm,
    asked: Arc<Mutex<Vec<LlmRequest>>>,
}

impl Model {
    fn summing_up(summary: &str) -> Self {
        let says = FakeLlm::new(Duration::ZERO, Duration::ZERO, "Noted.").summing_up(summary);
        Self { says, asked: Arc::default() }
    }

    fn last(&self, purpose: LlmPurpose) -> Vec<Message> {
        let asked = self.asked.lock().unwrap();
        asked.iter().rev().find(|request| request.purpose == purpose).expect("it was asked").messages.clone()
    }
}

impl LlmProvider for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn generate(
        &self,
        request: LlmRequest,
        cx: CallContext,
    ) -> futures::stream::BoxStream<'static, voice_core::Result<LlmEvent>> {
        self.asked.lock().unwrap().push(request.clone());
        self.says.generate(request, cx)
    }
}

fn state(model: &Model, pairs: &[(&str, &str)]) -> AppState {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = Config::load(&Sources { environment, ..Sources::default() }).unwrap();
    let providers = Providers { llm: Some(Arc::new(model.clone())), ..Providers::default() };
    AppState::new(&config, providers, IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap()
}

fn remembering(model: &Model) -> AppState {
    state(model, &[("USER_MEMORY_TTL", "60")])
}

/// A session of this user, who says these words and leaves, after something else has happened.
async fn session(state: &AppState, user: &str, words: &[&str], meanwhile: impl AsyncFnOnce()) {
    let (known, remembers) = welcome(state, user, Some(user)).await.unwrap();
    let options = SessionOptions { remembers, ..SessionOptions::default() };
    let pass = Pass::new(SessionId::random()).unwrap();
    let place = state.registry.reserve().unwrap();
    let holder = Holder { pass, epoch: 1, user: known };
    let (entry, _) = state.registry.open(place, &state.agent, options, holder).unwrap();
    state.spawn(store::keep(entry.clone(), state.clone()));
    for text in words {
        entry.session.control(Control::Text((*text).to_owned())).unwrap();
        while let Some(output) = entry.session.next_output().await {
            if matches!(output, Output::Event(Event::ReplyEnd { .. })) {
                break;
            }
        }
    }
    meanwhile().await;
    entry.session.control(Control::Close(CloseReason::End)).unwrap();
    entry.kept.cancelled().await;
}

async fn known(state: &AppState, user: &str) -> Option<String> {
    state.memory.users.as_ref().unwrap().read(user).await.unwrap().summary
}

#[tokio::test]
async fn what_was_said_comes_back_in_the_next_session_of_the_same_user_alone() {
    let model = Model::summing_up("Ada likes apples.");
    let state = remembering(&model);
    session(&state, "ada", &["I like apples."], async || {}).await;
    session(&state, "bob", &["Hello."], async || {}).await;
    assert_eq!(model.last(LlmPurpose::Reply), [Message::user("Hello.")]);
    session(&state, "ada", &["Hello again."], async || {}).await;
    let summary = Message::Summary("Ada likes apples.".into());
    assert_eq!(model.last(LlmPurpose::Reply), [summary, Message::user("Hello again.")]);
    let record = model.last(LlmPurpose::Summary)[0].text().unwrap().to_owned();
    assert!(record.contains("Earlier summary: Ada likes apples.\nUser: Hello again."), "{record}");
}

#[tokio::test]
async fn without_a_summary_the_newest_words_are_kept() {
    let state = remembering(&Model::summing_up(""));
    session(&state, "ada", &["I like apples."], async || {}).await;
    assert_eq!(known(&state, "ada").await.as_deref(), Some("User: I like apples.\nAgent: Noted.\n"));
}

#[tokio::test]
async fn a_session_without_a_word_of_the_user_adds_nothing() {
    let state = remembering(&Model::summing_up("Nothing was said."));
    session(&state, "ada", &[], async || {}).await;
    assert_eq!(known(&state, "ada").await, None);
}

#[tokio::test]
async fn what_was_erased_is_not_written_back_by_a_session_that_knew_it() {
    let state = remembering(&Model::summing_up("Ada likes fruit."));
    session(&state, "ada", &["I like apples."], async || {}).await;
    let users = state.memory.users.clone().unwrap();
    session(&state, "ada", &["Hello again."], async || users.erase("ada").await.unwrap()).await;
    assert_eq!(known(&state, "ada").await, None);
    session(&state, "ada", &["I like pears."], async || {}).await;
    assert_eq!(known(&state, "ada").await.as_deref(), Some("Ada likes fruit."), "what is new is kept again");
}

#[tokio::test]
async fn sessions_of_one_user_at_the_same_time_lose_nothing_of_each_other() {
    let model = Model::summing_up("Fruit.");
    let state = remembering(&model);
    session(&state, "ada", &["I like apples."], async || {
        session(&state, "ada", &["I like pears."], async || {}).await;
    })
    .await;
    let record = model.last(LlmPurpose::Summary)[0].text().unwrap().to_owned();
    assert!(record.contains("Earlier summary: Fruit.\nUser: I like apples."), "{record}");
}

#[tokio::test]
async fn nobody_is_believed_who_is_not_vouched_for_and_nobody_remembered_unless_it_is_set() {
    let model = Model::summing_up("");
    for vouched in [None, Some("bob")] {
        let refusal = welcome(&remembering(&model), "ada", vouched).await.unwrap_err();
        assert!(refusal.contains("`user`"), "{refusal}");
    }
    assert!(welcome(&remembering(&model), "", Some("")).await.is_err());
    let refusal = welcome(&state(&model, &[]), "ada", Some("ada")).await.unwrap_err();
    assert!(refusal.contains("`user`"), "{refusal}");
}
