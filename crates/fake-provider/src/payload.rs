//! Bodies of replies: whole, in drops, or cut off.

use crate::clock::Clock;
use crate::desk::Pace;
use crate::shared::Presence;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The body of one reply. Its request is over when this is dropped.
pub(crate) struct Payload {
    rest: Bytes,
    manner: Manner,
    _presence: Option<Presence>,
}

enum Manner {
    Whole,
    /// Half is sent, then control goes back once so that it leaves, then the connection dies.
    Cut(Cut),
    Drip {
        bytes: usize,
        every: f64,
        clock: Clock,
        next: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    },
}

#[derive(Clone, Copy)]
enum Cut {
    Half,
    Leaving,
    Now,
}

impl Payload {
    pub(crate) fn whole(body: impl Into<Bytes>) -> Self {
        Self { rest: body.into(), manner: Manner::Whole, _presence: None }
    }

    pub(crate) fn paced(body: Vec<u8>, pace: Pace, clock: Clock, presence: Presence) -> Self {
        let manner = match pace {
            Pace::Whole => Manner::Whole,
            Pace::CutHalfway => Manner::Cut(Cut::Half),
            Pace::Drip { bytes, every } => Manner::Drip { bytes, every, clock, next: None },
        };
        Self { rest: body.into(), manner, _presence: Some(presence) }
    }

    fn part(&mut self, bytes: usize) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let bytes = bytes.min(self.rest.len());
        if bytes == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        match &mut this.manner {
            Manner::Whole => this.part(usize::MAX),
            Manner::Cut(cut) => match *cut {
                Cut::Half => {
                    *cut = Cut::Leaving;
                    let half = this.rest.len() / 2;
                    this.part(half.max(1))
                }
                Cut::Leaving => {
                    *cut = Cut::Now;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Cut::Now => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            },
            Manner::Drip { bytes, every, clock, next } => {
                if let Some(wait) = next {
                    ready!(wait.as_mut().poll(context));
                }
                let (clock, bytes, due) = (clock.clone(), *bytes, clock.now() + *every);
                *next = Some(Box::pin(async move { clock.until(due).await }));
                this.part(bytes)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Payload").field("rest", &self.rest.len()).finish_non_exhaustive()
    }
}
