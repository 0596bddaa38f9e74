//! Samples of what the benches do at length: users in real time, visits in every way there is, and everything that can go
//! wrong at once. The server is a process of its own.
#![allow(clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Duration;
use voice_benches::load::{Chaos, Kind, Load, Place, ServerProcess, Services, Visits, run, soak};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_loadgen"))
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[tokio::test]
async fn every_user_is_answered_in_due_order_and_more_than_there_may_be_are_refused() {
    let folder = folder("load");
    let kind = Kind::Agent(Services::USUAL);
    let settings = [("MAX_SESSIONS", "6"), ("MAX_LATE_MS", "0"), ("MAX_CPU_PERCENT", "0")];
    let server = ServerProcess::start(program(), Place::Anywhere, kind, &settings, &folder.join("log")).await;
    let server = server.expect("a server");
    let mut load = Load::new(server.address, 9, Duration::from_secs(14));
    (load.services, load.echoes, load.process) = (Some(Services::USUAL), 1, Some(server.id()));
    let outcome = run(&load).await.expect("a load");
    assert_eq!(outcome.problems, [""; 0], "{outcome}");
    assert_eq!(outcome.count("sessions"), 6, "{outcome}");
    assert!(outcome.count("turns answered") >= 6, "{outcome}");
    assert_eq!((outcome.count("connections lost"), outcome.count("answers not placed")), (0, 0), "{outcome}");
    let refused = outcome.counts.iter().filter(|(name, _)| name.starts_with("refused"));
    assert!(refused.map(|(_, count)| count).sum::<u64>() >= 3, "{outcome}");
    // Before it is due no answer can come; how late it is, is for the benches to say.
    assert!(outcome.added.p50 > 0.0 && outcome.echo.count > 0, "{outcome}");
    let cost = outcome.cost.expect("a process to look at");
    assert_eq!(cost.most.threads, cost.before.threads, "{outcome}");
    assert!(server.stop().await.expect("it ends"), "in order");
}

#[tokio::test]
async fn nothing_is_left_of_sessions_however_they_were_left() {
    let folder = folder("soak");
    let left = soak(program(), Place::Anywhere, &folder, |server, process| Visits {
        server,
        total: 1_500,
        at_once: 30,
        addresses: 8,
        seed: 7,
        process,
    });
    let left = left.await.expect("a server");
    assert_eq!(left.problems(), [""; 0], "{left}");
}

#[tokio::test]
async fn what_must_hold_holds_in_chaos() {
    let seconds = std::env::var("CHAOS_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(45);
    let (time, folder) = (Duration::from_secs(seconds), folder("chaos"));
    let chaos = Chaos { program: program().to_owned(), folder, users: 12, time, seed: 3 };
    let survived = chaos.run().await.expect("servers");
    println!("{survived}");
    assert_eq!(survived.problems(), [""; 0], "{survived}");
}
