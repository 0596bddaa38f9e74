//! One more try, where it can still help.

use crate::http::is_miswritten_call;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;
use voice_core::{Error, ErrorKind, Result};

/// The longest pause before the second try where the service names none: a caller is waiting.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// What is added to a pause that the service names, so that its callers do not come back all at once.
const LONGEST_JITTER: Duration = Duration::from_millis(50);

/// Runs `attempt`, and once more when it fails for a reason that passes and enough of `limit` is left.
///
/// # Errors
/// The last attempt's; `timed_out` when `limit` has passed, which spans both attempts and the pause between them.
pub(crate) async fn at_most_twice<T, F>(
    limit: Duration,
    timed_out: impl FnOnce() -> Error,
    attempt: impl Fn() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let deadline = tokio::time::sleep(limit).deadline();
    let work = async {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        // A limit of ages has its deadline moved to where clocks end.
        let started = deadline.checked_sub(limit);
        let remaining = started.map_or(limit, |started| limit.saturating_sub(started.elapsed()));
        let Some(pause) = pause(&error, remaining, random()) else { return Err(error) };
        tracing::debug!(%error, pause_ms = pause.as_millis(), "trying once more");
        tokio::time::sleep(pause).await;
        attempt().await
    };
    tokio::time::timeout_at(deadline, work).await.unwrap_or_else(|_| Err(timed_out()))
}

/// How long to wait before the second try; `None` when it is not to be made. `random` is 0 … 1.
fn pause(error: &Error, remaining: Duration, random: f64) -> Option<Duration> {
    let pause = match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited { retry_after: None } => {
            LONGEST_PAUSE.mul_f64(random)
        }
        ErrorKind::RateLimited { retry_after: Some(asked) } => asked.checked_add(LONGEST_JITTER.mul_f64(random))?,
        _ if is_miswritten_call(error) => Duration::ZERO,
        _ => return None,
    };
    (pause < remaining).then_some(pause)
}

fn random() -> f64 {
    // Each state is keyed at random; a generator of its own for one number a failure would be too much.
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use voice_core::Stage;

    fn of(kind: ErrorKind) -> Error {
        Error::new(kind, Stage::Llm, "it failed")
    }

    #[test]
    fn only_what_passes_soon_is_tried_again() {
        let second = Duration::from_secs(1);
        let limited = |ms| ErrorKind::RateLimited { retry_after: Some(Duration::from_millis(ms)) };
        assert_eq!(pause(&of(limited(400)), second, 0.0), Some(Duration::from_millis(400)));
        assert_eq!(pause(&of(limited(1_000)), second, 0.0), None);
        assert_eq!(pause(&of(limited(u64::MAX)), second, 1.0), None);
        assert_eq!(pause(&of(ErrorKind::Unavailable), second, 0.5), Some(Duration::from_millis(125)));
        assert_eq!(pause(&of(ErrorKind::Unavailable), Duration::ZERO, 0.0), None);
        for kind in [ErrorKind::Auth, ErrorKind::InvalidConfig, ErrorKind::InvalidInput, ErrorKind::Protocol] {
            assert_eq!(pause(&of(kind), second, 0.0), None);
        }
        assert!((0.0..1.0).contains(&random()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_deadline_spans_both_tries() {
        let limit = Duration::from_secs(1);
        let never = || async { std::future::pending::<Result<()>>().await };
        let error = at_most_twice(limit, || of(ErrorKind::Timeout), never).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Timeout);
        let tries = std::cell::Cell::new(0);
        let failing = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(of(ErrorKind::Unavailable))
        };
        assert!(at_most_twice(limit, || of(ErrorKind::Timeout), failing).await.is_err());
        assert_eq!(tries.get(), 2);
    }
}
