//! How much of what waits goes into the next call.
//!
//! A batch is cut when it may be sent, not when its items arrive (late binding): under load the calls fill up by
//! themselves, and a maximum linger is all the waiting there is. Items are taken from the head without gaps, so
//! the one that waits longest is always in the next call; what is gained by searching the queue for a better fit
//! is little, as texts of a provider are much smaller than its calls.
//!
//! How large a call should be is a matter of the caps (flow control's reasons: above the ratio of the token to
//! the request limit, so that requests do not bind, and a small part of the token limit, so that one refusal is
//! cheap).

/// What a provider bounds per call, of an item or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    pub items: u64,
    pub tokens: u64,
    pub bytes: u64,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            items: self.items.saturating_add(other.items),
            tokens: self.tokens.saturating_add(other.tokens),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn fits(self, caps: Self) -> bool {
        self.items <= caps.items && self.tokens <= caps.tokens && self.bytes <= caps.bytes
    }

    fn fills(self, caps: Self) -> bool {
        self.items >= caps.items || self.tokens >= caps.tokens || self.bytes >= caps.bytes
    }
}

/// Whether a batch may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Closed {
    /// No more of what waits fits in.
    Full,
    /// Its oldest item has waited for as long as it may.
    Aged,
    /// Not before this time, unless more comes.
    NotYet(f64),
}

/// The items at the head that go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch {
    /// How many, at least one.
    pub take: usize,
    /// Of all of them. Above the caps only if `take` is one.
    pub size: Size,
    full: bool,
    oldest: f64,
}

impl Batch {
    /// Cuts a batch from what waits, first the one to be sent first: its size, and since when it waits. None if
    /// nothing waits. An item above the caps goes alone; it is for the provider to refuse it.
    pub fn cut(caps: Size, waiting: impl IntoIterator<Item = (Size, f64)>) -> Option<Self> {
        let mut waiting = waiting.into_iter();
        let (size, oldest) = waiting.next()?;
        let mut batch = Self { take: 1, size, full: size.fills(caps), oldest };
        for (size, since) in waiting {
            let more = batch.size.and(size);
            if batch.full || !more.fits(caps) {
                batch.full = true;
                break;
            }
            let oldest = batch.oldest.min(since);
            batch = Self { take: batch.take + 1, size: more, full: more.fills(caps), oldest };
        }
        Some(batch)
    }

    /// `linger` in seconds: how long an item may wait for others to go with.
    pub fn close(&self, now: f64, linger: f64) -> Closed {
        let until = self.oldest + linger;
        if self.full {
            Closed::Full
        } else if now >= until {
            Closed::Aged
        } else {
            Closed::NotYet(until)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size() -> impl Strategy<Value = Size> {
        (1u64..4, 0u64..500, 0u64..2000).prop_map(|(items, tokens, bytes)| Size {
            items,
            tokens,
            bytes,
        })
    }

    fn item(tokens: u64) -> Size {
        Size { items: 1, tokens, bytes: 4 * tokens }
    }

    const CAPS: Size = Size { items: 4, tokens: 100, bytes: 1000 };

    fn cut(tokens: &[u64]) -> Batch {
        Batch::cut(CAPS, tokens.iter().map(|tokens| (item(*tokens), 5.0))).unwrap()
    }

    proptest! {
        #[test]
        fn a_batch_is_the_longest_head_within_the_caps_and_at_least_one_item(
            items in 1u64..20, tokens in 1u64..2000, bytes in 1u64..10_000,
            waiting in prop::collection::vec(size(), 1..60),
        ) {
            let caps = Size { items, tokens, bytes };
            let sum = |count: usize| waiting[..count].iter().fold(Size::default(), |a, b| a.and(*b));
            let batch = Batch::cut(caps, waiting.iter().map(|size| (*size, 0.0))).unwrap();
            prop_assert_eq!(batch.size, sum(batch.take));
            prop_assert!(batch.size.fits(caps) || batch.take == 1);
            let room_for_one_more = batch.take < waiting.len() && sum(batch.take + 1).fits(caps);
            // What costs nothing in the dimension that is full might go along, and is not looked for.
            prop_assert!(!room_for_one_more || batch.size.fills(caps));
            prop_assert!(batch.take == waiting.len() || batch.close(0.0, 1.0) == Closed::Full);
        }

        #[test]
        fn nothing_waits_longer_than_the_linger_for_company(
            sinces in prop::collection::vec(0.0f64..100.0, 1..4),
            linger in 0.0f64..10.0,
        ) {
            let batch = Batch::cut(CAPS, sinces.iter().map(|since| (item(1), *since))).unwrap();
            let oldest = sinces.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert_eq!(batch.close(oldest + linger, linger), Closed::Aged);
            let before = batch.close(oldest + linger - 1e-3, linger);
            prop_assert_eq!(before, Closed::NotYet(oldest + linger));
        }
    }

    #[test]
    fn an_item_above_the_caps_goes_alone() {
        let batch = cut(&[101, 1]);
        assert_eq!((batch.take, batch.size), (1, item(101)));
        assert_eq!(batch.close(5.0, 1.0), Closed::Full);
        assert_eq!(cut(&[1, 101]).take, 1);
    }

    #[test]
    fn every_cap_closes_a_batch() {
        assert_eq!(cut(&[1; 9]).take, 4);
        assert_eq!(cut(&[60, 40, 1]).take, 2);
        let bytes = Size { items: 1, tokens: 1, bytes: 400 };
        assert_eq!(Batch::cut(CAPS, [(bytes, 0.0); 5]).unwrap().take, 2);
    }

    #[test]
    fn what_fills_the_caps_exactly_waits_for_nobody() {
        assert_eq!(cut(&[60, 40]).close(5.0, 1.0), Closed::Full);
        assert_eq!(cut(&[60, 39]).close(5.0, 1.0), Closed::NotYet(6.0));
    }

    #[test]
    fn from_nothing_no_batch_is_cut() {
        assert_eq!(Batch::cut(CAPS, []), None);
    }
}
