//! Word pieces by their bytes, made for the question "which is the longest piece that this begins with".
//!
//! A piece of at most 16 bytes is its own key, padded with zeros to a `u128` (no piece holds a NUL): all
//! prefixes of a word then come from one load and a mask, and hashing costs two multiplications.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use ahash::RandomState;

const SHORT: usize = size_of::<u128>();

/// Fixed, so that a process does the same work each time; the keys come with the program, nobody can
/// choose them to collide.
const SEEDS: [u64; 4] = [1, 2, 3, 4];

#[derive(Debug)]
pub(super) struct Pieces {
    short: HashMap<u128, u32, RandomState>,
    long: HashMap<Box<[u8]>, u32, RandomState>,
    longest: usize,
}

impl Default for Pieces {
    fn default() -> Self {
        let [a, b, c, d] = SEEDS;
        let state = RandomState::with_seeds(a, b, c, d);
        Self {
            short: HashMap::with_hasher(state.clone()),
            long: HashMap::with_hasher(state),
            longest: 0,
        }
    }
}

impl Pieces {
    /// The id that the piece had before, if it is there already.
    pub(super) fn insert(&mut self, piece: &str, id: u32) -> Option<u32> {
        let bytes = piece.as_bytes();
        self.longest = self.longest.max(bytes.len());
        if bytes.len() <= SHORT {
            self.short.insert(key(bytes), id)
        } else {
            self.long.insert(bytes.into(), id)
        }
    }

    /// Length in bytes and id of the longest piece that `word` begins with. A prefix that ends inside a
    /// character is asked for too, but equals no piece, because pieces are whole characters.
    #[inline]
    pub(super) fn longest_prefix(&self, word: &[u8]) -> Option<(usize, u32)> {
        let most = word.len().min(self.longest);
        let long = (SHORT + 1..=most)
            .rev()
            .find_map(|length| Some((length, *self.long.get(&word[..length])?)));
        long.or_else(|| {
            let most = most.min(SHORT);
            let all = key(&word[..most]);
            (1..=most)
                .rev()
                .find_map(|length| Some((length, *self.short.get(&(all & mask(length)))?)))
        })
    }
}

/// The first `length` bytes of a key, 1 ≤ `length` ≤ 16.
#[inline]
fn mask(length: usize) -> u128 {
    u128::MAX >> (8 * (SHORT - length))
}

#[inline]
fn key(bytes: &[u8]) -> u128 {
    let mut padded = [0; SHORT];
    padded[..bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(padded)
}
