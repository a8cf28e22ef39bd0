//! Names that a file gave already: an id may occur once in it.
//!
//! A table may have millions of rows, so that a name and its content are held as 64 bits each: among ten million
//! names two meet once in three hundred thousand files, and then one of them is listed as failed. What is held is
//! leased, and where half of the pool does not suffice the rest of the file fails.

use flow::memory::{Lease, MemoryPool};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use types::document::Hash;
use types::failure::{Failure, FailureClass};

/// Of a name in the table: two numbers and a byte of control, while half of the places are free.
const NAME_BYTES: u64 = 40;
/// Names are paid for so many at once.
const STEP_NAMES: u64 = 1 << 14;

/// What all files being read may hold together.
#[derive(Debug)]
pub(crate) struct NameRoom {
    pool: MemoryPool,
    /// Bytes; the other half of the pool is always for chunks, which leave it again.
    max: u64,
    used: AtomicU64,
}

impl NameRoom {
    pub(crate) fn new(pool: &MemoryPool) -> Self {
        Self { pool: pool.clone(), max: pool.capacity() / 2, used: AtomicU64::new(0) }
    }

    fn take(&self, bytes: u64) -> Option<Lease> {
        if self.used.fetch_add(bytes, Ordering::Relaxed) + bytes > self.max {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return None;
        }
        Some(self.pool.lease(bytes))
    }
}

/// Names of one file.
pub(super) struct Names<'r> {
    room: &'r NameRoom,
    /// Content by name.
    met: HashMap<u64, u64, BuildHasherDefault<Itself>>,
    leases: Vec<Lease>,
}

/// Whether a name occurred before in its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    New,
    Same,
    Other,
    /// It cannot be told: there are more names than may be held.
    TooMany(Failure),
}

impl<'r> Names<'r> {
    pub(super) fn new(room: &'r NameRoom) -> Self {
        Self { room, met: HashMap::default(), leases: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.met = HashMap::default();
        self.give_back();
    }

    pub(super) fn meet(&mut self, name: &str, content: Hash) -> Met {
        let content = first_bytes(&content.0);
        let key = first_bytes(blake3::hash(name.as_bytes()).as_bytes());
        let count = self.met.len() as u64;
        match self.met.entry(key) {
            Entry::Occupied(before) if *before.get() == content => Met::Same,
            Entry::Occupied(_) => Met::Other,
            Entry::Vacant(free) => {
                if count == self.leases.len() as u64 * STEP_NAMES {
                    let Some(lease) = self.room.take(STEP_NAMES * NAME_BYTES) else {
                        return Met::TooMany(too_many(count));
                    };
                    self.leases.push(lease);
                }
                free.insert(content);
                Met::New
            }
        }
    }

    fn give_back(&mut self) {
        let bytes = self.leases.drain(..).map(|lease| lease.bytes()).sum();
        self.room.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Names<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn first_bytes(hash: &[u8; 32]) -> u64 {
    u64::from_le_bytes(*hash.first_chunk().expect("a hash has more than 8 bytes"))
}

fn too_many(count: u64) -> Failure {
    Failure::new(
        FailureClass::TooLarge,
        format!("holds more items than can be told apart in the memory limit; {count} were read"),
        "split the file, or raise --memory-limit",
    )
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Hash {
        Hash(*blake3::hash(text.as_bytes()).as_bytes())
    }

    #[test]
    fn a_name_is_met_with_its_content() {
        let pool = MemoryPool::new(1 << 30);
        let room = NameRoom::new(&pool);
        let mut names = Names::new(&room);
        assert_eq!(names.meet("a", hash("1")), Met::New);
        assert_eq!(names.meet("b", hash("1")), Met::New);
        assert_eq!(names.meet("a", hash("1")), Met::Same);
        assert_eq!(names.meet("a", hash("2")), Met::Other);
        names.clear();
        assert_eq!(names.meet("a", hash("2")), Met::New);
    }

    #[test]
    fn names_beyond_half_of_the_pool_are_refused_and_the_room_comes_back() {
        let pool = MemoryPool::new(4 * STEP_NAMES * NAME_BYTES + 1);
        let room = NameRoom::new(&pool);
        let mut names = Names::new(&room);
        let content = hash("1");
        for name in 0..2 * STEP_NAMES {
            assert_eq!(names.meet(&name.to_string(), content), Met::New, "{name}");
        }
        let Met::TooMany(failure) = names.meet("more", content) else { panic!("has no limit") };
        assert_eq!(failure.class, FailureClass::TooLarge);
        assert_eq!(names.meet("7", content), Met::Same, "what is known stays known");
        let mut other = Names::new(&room);
        assert!(matches!(other.meet("a", content), Met::TooMany(_)));
        drop(names);
        assert_eq!(other.meet("a", content), Met::New);
        drop(other);
        assert_eq!(pool.used(), 0);
    }
}
