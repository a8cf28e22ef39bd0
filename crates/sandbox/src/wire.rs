//! The values inside the frames, encoded with postcard.

use crate::job::UnpackBudget;
use serde::{Deserialize, Serialize};
use types::block::Block;
use types::failure::Failure;

/// What a child is told at its start, as its second argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Bytes of heap.
    pub(crate) memory: u64,
    /// Seconds of processor time for the whole life of the child.
    pub(crate) cpu_secs_life: u64,
    /// Set: standard input is this archive, and the child lives for it alone. Not set: requests come in frames.
    pub(crate) archive: Option<Archive>,
}

impl Start {
    /// In hexadecimal: an argument may hold neither a NUL nor, on some systems, bytes that are no UTF-8.
    pub(crate) fn to_argument(&self) -> String {
        let bytes = encode(self);
        let digit = |half: u8| char::from_digit(half.into(), 16).expect("half a byte is a digit");
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    pub(crate) fn from_argument(argument: &str) -> Option<Self> {
        let digits: Vec<u8> =
            argument.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        postcard::from_bytes(&bytes).ok()
    }
}

/// The one job of a child whose standard input is an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Archive {
    pub(crate) format: String,
    pub(crate) name: String,
    pub(crate) budget: UnpackBudget,
    pub(crate) cpu_secs: u64,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) format: String,
    pub(crate) name: String,
    pub(crate) first_page: u32,
    /// Bytes that follow.
    pub(crate) size: u64,
    /// Seconds of processor time for this job.
    pub(crate) cpu_secs: u64,
}

/// What a child says before it reads a byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// What this kernel lacks.
    pub(crate) missing: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberFailed {
    pub(crate) name: String,
    pub(crate) failure: Failure,
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("our own values have encodings")
}

/// Appends one block to the payload of a frame.
pub(crate) fn append_block(payload: Vec<u8>, block: &Block) -> Vec<u8> {
    postcard::to_extend(block, payload).expect("a block has an encoding, and a vector grows")
}

/// Cuts the payload of a frame into its blocks; ends after the first that is broken.
pub(crate) fn blocks(mut payload: &[u8]) -> impl Iterator<Item = Result<Block, postcard::Error>> {
    std::iter::from_fn(move || {
        if payload.is_empty() {
            return None;
        }
        let taken = postcard::take_from_bytes(payload);
        payload = taken.as_ref().map_or(&[][..], |(_, rest)| rest);
        Some(taken.map(|(block, _)| block))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::block::{Span, TextKind};

    #[test]
    fn a_start_survives_its_argument() {
        let start = Start {
            memory: 96 << 20,
            cpu_secs_life: 600,
            archive: Some(Archive {
                format: "zip".into(),
                name: "a\0b/ü.zip".into(),
                budget: UnpackBudget {
                    members_max: 1,
                    member_bytes_max: 2,
                    total_bytes_max: u64::MAX,
                },
                cpu_secs: 10,
            }),
        };
        assert_eq!(Start::from_argument(&start.to_argument()), Some(start));
    }

    #[test]
    fn what_is_no_start_is_refused() {
        for argument in ["", "0", "zz", "é0"] {
            assert_eq!(Start::from_argument(argument), None, "{argument}");
        }
    }

    #[test]
    fn blocks_come_back_in_order_and_a_broken_one_ends_them() {
        let text = Block::Text {
            kind: TextKind::Code,
            text: "x".repeat(300),
            span: Span { start: 3, end: 303 },
        };
        let mut payload = append_block(Vec::new(), &Block::Page(7));
        payload = append_block(payload, &text);
        let whole: Result<Vec<_>, _> = blocks(&payload).collect();
        assert_eq!(whole.unwrap(), [Block::Page(7), text]);

        payload.truncate(100);
        let cut: Vec<_> = blocks(&payload).collect();
        assert!(cut.len() == 2 && cut[0].is_ok() && cut[1].is_err());
    }
}
