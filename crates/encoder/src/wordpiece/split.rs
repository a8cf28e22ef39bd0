//! Text into words, in lower case and without accents where the model wants it: what BERT's normaliser and
//! pre-tokeniser do, in one pass.
//!
//! ASCII goes byte by byte through a table. Where accents are stripped, a run of other characters is decomposed
//! (NFD) into a short list, which is put into canonical order and stripped of nonspacing marks when the run ends.
#![forbid(unsafe_code)]

use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

use super::unicode8;

/// A word, or one punctuation mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// UTF-8, not empty.
    pub(super) bytes: &'a [u8],
    pub(super) chars: usize,
}

/// What a model's words are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    pub letters: Letters,
    pub accents: Accents,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    Kept,
    Lower,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accents {
    /// And characters are left composed or decomposed as they are.
    Kept,
    Stripped,
}

impl Rules {
    /// Of BERT's uncased models.
    pub const UNCASED: Self = Self { letters: Letters::Lower, accents: Accents::Stripped };
}

/// Calls `visit` for the words of `text` in their order.
pub(super) fn for_each_word(text: &str, rules: Rules, visit: impl FnMut(Word<'_>)) {
    let word = Vec::with_capacity(64);
    let mut splitter = Splitter { rules, word, chars: 0, run: Vec::new(), visit };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match CLASSES[usize::from(byte)] {
            Class::Word => at += splitter.ascii_word(&bytes[at..]),
            Class::Foreign => {
                at += splitter
                    .foreign_run(text.get(at..).expect("only whole characters have been passed"));
            }
            Class::Space => {
                splitter.end_word();
                at += 1;
            }
            Class::Punctuation => {
                splitter.mark(&[byte]);
                at += 1;
            }
            Class::Dropped => at += 1,
        }
    }
    splitter.end_word();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Space,
    Punctuation,
    /// Control characters.
    Dropped,
    /// The first byte of a character beyond ASCII.
    Foreign,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Foreign; 256];
    let mut byte = 0u8;
    while byte < 128 {
        classes[byte as usize] = if byte.is_ascii_alphanumeric() {
            Class::Word
        } else if byte.is_ascii_punctuation() {
            Class::Punctuation
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            Class::Space
        } else {
            Class::Dropped
        };
        byte += 1;
    }
    classes
};

struct Splitter<F> {
    rules: Rules,
    /// The word begun, normalised.
    word: Vec<u8>,
    chars: usize,
    /// Decomposed characters that still wait for their canonical order.
    run: Vec<char>,
    visit: F,
}

impl<F: FnMut(Word<'_>)> Splitter<F> {
    /// Takes the letters and digits that `bytes` begins with and gives their number.
    #[inline]
    fn ascii_word(&mut self, bytes: &[u8]) -> usize {
        let length = bytes
            .iter()
            .position(|&byte| CLASSES[usize::from(byte)] != Class::Word)
            .unwrap_or(bytes.len());
        match self.rules.letters {
            // In ASCII this bit makes a letter lower case, and every digit has it already.
            Letters::Lower => self.word.extend(bytes[..length].iter().map(|byte| byte | 0x20)),
            Letters::Kept => self.word.extend_from_slice(&bytes[..length]),
        }
        self.chars += length;
        length
    }

    /// Takes characters up to the next one of ASCII that is not dropped (a dropped one does not part the
    /// marks around it) and gives their number of bytes.
    fn foreign_run(&mut self, text: &str) -> usize {
        let mut length = 0;
        for c in text.chars() {
            if c.is_ascii() && CLASSES[c as usize] != Class::Dropped {
                break;
            }
            length += c.len_utf8();
            self.foreign(c);
        }
        self.settle();
        length
    }

    fn foreign(&mut self, c: char) {
        if is_dropped(c) {
            return;
        }
        if c.is_whitespace() {
            self.settle();
            self.end_word();
        } else if is_chinese(c) {
            self.settle();
            self.end_word();
            self.take(c);
            self.settle();
            self.end_word();
        } else {
            self.take(c);
        }
    }

    fn take(&mut self, c: char) {
        match self.rules.accents {
            Accents::Stripped => decompose_canonical(c, |part| self.run.push(part)),
            Accents::Kept => self.push_cased(c),
        }
    }

    /// Moves the waiting run into the word. It begins a combining sequence, or follows a character of ASCII,
    /// so ordering it alone is ordering the text.
    fn settle(&mut self) {
        let mut run = std::mem::take(&mut self.run);
        for marks in run.chunk_by_mut(|_, &next| canonical_combining_class(next) != 0) {
            let first_mark = usize::from(canonical_combining_class(marks[0]) == 0);
            marks[first_mark..].sort_by_key(|&mark| canonical_combining_class(mark));
        }
        for &c in &run {
            if !is_stripped(c) {
                self.push_cased(c);
            }
        }
        run.clear();
        self.run = run;
    }

    fn push_cased(&mut self, c: char) {
        match self.rules.letters {
            Letters::Lower => c.to_lowercase().for_each(|lower| self.push(lower)),
            Letters::Kept => self.push(c),
        }
    }

    fn push(&mut self, c: char) {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        if c.is_whitespace() {
            self.end_word();
        } else if is_punctuation(c) {
            self.mark(bytes);
        } else {
            self.word.extend_from_slice(bytes);
            self.chars += 1;
        }
    }

    fn mark(&mut self, bytes: &[u8]) {
        self.end_word();
        (self.visit)(Word { bytes, chars: 1 });
    }

    #[inline]
    fn end_word(&mut self) {
        if !self.word.is_empty() {
            (self.visit)(Word { bytes: &self.word, chars: self.chars });
            self.word.clear();
            self.chars = 0;
        }
    }
}

/// Dropped before anything else, so U+0085 is gone although it is white space.
fn is_dropped(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || unicode8::is_control(c)
}

/// Accents, after decomposition.
fn is_stripped(c: char) -> bool {
    !c.is_ascii() && unicode8::is_nonspacing_mark(c)
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() } else { unicode8::is_punctuation(c) }
}

/// The blocks that BERT sets apart as words of one character. From its `tokenization.py`.
fn is_chinese(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
        | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
