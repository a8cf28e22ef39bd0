//! NVIDIA's driver, through `cudarc`. The only file of the crate with `unsafe`: whether a library is there is found by
//! loading it, and whether a kernel keeps to its buffers is known to no compiler.

use std::sync::Arc;

use cudarc::{
    driver::{
        CudaContext, CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg,
        result, sys,
    },
    nvrtc::Ptx,
};
use encoder::device::DeviceError;

use crate::card::{Argument, Buffer, Card, Kernel, Launch};

/// The kernels, in the language that every driver compiles for its card.
const PTX: &str = include_str!("../kernels/kernels.ptx");

/// The driver's version from which on it understands the PTX: 1000 × major + 10 × minor of CUDA.
pub(crate) const VERSION_LEAST: i32 = 12_010;

/// The compute capability from which on a card has all instructions of the PTX: Ampere.
pub(crate) const CAPABILITY_LEAST: (i32, i32) = (8, 0);

/// Whether there is a driver's library at all. Nothing else here may be called before this has said yes: `cudarc`
/// panics where it is missing.
#[expect(unsafe_code, reason = "loading a library runs what it runs when it is loaded")]
pub(crate) fn is_present() -> bool {
    // SAFETY: the libraries looked for are those of NVIDIA's driver, by their names, on the system's own path. Loading
    // one does what it does for every program that uses a card.
    unsafe { sys::is_culib_present() }
}

/// The version of CUDA that the driver speaks.
#[expect(unsafe_code, reason = "a call into a library in C")]
pub(crate) fn version() -> Result<i32, DeviceError> {
    let mut version = 0;
    // SAFETY: the function has existed since CUDA 2.2, may be called before anything else, and writes one integer.
    let answer = unsafe { sys::cuDriverGetVersion(&raw mut version) };
    answer.result().map_err(failed)?;
    Ok(version)
}

/// What is known of a card before anything is put on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) capability: (i32, i32),
}

/// A card in use.
#[derive(Debug)]
pub(crate) struct DriverCard {
    stream: Arc<CudaStream>,
    functions: Vec<CudaFunction>,
    /// By their numbers; none where a buffer was released.
    buffers: Vec<Option<CudaSlice<u8>>>,
}

pub(crate) fn count() -> Result<usize, DeviceError> {
    CudaContext::device_count().map(|count| count as usize).map_err(failed)
}

pub(crate) fn look(number: usize) -> Result<Found, DeviceError> {
    let look = || {
        let device = result::device::get(number as i32)?;
        let of = |attribute| attribute_of(device, attribute);
        let capability = (
            of(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            of(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        );
        Ok(Found { name: result::device::get_name(device)?, capability })
    };
    look().map_err(failed)
}

#[expect(unsafe_code, reason = "a call into a library in C")]
fn attribute_of(device: i32, attribute: sys::CUdevice_attribute) -> Result<i32, DriverError> {
    // SAFETY: the device came from the driver, which was initialised when the cards were counted.
    unsafe { result::device::get_attribute(device, attribute) }
}

impl DriverCard {
    /// Compiles the kernels for the card; the driver keeps the outcome for the next time.
    pub(crate) fn open(number: usize) -> Result<Self, DeviceError> {
        let open = || {
            let context = CudaContext::new(number)?;
            let module = context.load_module(Ptx::from_src(PTX))?;
            let functions = Kernel::ALL.iter().map(|kernel| module.load_function(kernel.name()));
            let functions = functions.collect::<Result<_, _>>()?;
            // One stream: everything happens in the order in which it was asked for.
            Ok(Self { stream: context.default_stream(), functions, buffers: Vec::new() })
        };
        open().map_err(failed)
    }

    fn slice(&self, buffer: Buffer) -> Result<&CudaSlice<u8>, DeviceError> {
        self.buffers.get(buffer.number).and_then(Option::as_ref).ok_or_else(no_buffer)
    }

    fn slice_mut(&mut self, buffer: Buffer) -> Result<&mut CudaSlice<u8>, DeviceError> {
        self.buffers.get_mut(buffer.number).and_then(Option::as_mut).ok_or_else(no_buffer)
    }
}

impl Card for DriverCard {
    fn free_bytes(&mut self) -> Result<usize, DeviceError> {
        let (free, _) = self.stream.context().mem_get_info().map_err(failed)?;
        Ok(free)
    }

    fn allocate(&mut self, bytes: usize) -> Result<Buffer, DeviceError> {
        let slice = self.stream.alloc_zeros(bytes).map_err(failed)?;
        self.buffers.push(Some(slice));
        Ok(Buffer { number: self.buffers.len() - 1, bytes })
    }

    fn release(&mut self, buffer: Buffer) {
        if let Some(slice) = self.buffers.get_mut(buffer.number) {
            *slice = None;
        }
    }

    fn write(&mut self, buffer: Buffer, bytes: &[u8]) -> Result<(), DeviceError> {
        let stream = Arc::clone(&self.stream);
        let slice = self.slice_mut(buffer)?;
        if bytes.len() > slice.len() {
            return Err(beyond(bytes.len(), slice.len()));
        }
        let mut part = slice.slice_mut(..bytes.len());
        stream.memcpy_htod(bytes, &mut part).map_err(failed)
    }

    fn read(&mut self, buffer: Buffer, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let slice = self.slice(buffer)?;
        if bytes.len() > slice.len() {
            return Err(beyond(bytes.len(), slice.len()));
        }
        let part = slice.slice(..bytes.len());
        self.stream.memcpy_dtoh(&part, bytes).map_err(failed)?;
        self.stream.synchronize().map_err(failed)
    }

    #[expect(unsafe_code, reason = "no compiler knows what a kernel touches")]
    fn launch(&mut self, launch: &Launch) -> Result<(), DeviceError> {
        let at = Kernel::ALL.iter().position(|kernel| *kernel == launch.kernel);
        let function = &self.functions[at.expect("a function for each kernel")];
        let mut builder = self.stream.launch_builder(function);
        for argument in &launch.arguments {
            match argument {
                Argument::Memory { buffer, bytes } => {
                    let slice = self.slice(*buffer)?;
                    if *bytes > slice.len() {
                        return Err(beyond(*bytes, slice.len()));
                    }
                    builder.arg(slice);
                }
                Argument::Int(value) => {
                    builder.arg(value);
                }
                Argument::Float(value) => {
                    builder.arg(value);
                }
            }
        }
        let config = LaunchConfig {
            grid_dim: (launch.grid[0], launch.grid[1], 1),
            block_dim: (Kernel::THREADS, 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the kernels are those of kernels.ptx, which a test ties to kernels.cu. `forward.rs` alone makes
        // launches, with as many arguments of the same kinds as the kernel has: a test runs each of them against the
        // kernels' own declarations. With those arguments a kernel touches its buffers up to the bytes that the launch
        // names (the shapes above each kernel), which the same test holds with pages that may not be touched, and
        // which were compared with the buffers here. Buffers that a kernel writes are reachable through this card
        // alone, which is borrowed mutably, and all work on them goes through one stream.
        unsafe { builder.launch(config) }.map_err(failed)?;
        Ok(())
    }
}

fn failed(error: DriverError) -> DeviceError {
    if error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY {
        return DeviceError::OutOfMemory;
    }
    DeviceError::Failed { message: format!("the driver says {:?}", error.0) }
}

fn no_buffer() -> DeviceError {
    DeviceError::Failed { message: "a buffer was released".to_owned() }
}

fn beyond(asked: usize, there: usize) -> DeviceError {
    DeviceError::Failed { message: format!("{asked} bytes of a buffer of {there}") }
}
