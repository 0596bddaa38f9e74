//! Vectors of `f32` under one trait, so that the network is written once.
//!
//! A value of a type that implements [`Simd`] is the proof that this CPU has the instructions; the kernels are
//! `inline(always)` and become code of that instruction set inside [`Simd::forward`].

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

use super::network::{Network, Panels};
use super::state::State;

/// Arithmetic on vectors of `N` lanes.
pub(super) trait Simd<const N: usize>: Copy {
    /// Outputs computed at a time, for [`Network::new`]; as many as their sums fit in the registers.
    const PANELS: Panels;
    /// `N` lanes in registers.
    type Vector: Copy;

    fn load(self, lanes: &[f32; N]) -> Self::Vector;
    fn store(self, vector: Self::Vector, lanes: &mut [f32; N]);
    fn splat(self, value: f32) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b + c`, fused where the CPU can.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// 2ⁿ for integral lanes n in −126 … 127.
    fn exp2_integer(self, n: Self::Vector) -> Self::Vector;

    /// One pass of the network, compiled for this instruction set.
    fn forward(self, network: &Network, state: &mut State, window: &[f32; super::WINDOW]) -> f32;
}
