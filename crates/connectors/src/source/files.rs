//! Files of the file system, as a folder or one by one.
//!
//! Only regular files are ever opened, and only the very file that was listed (same device and inode): a FIFO
//! would block for ever, a device may act on being opened, and a link that was put in the way could lead out of
//! the source.

mod folder;
mod patterns;
mod refusal;
mod regular;
mod single;
mod walk;

#[cfg(test)]
mod tests;

pub use folder::Folder;
pub use single::SingleFile;
