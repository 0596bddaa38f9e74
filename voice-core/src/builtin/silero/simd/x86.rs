//! AVX2 with FMA, and AVX-512. The only module of the crate's signal processing that needs `unsafe`.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::super::{
    WINDOW, network,
    network::{Network, Panels},
    state::State,
};
use super::Simd;

/// The CPU has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx2(());

/// The CPU has AVX-512F, AVX2 and FMA.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx512(());

impl Avx2 {
    pub(in super::super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Avx512 {
    pub(in super::super) fn detect() -> Option<Self> {
        (Avx2::detect().is_some() && is_x86_feature_detected!("avx512f")).then_some(Self(()))
    }
}

/// Implements methods of [`Simd`] as one intrinsic each.
macro_rules! intrinsics {
    ($vector:ty; $($method:ident($($argument:ident),+) = $intrinsic:ident;)+) => {$(
        #[inline(always)]
        fn $method(self, $($argument: $vector),+) -> $vector {
            // SAFETY: `self` exists only where the CPU was found to have the instruction.
            unsafe { $intrinsic($($argument),+) }
        }
    )+};
}

impl Simd<8> for Avx2 {
    const PANELS: Panels = [2 * 8, 4 * 8, 8 * 8, 8 * 8];
    type Vector = __m256;

    intrinsics! { __m256;
        add(a, b) = _mm256_add_ps;
        sub(a, b) = _mm256_sub_ps;
        mul(a, b) = _mm256_mul_ps;
        div(a, b) = _mm256_div_ps;
        max(a, b) = _mm256_max_ps;
        min(a, b) = _mm256_min_ps;
        mul_add(a, b, c) = _mm256_fmadd_ps;
    }

    #[inline(always)]
    fn load(self, lanes: &[f32; 8]) -> __m256 {
        // SAFETY: `lanes` is readable for 8 values, `loadu` wants no alignment, and `self` proves the instruction.
        unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m256, lanes: &mut [f32; 8]) {
        // SAFETY: `lanes` is writable for 8 values, `storeu` wants no alignment, and `self` proves the instruction.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn exp2_integer(self, n: __m256) -> __m256 {
        // SAFETY: `self` proves the instructions.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }
    }

    fn forward(self, network: &Network, state: &mut State, window: &[f32; WINDOW]) -> f32 {
        #[target_feature(enable = "avx2,fma")]
        fn compiled(simd: Avx2, network: &Network, state: &mut State, window: &[f32; WINDOW]) -> f32 {
            network::forward::<_, 8, 2, 4, 8, 8>(simd, network, state, window)
        }
        // SAFETY: `self` exists only where the CPU was found to have these features.
        unsafe { compiled(self, network, state, window) }
    }
}

impl Simd<16> for Avx512 {
    const PANELS: Panels = [4 * 16, 4 * 16, 4 * 16, 8 * 16];
    type Vector = __m512;

    intrinsics! { __m512;
        add(a, b) = _mm512_add_ps;
        sub(a, b) = _mm512_sub_ps;
        mul(a, b) = _mm512_mul_ps;
        div(a, b) = _mm512_div_ps;
        max(a, b) = _mm512_max_ps;
        min(a, b) = _mm512_min_ps;
        mul_add(a, b, c) = _mm512_fmadd_ps;
    }

    #[inline(always)]
    fn load(self, lanes: &[f32; 16]) -> __m512 {
        // SAFETY: `lanes` is readable for 16 values, `loadu` wants no alignment, and `self` proves the instruction.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, lanes: &mut [f32; 16]) {
        // SAFETY: `lanes` is writable for 16 values, `storeu` wants no alignment, and `self` proves the instruction.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn exp2_integer(self, n: __m512) -> __m512 {
        // SAFETY: `self` proves the instructions.
        unsafe {
            let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
        }
    }

    fn forward(self, network: &Network, state: &mut State, window: &[f32; WINDOW]) -> f32 {
        #[target_feature(enable = "avx2,fma,avx512f")]
        fn compiled(simd: Avx512, network: &Network, state: &mut State, window: &[f32; WINDOW]) -> f32 {
            network::forward::<_, 16, 4, 4, 4, 8>(simd, network, state, window)
        }
        // SAFETY: `self` exists only where the CPU was found to have these features.
        unsafe { compiled(self, network, state, window) }
    }
}
