//! Futures at the border: done at once where they can be, as a promise where not.

use crate::errors::thrown;
use futures::FutureExt;
use napi::bindgen_prelude::{Env, PromiseRaw, ToNapiValue};
use std::future::Future;
use voice_core::Error;

/// What a call gives now, or a promise of it. A promise costs far more than most calls, which have nothing to wait for.
pub enum Settled<'env, T: ToNapiValue> {
    /// What it gives.
    Now(T),
    /// It has to wait.
    Later(PromiseRaw<'env, T>),
}

impl<T: ToNapiValue> ToNapiValue for Settled<'_, T> {
    unsafe fn to_napi_value(env: napi::sys::napi_env, value: Self) -> napi::Result<napi::sys::napi_value> {
        // SAFETY: the caller vouches for the environment.
        match value {
            Self::Now(value) => unsafe { T::to_napi_value(env, value) },
            Self::Later(promise) => unsafe { PromiseRaw::to_napi_value(env, promise) },
        }
    }
}

/// Polls `future` once, and hands it to the runtime when it has to wait.
pub(crate) fn settle<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> napi::Result<Settled<'env, T>> {
    let mut future = Box::pin(future);
    match (&mut future).now_or_never() {
        Some(result) => result.map(Settled::Now).map_err(|error| thrown(&error)),
        None => env.spawn_future(async move { future.await.map_err(|error| thrown(&error)) }).map(Settled::Later),
    }
}
