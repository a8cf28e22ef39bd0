//! Bodies of replies: whole, or events as they come.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// The work behind a stream of events, and its last one.
pub(crate) type Work = Pin<Box<dyn Future<Output = Bytes> + Send>>;

/// Dropping it gives up the work behind it, as hyper does when the client has gone.
pub(crate) enum Answer {
    Whole(Bytes),
    Events {
        /// None: it has ended.
        work: Option<Work>,
        events: mpsc::Receiver<Bytes>,
        last: Bytes,
    },
}

impl Answer {
    pub(crate) fn whole(text: impl Into<Bytes>) -> Self {
        Self::Whole(text.into())
    }
}

/// An event as it goes over the wire. JSON has no line breaks.
pub(crate) fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => frame(std::mem::take(bytes)),
            Self::Events { work, events, last } => {
                if let Some(running) = work
                    && let Poll::Ready(ended) = running.as_mut().poll(context)
                {
                    *last = ended;
                    *work = None;
                }
                match events.poll_recv(context) {
                    Poll::Ready(Some(bytes)) => frame(bytes),
                    // The work has ended, and with it the one who sends.
                    Poll::Ready(None) | Poll::Pending if work.is_none() && !last.is_empty() => {
                        frame(std::mem::take(last))
                    }
                    Poll::Ready(None) if work.is_none() => Poll::Ready(None),
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Events { .. } => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Events { .. } => f.write_str("Events"),
        }
    }
}
