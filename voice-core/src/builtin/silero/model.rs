//! The weights, read once and shared by all streams.

use std::sync::{Arc, OnceLock};

use super::WINDOW;
use super::network::Network;
use super::onnx::Tensors;
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
use super::simd::{Portable, Simd};
use super::state::State;
use crate::error::{Error, ErrorKind, Result, Stage};

/// `silero_vad_16k_op15.onnx` of silero-vad 6.2.3, unmodified (MIT, see `models/LICENSE-silero-vad`).
pub(in super::super) static EMBEDDED: &[u8] = include_bytes!("../../../models/silero_vad_16k_op15.onnx");

/// The instructions that a model's forward pass is compiled for. The results differ by rounding only, below 1e-5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstructionSet {
    /// What every CPU of the target has: SSE2 on x86-64, NEON on AArch64.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512F.
    Avx512,
}

/// The weights of Silero VAD for 16 kHz: about 0.9 MB, immutable, shared by any number of streams on any threads.
pub struct SileroModel {
    network: Network,
    instructions: Detected,
}

/// An instruction set that this CPU was found to have.
#[derive(Clone, Copy)]
enum Detected {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl SileroModel {
    /// The model that comes with this crate, read at the first call and shared from then on.
    ///
    /// # Errors
    /// `Internal` when the embedded file is damaged.
    pub fn embedded() -> Result<Arc<Self>> {
        static MODEL: OnceLock<Result<Arc<SileroModel>, String>> = OnceLock::new();
        let parsed = MODEL.get_or_init(|| Self::from_onnx(EMBEDDED).map(Arc::new).map_err(|error| error.to_string()));
        parsed.clone().map_err(|reason| Error::new(ErrorKind::Internal, Stage::Vad, reason))
    }

    /// Reads an ONNX file with the architecture of Silero VAD 5 and 6 for 16 kHz (`silero_vad_16k_op15.onnx`), for the
    /// fastest instructions of this CPU.
    ///
    /// # Errors
    /// `InvalidConfig` for any other file.
    pub fn from_onnx(file: &[u8]) -> Result<Self> {
        Self::compiled_for(file, Detected::fastest())
    }

    /// Like [`from_onnx`](Self::from_onnx), with instructions of the caller's choice.
    ///
    /// # Errors
    /// `InvalidConfig` for any other file, `Unsupported` when this CPU lacks the instructions.
    pub fn with_instructions(file: &[u8], instructions: InstructionSet) -> Result<Self> {
        let lacking = || Error::new(ErrorKind::Unsupported, Stage::Vad, format!("this CPU lacks {instructions:?}"));
        Self::compiled_for(file, Detected::find(instructions).ok_or_else(lacking)?)
    }

    /// The instructions that the forward pass uses.
    pub fn instructions(&self) -> InstructionSet {
        match self.instructions {
            Detected::Portable(_) => InstructionSet::Portable,
            #[cfg(target_arch = "x86_64")]
            Detected::Avx2(_) => InstructionSet::Avx2,
            #[cfg(target_arch = "x86_64")]
            Detected::Avx512(_) => InstructionSet::Avx512,
        }
    }

    fn compiled_for(file: &[u8], instructions: Detected) -> Result<Self> {
        let panels = match instructions {
            Detected::Portable(_) => Portable::PANELS,
            #[cfg(target_arch = "x86_64")]
            Detected::Avx2(_) => Avx2::PANELS,
            #[cfg(target_arch = "x86_64")]
            Detected::Avx512(_) => Avx512::PANELS,
        };
        Ok(Self { network: Network::new(&Tensors::parse(file)?, panels)?, instructions })
    }

    pub(super) fn forward(&self, state: &mut State, window: &[f32; WINDOW]) -> f32 {
        match self.instructions {
            Detected::Portable(simd) => simd.forward(&self.network, state, window),
            #[cfg(target_arch = "x86_64")]
            Detected::Avx2(simd) => simd.forward(&self.network, state, window),
            #[cfg(target_arch = "x86_64")]
            Detected::Avx512(simd) => simd.forward(&self.network, state, window),
        }
    }
}

impl std::fmt::Debug for SileroModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SileroModel").field("instructions", &self.instructions()).finish_non_exhaustive()
    }
}

impl Detected {
    fn find(instructions: InstructionSet) -> Option<Self> {
        match instructions {
            InstructionSet::Portable => Some(Self::Portable(Portable)),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            InstructionSet::Avx2 | InstructionSet::Avx512 => None,
        }
    }

    fn fastest() -> Self {
        let fast = [InstructionSet::Avx512, InstructionSet::Avx2];
        fast.into_iter().find_map(Self::find).unwrap_or(Self::Portable(Portable))
    }
}
