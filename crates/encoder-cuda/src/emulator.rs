//! A card that is a process of this machine: the kernels' own text, compiled by the C compiler, with the threads of a
//! block as coroutines (`kernels/emulator/`). It holds the kernels' arithmetic and indices, the launches, and that
//! nothing is touched beyond what a launch names; it says nothing of speed, nor of a chip or a driver that errs.
#![forbid(unsafe_code)]

use std::{
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::LazyLock,
};

use encoder::device::DeviceError;
use tempfile::TempDir;

use crate::card::{Argument, Buffer, Card, Launch};

/// In which order the threads of a block run between two barriers. What depends on it lacks a barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Upwards,
    Downwards,
}

#[derive(Debug)]
pub(crate) struct Emulated {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    order: Order,
    /// Sizes of the buffers; 0 where one was released.
    buffers: Vec<usize>,
    /// What is left of its memory.
    free: usize,
}

/// The compiled emulator; a C compiler is there wherever `SQLite` was built.
static PROGRAM: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels/emulator");
    let built = Command::new("cc")
        .args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(&sources)
        .args(["machine.c", "process.c"].map(|file| sources.join(file)))
        .arg("-o")
        .arg(folder.path().join("emulator"))
        .arg("-lm")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder
});

impl Emulated {
    /// With so many bytes of memory.
    pub(crate) fn new(order: Order, memory: usize) -> Self {
        let mut child = Command::new(PROGRAM.path().join("emulator"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from, order, buffers: Vec::new(), free: memory }
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<(), DeviceError> {
        let sent = parts.iter().try_for_each(|part| self.to.write_all(part));
        sent.and_then(|()| self.to.flush()).map_err(|_| self.ended())
    }

    /// Its last words stand on standard error.
    fn ended(&mut self) -> DeviceError {
        let status = self.child.wait().unwrap();
        DeviceError::Failed { message: format!("the emulator ended: {status}") }
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn number(value: usize) -> [u8; 8] {
    (value as u64).to_le_bytes()
}

impl Card for Emulated {
    fn free_bytes(&mut self) -> Result<usize, DeviceError> {
        Ok(self.free)
    }

    /// Not zeroed, unlike a card's: nothing may rely on it.
    fn allocate(&mut self, bytes: usize) -> Result<Buffer, DeviceError> {
        self.free = self.free.checked_sub(bytes).ok_or(DeviceError::OutOfMemory)?;
        self.send(&[b"A", &number(bytes)])?;
        self.buffers.push(bytes);
        Ok(Buffer { number: self.buffers.len() - 1, bytes })
    }

    fn release(&mut self, buffer: Buffer) {
        self.free += std::mem::take(&mut self.buffers[buffer.number]);
        self.send(&[b"F", &number(buffer.number)]).unwrap();
    }

    fn write(&mut self, buffer: Buffer, bytes: &[u8]) -> Result<(), DeviceError> {
        self.send(&[b"W", &number(buffer.number), &number(bytes.len()), bytes])
    }

    fn read(&mut self, buffer: Buffer, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.send(&[b"R", &number(buffer.number), &number(bytes.len())])?;
        self.from.read_exact(bytes).map_err(|_| self.ended())
    }

    fn launch(&mut self, launch: &Launch) -> Result<(), DeviceError> {
        let mut name = [0; 16];
        name[..launch.kernel.name().len()].copy_from_slice(launch.kernel.name().as_bytes());
        let [x, y] = launch.grid;
        let order = usize::from(self.order == Order::Downwards);
        let mut text = [b"L", name.as_slice()].concat();
        for value in [x as usize, y as usize, order, launch.arguments.len()] {
            text.extend(number(value));
        }
        for argument in &launch.arguments {
            let (kind, value) = match argument {
                Argument::Memory { buffer, bytes } => {
                    assert!(*bytes <= buffer.bytes, "{launch:?} reaches beyond {buffer:?}");
                    (b'b', buffer.number)
                }
                Argument::Int(value) => (b'i', *value as u32 as usize),
                Argument::Float(value) => (b'f', value.to_bits() as usize),
            };
            text.extend(number(usize::from(kind)));
            text.extend(number(value));
        }
        self.send(&[&text])
    }
}
