//! Denoising a stream of any rate and chunking.

mod stream_denoiser;

pub use stream_denoiser::StreamDenoiser;
