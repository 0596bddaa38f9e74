//! Looking after providers that rest, beside a call to another one. No task: whoever makes the call drives it.

use super::members::{Member, Members};
use futures::FutureExt;
use futures::future::BoxFuture;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep_until, timeout};
use voice_core::{Error, ErrorKind, Result};

/// How long a look may take.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

pub(super) struct Probing<P: Member + ?Sized> {
    members: Arc<Members<P>>,
    look: Option<(usize, BoxFuture<'static, Result<()>>)>,
}

impl<P: Member + ?Sized> Probing<P> {
    pub(super) fn new(members: Arc<Members<P>>) -> Self {
        Self { members, look: None }
    }

    /// Looks at those preferred to `serving` when that is due, and never ends. Cancel-safe: a look goes on with the next
    /// call.
    pub(super) async fn run(&mut self, serving: usize) -> Infallible {
        loop {
            if let Some((member, look)) = &mut self.look {
                let result = look.await;
                self.members.end_probe(*member, Some(&result));
                self.look = None;
            }
            let Some((member, due)) = self.members.next_probe(serving) else { return pending().await };
            sleep_until(due).await;
            if self.members.begin_probe(member) {
                self.look = Some((member, in_time::<P>(self.members.provider(member).warm_up())));
            }
        }
    }
}

/// The time counts from now on, however often the look is broken off and gone on with.
fn in_time<P: Member + ?Sized>(look: BoxFuture<'static, Result<()>>) -> BoxFuture<'static, Result<()>> {
    let look = timeout(LONGEST_LOOK, look);
    async move {
        let late = || Error::new(ErrorKind::Timeout, P::STAGE, "did not get ready in time");
        look.await.unwrap_or_else(|_| Err(late()))
    }
    .boxed()
}

impl<P: Member + ?Sized> Drop for Probing<P> {
    fn drop(&mut self) {
        if let Some((member, _)) = self.look.take() {
            self.members.end_probe(member, None);
        }
    }
}
