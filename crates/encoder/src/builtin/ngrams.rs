//! Vectors for words that the vocabulary cannot spell: each character n-gram is hashed to a fixed vector of
//! ±1, and a word is their sum. Costs no storage and no training; words with common parts come out alike.
//!
//! Measured before it was chosen (heading to paragraph, MRR@10, with the word pieces alone / with this):
//! Russian .066 / .110, Greek .027 / .104, Korean .043 / .099, Chinese .081 / .135, Japanese .092 / .155.
#![forbid(unsafe_code)]

/// n-grams of an alphabetic word, counted in characters and with a mark at either end.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=5;

/// A lane of one byte counts so many n-grams before it must be emptied.
const LANE_MAX: u32 = 255;

/// The bits of a byte, spread to the lowest bits of eight bytes.
const SPREAD: [u64; 256] = {
    let mut spread = [0u64; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            spread[byte] |= ((byte as u64 >> bit) & 1) << (8 * bit);
            bit += 1;
        }
        byte += 1;
    }
    spread
};

/// For each dimension the number of n-grams whose sign is plus.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Eight dimensions to a lane group, one byte each; emptied into `plus` before a byte can overflow.
    lanes: Vec<u64>,
    in_lanes: u32,
    plus: Vec<u32>,
    grams: u32,
    /// The word between its marks, and where its characters begin (and the last one ends).
    marked: String,
    starts: Vec<usize>,
}

impl Counters {
    /// Adds `weight` times the vector of `word` to `sum`. The vector has about length 1; that of a run of a
    /// script without spaces, which is a phrase and not a word, the square root of its characters.
    pub(super) fn add(&mut self, word: &str, weight: f32, sum: &mut [f32]) {
        self.reset(sum.len());
        let length = if word.chars().any(is_spaceless) {
            self.count_phrase(word);
            (word.chars().count() as f32).sqrt()
        } else {
            self.count_word(word);
            1.0
        };
        self.empty_lanes();
        let weight = weight * length / (sum.len() as f32 * self.grams as f32).sqrt();
        for (value, &plus) in sum.iter_mut().zip(&self.plus) {
            *value += weight * (2.0 * plus as f32 - self.grams as f32);
        }
    }

    /// The word with its marks, and its n-grams.
    fn count_word(&mut self, word: &str) {
        let mut marked = std::mem::take(&mut self.marked);
        marked.clear();
        marked.extend(["<", word, ">"]);
        self.count(marked.as_bytes());
        self.count_ngrams(&marked, LENGTHS);
        self.marked = marked;
    }

    /// Single characters and pairs: about what words are in these scripts.
    fn count_phrase(&mut self, phrase: &str) {
        self.count_ngrams(phrase, 1..=2);
    }

    fn count_ngrams(&mut self, text: &str, lengths: std::ops::RangeInclusive<usize>) {
        let mut starts = std::mem::take(&mut self.starts);
        starts.clear();
        starts.extend(text.char_indices().map(|(start, _)| start).chain([text.len()]));
        for length in lengths {
            for (start, end) in starts.iter().zip(starts.iter().skip(length)) {
                self.count(&text.as_bytes()[*start..*end]);
            }
        }
        self.starts = starts;
    }

    fn count(&mut self, gram: &[u8]) {
        let mut state = hash(gram);
        for lanes in self.lanes.chunks_mut(8) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            for (lane, byte) in lanes.iter_mut().zip(mix(state).to_le_bytes()) {
                *lane += SPREAD[usize::from(byte)];
            }
        }
        self.grams += 1;
        self.in_lanes += 1;
        if self.in_lanes == LANE_MAX {
            self.empty_lanes();
        }
    }

    fn empty_lanes(&mut self) {
        for (plus, lane) in self.plus.chunks_mut(8).zip(&mut self.lanes) {
            for (plus, byte) in plus.iter_mut().zip(lane.to_le_bytes()) {
                *plus += u32::from(byte);
            }
            *lane = 0;
        }
        self.in_lanes = 0;
    }

    fn reset(&mut self, dimensions: usize) {
        self.plus.clear();
        self.plus.resize(dimensions, 0);
        self.lanes.clear();
        self.lanes.resize(dimensions.div_ceil(8), 0);
        self.grams = 0;
    }
}

/// Scripts that put no spaces between words: Thai to Myanmar, Khmer, kana, Han and what lies beyond the first
/// plane.
fn is_spaceless(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..)
}

/// FNV-1a. Part of the model: another hash makes other vectors.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014), which makes each of its outputs' bits a fair coin.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
