//! Finds where the values of a JSON text begin and end, without holding it and without judging them.

use super::capped::Capped;
use std::io::{self, BufRead};

#[derive(Debug)]
pub(super) enum Broken {
    /// The file ends inside a value or a list.
    Ended,
    /// Something else than a value, a comma or a closing bracket.
    Unexpected {
        at: u64,
    },
    Unreadable(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

pub(super) struct Scanner<R> {
    reader: R,
    offset: u64,
}

/// What comes next in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Value,
    /// The closing bracket, which is read.
    End,
}

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(reader: R, offset: u64) -> Self {
        Self { reader, offset }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next byte that is no white space, not read; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                return Ok(None);
            }
            // Record separators stand between the texts of a JSON sequence.
            let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x1e;
            let at = available.iter().position(|byte| !blank(byte));
            let found = at.map(|at| available[at]);
            let skipped = at.unwrap_or(available.len());
            self.consume(skipped);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Reads the byte that [`Scanner::peek`] showed.
    pub(super) fn take(&mut self) {
        self.consume(1);
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
        self.offset += count as u64;
    }

    /// Reads the comma before a value of a list, or the bracket that closes it.
    pub(super) fn next(&mut self, first: First, close: u8) -> Result<Next, Broken> {
        match self.peek()? {
            None => Err(Broken::Ended),
            Some(byte) if byte == close => {
                self.take();
                Ok(Next::End)
            }
            Some(b',') if first == First::No => {
                self.take();
                // A comma before the closing bracket is a mistake that loses nothing.
                if self.peek()? == Some(close) {
                    self.take();
                    return Ok(Next::End);
                }
                Ok(Next::Value)
            }
            Some(_) if first == First::Yes => Ok(Next::Value),
            Some(_) => Err(Broken::Unexpected { at: self.offset }),
        }
    }

    /// Reads one value by its brackets and quotes.
    pub(super) fn value(&mut self) -> Result<Capped, Ended> {
        match self.peek() {
            Ok(_) => {}
            Err(error) => {
                return Err(Ended { held: Box::new(Capped::new(self.offset)), why: error.into() });
            }
        }
        let mut value = Capped::new(self.offset);
        let mut state = State::default();
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(Ended { held: Box::new(value), why: error.into() }),
            };
            if available.is_empty() {
                // A number or a word may end with the file.
                let complete = state.is_scalar() && value.span().end > value.start;
                return if complete {
                    Ok(value)
                } else {
                    Err(Ended { held: Box::new(value), why: Broken::Ended })
                };
            }
            let end = available.iter().position(|byte| state.step(*byte));
            // The last byte belongs to the value, unless it only shows that a number is over.
            let taken = end.map_or(available.len(), |at| at + usize::from(!state.is_scalar()));
            value.push(&available[..taken]);
            self.consume(taken);
            if end.is_some() {
                if taken == 0 && value.span().end == value.start {
                    let why = Broken::Unexpected { at: self.offset };
                    return Err(Ended { held: Box::new(value), why });
                }
                return Ok(value);
            }
        }
    }
}

/// The value that could not be read to its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) held: Box<Capped>,
    pub(super) why: Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Yes,
    No,
}

#[derive(Debug, Default)]
struct State {
    depth: u64,
    token: Token,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Token {
    #[default]
    None,
    String,
    /// Behind a backslash in a string.
    Escape,
    /// A number or a word outside brackets, which ends before a byte that cannot belong to it.
    Scalar,
}

impl State {
    fn is_scalar(&self) -> bool {
        self.token == Token::Scalar
    }

    /// True when `byte` ends the value (a scalar: when it stands behind the value).
    fn step(&mut self, byte: u8) -> bool {
        match (self.token, byte) {
            (Token::String, b'\\') => self.token = Token::Escape,
            (Token::String, b'"') => {
                self.token = Token::None;
                return self.depth == 0;
            }
            (Token::Escape, _) | (Token::None, b'"') => self.token = Token::String,
            (Token::Scalar, _) => return byte.is_ascii_whitespace() || ends_scalar(byte),
            (Token::None, b'{' | b'[') => self.depth += 1,
            (Token::None, b'}' | b']') if self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            (Token::None, _) if self.depth == 0 => {
                self.token = Token::Scalar;
                return ends_scalar(byte);
            }
            (Token::String | Token::None, _) => {}
        }
        false
    }
}

fn ends_scalar(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b'}' | b':')
}
