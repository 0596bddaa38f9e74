//! A service in several regions: the nearest is measured, and serves what begins from then on.

mod choice;
mod routed;

pub(crate) use routed::Routed;

use choice::{Choice, Reason};
use futures::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use voice_providers::{Endpoint, connect_time};

/// How often it is looked how far away the regions are.
const EVERY: Duration = Duration::from_secs(30);
/// A region that cannot be reached within this time is of no use to a conversation.
const DEADLINE: Duration = Duration::from_secs(2);

/// The regions of a service.
pub struct Regions {
    service: &'static str,
    endpoints: Vec<Endpoint>,
    choice: Mutex<Choice>,
    chosen: AtomicUsize,
}

/// How a region stands.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    url: String,
    /// How long it takes to connect to it; `None` when it cannot be reached.
    pub(crate) connect_ms: Option<f64>,
    /// Whether it serves what begins now.
    pub(crate) chosen: bool,
}

impl Regions {
    pub(crate) fn new(service: &'static str, endpoints: Vec<Endpoint>) -> Self {
        let choice = Mutex::new(Choice::new(endpoints.len()));
        Self { service, endpoints, choice, chosen: AtomicUsize::new(0) }
    }

    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    /// The number of the region that serves now.
    pub(crate) fn chosen(&self) -> usize {
        self.chosen.load(Ordering::Relaxed)
    }

    /// Looks how far away they are.
    pub(crate) async fn look(&self) {
        let times = join_all(self.endpoints.iter().map(|endpoint| connect_time(endpoint, DEADLINE))).await;
        for (endpoint, time) in self.endpoints.iter().zip(&times) {
            if let Err(error) = time {
                tracing::debug!(service = self.service, region = %endpoint, %error, "a region cannot be reached");
            }
        }
        self.note(&times.into_iter().map(Result::ok).collect::<Vec<_>>());
    }

    fn note(&self, times: &[Option<Duration>]) {
        let (reason, chosen, away) = {
            let mut choice = lock(&self.choice);
            let reason = choice.look(times);
            (reason, choice.chosen(), choice.away(choice.chosen()))
        };
        self.chosen.store(chosen, Ordering::Relaxed);
        let connect_ms = away.map(|away| away.as_secs_f64() * 1_000.0);
        let region = self.endpoints.get(chosen).map(tracing::field::display);
        match reason {
            Some(Reason::Nearer) => tracing::info!(service = self.service, region, connect_ms, "the nearest region"),
            Some(Reason::Unreachable) => {
                tracing::warn!(service = self.service, region, connect_ms, "a region is gone: another one serves");
            }
            None if connect_ms.is_none() => tracing::warn!(service = self.service, "no region can be reached"),
            None => {}
        }
    }

    /// All of them, in the order of the setting.
    pub(crate) fn told(&self) -> Vec<Told> {
        let choice = lock(&self.choice);
        let told = |(region, endpoint): (usize, &Endpoint)| Told {
            url: endpoint.to_string(),
            connect_ms: choice.away(region).map(|away| away.as_secs_f64() * 1_000.0),
            chosen: region == choice.chosen(),
        };
        self.endpoints.iter().enumerate().map(told).collect()
    }
}

/// Looks at all of them, once.
pub(crate) async fn look(all: &[Arc<Regions>]) {
    join_all(all.iter().map(|regions| regions.look())).await;
}

/// Looks at all of them now and then, for ever.
pub(crate) async fn watch(all: &[Arc<Regions>]) {
    loop {
        tokio::time::sleep(EVERY).await;
        look(all).await;
    }
}

/// As `/readyz` tells it.
pub(crate) fn told(all: &[Arc<Regions>]) -> Value {
    let service = |regions: &Arc<Regions>| json!({ "service": regions.service(), "regions": regions.told() });
    all.iter().map(service).collect()
}

fn lock(choice: &Mutex<Choice>) -> MutexGuard<'_, Choice> {
    choice.lock().unwrap_or_else(PoisonError::into_inner)
}
