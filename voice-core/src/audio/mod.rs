//! Mono audio as samples: conversion, framing, files, resampling, level.
//!
//! Integer samples are signed 16-bit, float samples are −1 … 1; [`pcm`] holds the one scaling between them.

mod framer;
mod level;
pub mod mulaw;
pub mod pcm;
mod resample;
mod wav;

pub use framer::Framer;
pub use level::{NoiseFloor, level_dbfs};
pub use resample::Resampler;
pub use wav::Wav;
