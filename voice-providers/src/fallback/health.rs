//! Whether a provider is well: a circuit breaker. Pure; time is an argument.

use super::FallbackConfig;
use crate::backoff::Backoff;
use std::time::Duration;
use tokio::time::Instant;
use voice_core::{Error, ErrorKind};

/// How long a provider rests that refused the key or the model, or asks for what it does not have.
const HOPELESS: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Health {
    state: State,
    backoff: Backoff,
    failures_allowed: u32,
    first_rest: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It answers, or has failed so many times in a row only.
    Well { failures: u32 },
    /// It is looked at again `until` then.
    Resting(Rest),
    /// Somebody looks at it.
    Probed(Rest),
    /// It seemed well when it was looked at; the next failure makes it rest again, longer.
    OnTrial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    until: Instant,
    /// The service asked for it, or refuses: it must not be called before, even when no other is left.
    strict: bool,
}

impl Health {
    /// The same seed gives the same rests.
    pub(super) fn new(config: &FallbackConfig, seed: u64) -> Self {
        Self {
            state: State::Well { failures: 0 },
            backoff: Backoff::new(config.first_rest, seed),
            failures_allowed: config.failures.max(1),
            first_rest: config.first_rest,
        }
    }

    pub(super) fn is_well(&self) -> bool {
        matches!(self.state, State::Well { .. } | State::OnTrial)
    }

    /// Whether it may be called when none is well.
    pub(super) fn may_be_called(&self, now: Instant) -> bool {
        match self.state {
            State::Well { .. } | State::OnTrial => true,
            State::Resting(rest) | State::Probed(rest) => !rest.strict || rest.until <= now,
        }
    }

    /// It served a call to its end.
    pub(super) fn succeeded(&mut self) {
        self.state = State::Well { failures: 0 };
        self.backoff.succeeded();
    }

    pub(super) fn failed(&mut self, now: Instant, error: &Error) {
        // What was handed in is at fault: one session's long prompt says nothing of the provider.
        if *error.kind() == ErrorKind::InvalidInput && matches!(self.state, State::Well { .. }) {
            return;
        }
        if let State::Well { failures } = self.state
            && failures + 1 < self.failures_allowed
            && !at_once(error)
        {
            self.state = State::Well { failures: failures + 1 };
            return;
        }
        self.rest(now, error);
    }

    /// When it is to be looked at.
    pub(super) fn probe_due(&self) -> Option<Instant> {
        match self.state {
            State::Resting(rest) => Some(rest.until),
            _ => None,
        }
    }

    /// Takes the right to look at it; one look at a time.
    pub(super) fn begin_probe(&mut self, now: Instant) -> bool {
        match self.state {
            State::Resting(rest) if rest.until <= now => {
                self.state = State::Probed(rest);
                true
            }
            _ => false,
        }
    }

    /// What a look at it has shown; `None` when it was broken off.
    pub(super) fn end_probe(&mut self, now: Instant, result: Option<&Result<(), Error>>) {
        let State::Probed(rest) = self.state else { return };
        match result {
            None => self.state = State::Resting(rest),
            Some(Ok(())) => self.state = State::OnTrial,
            Some(Err(error)) => self.rest(now, error),
        }
    }

    fn rest(&mut self, now: Instant, error: &Error) {
        let asked = matches!(error.kind(), ErrorKind::RateLimited { retry_after: Some(_) });
        let hopeless = is_hopeless(error);
        let pause = self.backoff.failed(error).max(self.first_rest / 2);
        let until = now + if hopeless { HOPELESS } else { pause };
        self.state = State::Resting(Rest { until, strict: asked || hopeless });
    }
}

/// Whether this error alone makes a provider rest.
fn at_once(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::RateLimited { .. }) || is_hopeless(error)
}

/// Whether every call will fail until somebody changes something.
pub(super) fn is_hopeless(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Auth | ErrorKind::InvalidConfig | ErrorKind::Unsupported | ErrorKind::EngineMissing => true,
        // Of what was handed in, not of the provider.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::Stage;

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, Stage::Llm, "no")
    }

    fn ill(health: &mut Health, now: Instant) {
        for _ in 0..3 {
            assert!(health.is_well());
            health.failed(now, &error(ErrorKind::Unavailable));
        }
        assert!(!health.is_well());
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_make_it_rest_and_a_look_brings_it_back() {
        let start = tokio::time::sleep(Duration::ZERO).deadline();
        let mut health = Health::new(&FallbackConfig::default(), 1);
        health.failed(start, &error(ErrorKind::Timeout));
        health.failed(start, &error(ErrorKind::Timeout));
        health.succeeded();
        ill(&mut health, start);
        assert!(health.may_be_called(start), "nobody asked for time, so it may be tried when none is left");
        let due = health.probe_due().expect("a look is due");
        assert!(due >= start + Duration::from_millis(500) && due <= start + Duration::from_secs(1), "{due:?}");
        assert!(!health.begin_probe(due - Duration::from_millis(1)));
        assert!(health.begin_probe(due));
        assert!(!health.begin_probe(due), "one look at a time");
        health.end_probe(due, None);
        assert!(health.begin_probe(due));
        health.end_probe(due, Some(&Ok(())));
        assert!(health.is_well());
        health.failed(due, &error(ErrorKind::Unavailable));
        assert!(!health.is_well(), "on trial one failure is enough");
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_attempt_does_not_mend_counts_at_once() {
        let start = tokio::time::sleep(Duration::ZERO).deadline();
        for kind in [ErrorKind::Auth, ErrorKind::InvalidConfig, ErrorKind::EngineMissing] {
            let mut health = Health::new(&FallbackConfig::default(), 1);
            health.failed(start, &error(kind));
            assert!(!health.is_well() && !health.may_be_called(start));
            assert_eq!(health.probe_due(), Some(start + HOPELESS));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_handed_in_wrong_says_nothing_of_the_provider() {
        let start = tokio::time::sleep(Duration::ZERO).deadline();
        let mut health = Health::new(&FallbackConfig::default(), 1);
        for _ in 0..10 {
            health.failed(start, &error(ErrorKind::InvalidInput));
        }
        assert!(health.is_well());
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_asks_for_time_gets_it() {
        let start = tokio::time::sleep(Duration::ZERO).deadline();
        let asked = Duration::from_secs(20);
        let mut health = Health::new(&FallbackConfig::default(), 1);
        health.failed(start, &error(ErrorKind::RateLimited { retry_after: Some(asked) }));
        assert!(!health.may_be_called(start + asked - Duration::from_millis(1)));
        assert!(health.may_be_called(start + asked));
        assert_eq!(health.probe_due(), Some(start + asked));
    }
}
