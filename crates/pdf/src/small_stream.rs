//! Streams beside the pages, which are only worth reading when they are small.

use hayro_syntax::object::Stream;
use std::borrow::Cow;

/// Bytes of a stream that is stored as it is.
const PLAIN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a compressed stream: deflate makes at most a thousand times as many of them.
const PACKED_BYTES_MAX: usize = 32 * 1024;

/// The data of a stream; `None` when it is damaged, or might not be small.
pub(crate) fn decoded<'a>(stream: &Stream<'a>) -> Option<Cow<'a, [u8]>> {
    let max = match stream.filters().len() {
        0 => PLAIN_BYTES_MAX,
        1 => PACKED_BYTES_MAX,
        // Packed twice, a few bytes can be any number.
        _ => return None,
    };
    if stream.raw_data().len() > max {
        return None;
    }
    stream.decoded().ok()
}
