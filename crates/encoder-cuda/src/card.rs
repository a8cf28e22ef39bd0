//! What a card does for us: memory, copies and launches, one after another. The driver's library implements it, and so
//! does the emulator of the tests.
#![forbid(unsafe_code)]

use encoder::device::DeviceError;

/// Memory of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub(crate) number: usize,
    pub(crate) bytes: usize,
}

/// The kernels by their names in kernels.cu; 128 threads a block for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    EmbedNorm,
    AddNorm,
    Linear,
    Attend32,
    Attend64,
    Attend128,
    Pool,
}

impl Kernel {
    pub(crate) const ALL: [Self; 7] = [
        Self::EmbedNorm,
        Self::AddNorm,
        Self::Linear,
        Self::Attend32,
        Self::Attend64,
        Self::Attend128,
        Self::Pool,
    ];

    pub(crate) const THREADS: u32 = 128;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EmbedNorm => "embed_norm",
            Self::AddNorm => "add_norm",
            Self::Linear => "linear",
            Self::Attend32 => "attend_32",
            Self::Attend64 => "attend_64",
            Self::Attend128 => "attend_128",
            Self::Pool => "pool",
        }
    }
}

/// What a kernel is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Argument {
    /// A buffer, of which the kernel touches at most so many bytes from the beginning.
    Memory {
        buffer: Buffer,
        bytes: usize,
    },
    Int(i32),
    Float(f32),
}

/// One launch: a grid of blocks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub(crate) kernel: Kernel,
    pub(crate) grid: [u32; 2],
    pub(crate) arguments: Vec<Argument>,
}

impl Launch {
    pub(crate) fn new(kernel: Kernel, grid: [usize; 2]) -> Self {
        Self { kernel, grid: grid.map(|blocks| blocks as u32), arguments: Vec::new() }
    }

    /// Adds a buffer that the kernel sees as `count` values of `size` bytes.
    pub(crate) fn memory(mut self, buffer: Buffer, [count, size]: [usize; 2]) -> Self {
        self.arguments.push(Argument::Memory { buffer, bytes: count * size });
        self
    }

    pub(crate) fn whole(mut self, value: usize) -> Self {
        self.arguments.push(Argument::Int(value as i32));
        self
    }

    pub(crate) fn int(mut self, value: i32) -> Self {
        self.arguments.push(Argument::Int(value));
        self
    }

    pub(crate) fn float(mut self, value: f32) -> Self {
        self.arguments.push(Argument::Float(value));
        self
    }
}

pub(crate) trait Card: Send + std::fmt::Debug {
    /// Bytes that could be allocated now.
    fn free_bytes(&mut self) -> Result<usize, DeviceError>;

    /// Zeroed memory.
    fn allocate(&mut self, bytes: usize) -> Result<Buffer, DeviceError>;

    fn release(&mut self, buffer: Buffer);

    /// Writes the beginning of a buffer.
    fn write(&mut self, buffer: Buffer, bytes: &[u8]) -> Result<(), DeviceError>;

    /// Reads the beginning of a buffer, once all launches have ended.
    fn read(&mut self, buffer: Buffer, bytes: &mut [u8]) -> Result<(), DeviceError>;

    /// Begins a launch after those before it.
    ///
    /// Errors: an argument reaches beyond its buffer, or the card failed earlier.
    fn launch(&mut self, launch: &Launch) -> Result<(), DeviceError>;
}
