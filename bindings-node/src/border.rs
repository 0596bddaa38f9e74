//! Futures at the border: done at once where they can be, as a promise where not.

use crate::errors::thrown;
use futures::FutureExt;
use napi::bindgen_prelude::{Either, Env, PromiseRaw, ToNapiValue, TypeName};
use std::future::Future;
use voice_core::Error;

/// What a call gives now, or a promise of it. A promise costs far more than most calls, which have nothing to wait for.
pub(crate) type Settled<'env, T> = Either<T, PromiseRaw<'env, T>>;

/// Polls `future` once, and hands it to the runtime when it has to wait.
pub(crate) fn settle<'env, T: ToNapiValue + TypeName + Send + 'static>(
    env: &'env Env,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> napi::Result<Settled<'env, T>> {
    let mut future = Box::pin(future);
    match (&mut future).now_or_never() {
        Some(result) => result.map(Either::A).map_err(|error| thrown(&error)),
        None => env.spawn_future(async move { future.await.map_err(|error| thrown(&error)) }).map(Either::B),
    }
}
