//! Plain arrays, which the compiler turns into the vectors of the target's baseline (SSE2, NEON).

use super::super::{
    WINDOW, network,
    network::{Network, Panels},
    state::State,
};
use super::Simd;

/// Runs everywhere.
#[derive(Clone, Copy)]
pub(in super::super) struct Portable;

const LANES: usize = 8;
type Lanes = [f32; LANES];

#[inline(always)]
fn zip(mut a: Lanes, b: Lanes, op: impl Fn(f32, f32) -> f32) -> Lanes {
    for lane in 0..LANES {
        a[lane] = op(a[lane], b[lane]);
    }
    a
}

impl Simd<LANES> for Portable {
    const PANELS: Panels = [LANES, 2 * LANES, 4 * LANES, 4 * LANES];
    type Vector = Lanes;

    #[inline(always)]
    fn load(self, lanes: &Lanes) -> Lanes {
        *lanes
    }

    #[inline(always)]
    fn store(self, vector: Lanes, lanes: &mut Lanes) {
        *lanes = vector;
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Lanes {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, a: Lanes, b: Lanes) -> Lanes {
        zip(a, b, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn mul_add(self, a: Lanes, b: Lanes, mut c: Lanes) -> Lanes {
        // Without the instruction `f32::mul_add` is a call into the C library, fifty times slower.
        let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        for lane in 0..LANES {
            c[lane] = if fused { a[lane].mul_add(b[lane], c[lane]) } else { a[lane] * b[lane] + c[lane] };
        }
        c
    }

    #[inline(always)]
    fn exp2_integer(self, n: Lanes) -> Lanes {
        zip(n, n, |n, _| f32::from_bits(((n as i32 + 127) as u32) << 23))
    }

    fn forward(self, network: &Network, state: &mut State, window: &[f32; WINDOW]) -> f32 {
        network::forward::<_, LANES, 1, 2, 4, 4>(self, network, state, window)
    }
}
