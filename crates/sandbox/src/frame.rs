//! The frames between parent and child: `[op u8][length u32, little endian][payload]`.

use std::io::{self, Read};

/// Longer frames are a fault of the child. A block of text has at most 64 KiB; the rest is for metadata.
pub(crate) const FRAME_BYTES_MAX: usize = 16 << 20;

/// Documents and archive members travel in pieces of this size: the capacity of a pipe.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

pub(crate) const HEADER_BYTES: usize = 5;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Op {
    /// Child: confined and waiting; [`crate::wire::Ready`].
    Ready = b'R',
    /// Parent: [`crate::wire::Request`]; the document follows in pieces, then [`Op::DocumentEnd`].
    Request = b'Q',
    Piece = b'D',
    DocumentEnd = b'E',
    /// Child: blocks, one after the other.
    Blocks = b'B',
    /// Child: the name of a member that begins.
    MemberBegin = b'M',
    MemberData = b'm',
    MemberEnd = b'e',
    /// Child: [`crate::wire::MemberFailed`].
    MemberFailed = b'f',
    /// Child: the job is done.
    Done = b'X',
    /// Child: the worker says no; a failure.
    Refused = b'F',
    /// Child: the worker panicked; where.
    Panicked = b'P',
}

impl Op {
    const ALL: [Self; 12] = [
        Self::Ready,
        Self::Request,
        Self::Piece,
        Self::DocumentEnd,
        Self::Blocks,
        Self::MemberBegin,
        Self::MemberData,
        Self::MemberEnd,
        Self::MemberFailed,
        Self::Done,
        Self::Refused,
        Self::Panicked,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| *op as u8 == byte)
    }
}

/// The other side sent something that is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Garbled;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) op: Op,
    pub(crate) length: usize,
}

impl Header {
    pub(crate) fn decode(bytes: [u8; HEADER_BYTES]) -> Result<Self, Garbled> {
        let [op, length @ ..] = bytes;
        let op = Op::from_byte(op).ok_or(Garbled)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > FRAME_BYTES_MAX { Err(Garbled) } else { Ok(Self { op, length }) }
    }

    pub(crate) fn encode(self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = u32::try_from(self.length)
            .expect("a frame is at most FRAME_BYTES_MAX long")
            .to_le_bytes();
        [self.op as u8, a, b, c, d]
    }
}

/// A whole frame, ready to be written at once.
pub(crate) fn frame(op: Op, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
    frame.extend_from_slice(&Header { op, length: payload.len() }.encode());
    frame.extend_from_slice(payload);
    frame
}

/// The next header; `None` when the other side has closed its end between two frames.
pub(crate) fn read_header(from: &mut impl Read) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER_BYTES];
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match from.read(&mut bytes[filled..])? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => filled += read,
        }
    }
    Header::decode(bytes).map(Some).map_err(|Garbled| io::ErrorKind::InvalidData.into())
}

/// What a pipe has delivered, cut into frames. Grows by what arrived, never by what a header claims.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Inbox {
    pub(crate) fn push(&mut self, received: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(received);
    }

    /// Whether a whole frame waits, and which.
    pub(crate) fn head(&self) -> Result<Option<Header>, Garbled> {
        let Some(header) = self.bytes[self.start..].first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = Header::decode(*header)?;
        let waiting = self.bytes.len() - self.start - HEADER_BYTES;
        Ok((waiting >= header.length).then_some(header))
    }

    /// Takes the frame that [`Inbox::head`] showed.
    pub(crate) fn take(&mut self, header: Header) -> &[u8] {
        let start = self.start + HEADER_BYTES;
        self.start = start + header.length;
        &self.bytes[start..self.start]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_byte_that_is_no_op_and_a_length_over_the_cap_are_garbled() {
        assert_eq!(Header::decode([b'?', 0, 0, 0, 0]), Err(Garbled));
        assert_eq!(Header::decode([b'B', 0xff, 0xff, 0xff, 0xff]), Err(Garbled));
        let largest = Header { op: Op::Blocks, length: FRAME_BYTES_MAX };
        assert_eq!(Header::decode(largest.encode()), Ok(largest));
    }

    #[test]
    fn an_end_inside_a_header_is_an_error_and_between_frames_is_not() {
        assert_eq!(read_header(&mut &b""[..]).unwrap(), None);
        let cut = read_header(&mut &b"B\0\0"[..]).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn an_inbox_delivers_the_frames_that_were_sent_however_they_are_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            step in 1_usize..50,
        ) {
            let sent: Vec<u8> = payloads.iter().flat_map(|payload| frame(Op::Blocks, payload)).collect();
            let mut inbox = Inbox::default();
            let mut received = Vec::new();
            for piece in sent.chunks(step) {
                inbox.push(piece);
                while let Some(header) = inbox.head().unwrap() {
                    received.push(inbox.take(header).to_vec());
                }
            }
            prop_assert_eq!(received, payloads);
        }
    }
}
