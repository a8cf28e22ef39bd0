//! Chooses an instruction set at run time. The only file of the crate with `unsafe`: a function compiled for
//! an instruction set may be called only where the processor has it, which no type can prove.

use std::sync::LazyLock;

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use super::{job::Job, portable};

/// An instruction set that the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// What every processor of this architecture has.
    Portable,
    /// AVX2 and FMA: no processor has the one without the other.
    Avx2,
    /// AVX-512 F, BW, VL and VNNI. Processors without VNNI are as well served by AVX2.
    Avx512,
}

impl Isa {
    pub const ALL: [Isa; 3] = [Isa::Portable, Isa::Avx2, Isa::Avx512];

    pub fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "AVX2",
            Isa::Avx512 => "AVX-512 VNNI",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Isa::Avx512 => {
                is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Isa::Portable
    }
}

/// The kernels of one instruction set that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels {
    /// Private to this file: a value exists only if the processor was seen to have the instruction set.
    isa: Isa,
}

impl Kernels {
    /// The fastest that this processor has, looked up once.
    pub fn detected() -> Self {
        static BEST: LazyLock<Kernels> = LazyLock::new(|| {
            Isa::ALL
                .into_iter()
                .rev()
                .find_map(Kernels::on)
                .expect("every processor has the portable path")
        });
        *BEST
    }

    /// The kernels of `isa`; none if this processor lacks it.
    pub fn on(isa: Isa) -> Option<Self> {
        isa.is_available().then_some(Self { isa })
    }

    pub fn isa(self) -> Isa {
        self.isa
    }

    pub(super) fn run(self, job: Job<'_>) {
        match self.isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => run_avx512(job),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => run_avx2(job),
            _ => portable::run(job),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a call into code compiled for AVX2")]
fn run_avx2(job: Job<'_>) {
    // SAFETY: called for a `Kernels` with `Isa::Avx2` only, which `Kernels::on` makes only where
    // the processor has AVX2 and FMA.
    unsafe { avx2::run(job) }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a call into code compiled for AVX-512 with VNNI")]
fn run_avx512(job: Job<'_>) {
    // SAFETY: called for a `Kernels` with `Isa::Avx512` only, which `Kernels::on` makes only where
    // the processor has AVX-512 F, BW, VL and VNNI, and FMA.
    unsafe { avx512::run(job) }
}
