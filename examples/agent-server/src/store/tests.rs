//! What every store has to do, tried with each there is.

use super::*;
use std::time::Duration;
use voice_core::{Message, TurnId};

#[cfg(unix)]
#[path = "../../tests/support/redis.rs"]
#[allow(dead_code, unreachable_pub)] // The tests of the server use the rest.
mod server;

const TTL: Duration = Duration::from_secs(60);

fn record(pass: &Pass, epoch: u64, said: &str) -> Record {
    let mut snapshot = Snapshot::default();
    snapshot.history.push(Message::user(said));
    snapshot.newest_turn = TurnId(3);
    Record {
        id: pass.id.clone(),
        token: pass.hash(),
        epoch,
        node: Some("first".into()),
        owner: Some("ada".into()),
        user: Some(KnownUser { name: "ada".into(), version: 2, erased: 1 }),
        snapshot: Arc::new(snapshot),
    }
}

fn pass() -> Pass {
    Pass::new(SessionId::random()).unwrap()
}

async fn sessions_are_kept_and_taken_over(store: &dyn SessionStore) {
    let pass = pass();
    assert_eq!(store.find(&pass.id).await.unwrap(), None);
    assert_eq!(store.save(&record(&pass, 1, "apple")).await.unwrap(), Hold::Ours);
    assert_eq!(store.save(&record(&pass, 1, "peach")).await.unwrap(), Hold::Ours);
    let found = store.find(&pass.id).await.unwrap().expect("it is kept");
    let whereabouts = Whereabouts { token: pass.hash(), owner: Some("ada".into()), node: Some("first".into()) };
    assert_eq!(found, whereabouts);
    let second: NodeId = "second".into();
    let wrong = Pass { token: format!("{}x", pass.token), ..pass.clone() };
    assert!(store.claim(&wrong, &second).await.unwrap().is_none(), "it has another token");
    let claimed = store.claim(&pass, &second).await.unwrap().expect("it can be taken over");
    let Record { owner, user, .. } = record(&pass, 1, "");
    assert_eq!((claimed.epoch, claimed.owner, claimed.user), (2, owner, user));
    assert_eq!(claimed.snapshot, record(&pass, 1, "peach").snapshot);
    assert_eq!(store.find(&pass.id).await.unwrap().unwrap().node, Some(second.clone()));
    assert_eq!(store.save(&record(&pass, 1, "late")).await.unwrap(), Hold::Lost, "an older epoch writes no more");
    assert_eq!(store.save(&record(&pass, 2, "plum")).await.unwrap(), Hold::Ours);
    let again = store.claim(&pass, &second).await.unwrap().expect("once more");
    assert_eq!((again.epoch, again.snapshot), (3, record(&pass, 2, "plum").snapshot));
}

async fn an_ended_session_is_gone(store: &dyn SessionStore) {
    let pass = pass();
    store.save(&record(&pass, 2, "apple")).await.unwrap();
    store.end(&pass.id, 1).await.unwrap();
    assert!(store.find(&pass.id).await.unwrap().is_some(), "an older epoch ends nothing");
    store.end(&pass.id, 2).await.unwrap();
    assert_eq!(store.find(&pass.id).await.unwrap(), None);
    assert!(store.claim(&pass, &"second".into()).await.unwrap().is_none());
}

async fn users_are_kept_and_erased(store: &dyn UserStore) {
    let known = |version, erased| KnownUser { name: "ada".into(), version, erased };
    let memory =
        |version, erased, summary: Option<&str>| UserMemory { version, erased, summary: summary.map(str::to_owned) };
    assert_eq!(store.read("ada").await.unwrap(), UserMemory::default());
    assert!(store.write(&known(0, 0), "likes apples").await.unwrap());
    assert_eq!(store.read("ada").await.unwrap(), memory(1, 0, Some("likes apples")));
    assert!(!store.write(&known(0, 0), "late").await.unwrap(), "somebody else has written");
    store.erase("ada").await.unwrap();
    assert_eq!(store.read("ada").await.unwrap(), memory(1, 1, None));
    assert!(!store.write(&known(1, 0), "late").await.unwrap(), "it was erased");
    assert!(store.write(&known(1, 1), "likes pears").await.unwrap());
    assert_eq!(store.read("bob").await.unwrap(), UserMemory::default());
}

#[tokio::test]
async fn memory_does_it() {
    let store = MemoryStore::new(10, TTL, TTL);
    sessions_are_kept_and_taken_over(&store).await;
    an_ended_session_is_gone(&store).await;
    users_are_kept_and_erased(&store).await;
}

#[cfg(unix)]
#[tokio::test]
async fn redis_does_it() {
    let Some(server) = server::Redis::start().await else { return };
    let link = Arc::new(Link::new(Target::parse(&server.url()).unwrap()));
    link.connect(&::redis::cmd("PING")).await.unwrap();
    let store = RedisStore::new(link, TTL, TTL);
    sessions_are_kept_and_taken_over(&store).await;
    an_ended_session_is_gone(&store).await;
    users_are_kept_and_erased(&store).await;
    let pass = pass();
    store.save(&record(&pass, 1, "apple")).await.unwrap();
    store.end(&pass.id, 1).await.unwrap();
    assert_eq!(store.save(&record(&pass, 1, "late")).await.unwrap(), Hold::Lost, "nobody brings it back");
}

#[cfg(unix)]
#[tokio::test]
async fn redis_keeps_what_fits_and_for_so_long() {
    let Some(server) = server::Redis::start().await else { return };
    let link = Arc::new(Link::new(Target::parse(&server.url()).unwrap()));
    link.connect(&::redis::cmd("PING")).await.unwrap();
    let store = RedisStore::new(link, Duration::from_secs(60), Duration::from_secs(120));
    let pass = pass();
    let mut long = record(&pass, 1, "oldest");
    let snapshot = Arc::make_mut(&mut long.snapshot);
    for _ in 0..4 {
        snapshot.history.push(Message::user("x".repeat(100 << 10)));
    }
    store.save(&long).await.unwrap();
    let kept = store.claim(&pass, &"second".into()).await.unwrap().unwrap().snapshot;
    assert_eq!(kept.history[..], long.snapshot.history[3..], "the newest stay");
    store.write(&KnownUser { name: "zoe".into(), version: 0, erased: 0 }, "likes apples").await.unwrap();
    let mut connection = server.connection().await;
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let ttl: u64 = ::redis::cmd("TTL").arg(&key).query_async(&mut connection).await.unwrap();
        let most = if key.contains("user") { 120 } else { 60 };
        assert!((most - 20..=most).contains(&ttl), "{key}: {ttl} s");
        assert!(!key.contains("zoe"), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn memory_forgets_what_is_old_and_what_there_is_no_room_for() {
    let store = MemoryStore::new(2, TTL, TTL);
    let passes = [pass(), pass(), pass()];
    store.save(&record(&passes[0], 1, "apple")).await.unwrap();
    tokio::time::advance(TTL / 2).await;
    for pass in &passes[1..] {
        store.save(&record(pass, 1, "peach")).await.unwrap();
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!(store.find(&passes[0].id).await.unwrap(), None, "the oldest made room");
    assert!(store.find(&passes[1].id).await.unwrap().is_some());
    tokio::time::advance(TTL).await;
    assert_eq!(store.find(&passes[1].id).await.unwrap(), None, "nobody has written it for so long");
}
