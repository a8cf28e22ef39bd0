//! In what numbers a linear layer is multiplied.
#![forbid(unsafe_code)]

/// The numbers of the linear layers, which are nine tenths of the work; everything else is `f32`.
///
/// A property of the vectors and not of the machine: the integer sums are exact, so each precision gives its
/// vectors wherever it runs, only at another speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// As the weights are.
    #[default]
    F32,
    /// Activations of 12 bits by weights of 9 to 12, each with a scale of its token or output. Half the memory of
    /// `F32`, faster, and within its noise.
    I16,
    /// Activations and weights of 8 bits. Worth its loss only where the processor has VNNI.
    I8,
}

impl Precision {
    pub const ALL: [Self; 3] = [Self::F32, Self::I16, Self::I8];

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::I16 => "i16",
            Self::I8 => "i8",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }
}
