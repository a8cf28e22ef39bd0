//! A thread that moves the bytes, and callers that wait for them.
//!
//! The seam is blocking, and its callers may themselves stand inside another runtime, where a nested one would
//! panic. So the sockets live on a thread of their own, and a caller polls its future on its own thread, parked
//! between two polls.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Ends its thread when dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    handle: Handle,
    /// Dropped to end the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(move || {
            // Either way it is time to end.
            drop(runtime.block_on(stopped));
        })?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Waits for the future on this thread; its sockets and timers are the driver's.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        let _inside = self.handle.enter();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(done) => return done,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // It ends by itself; that it panicked has been printed.
            drop(thread.join());
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_caller_may_stand_inside_another_runtime() {
        let driver = Driver::start().unwrap();
        let outer = Builder::new_current_thread().build().unwrap();
        let answer = outer.block_on(async {
            driver.run(async {
                tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await
            })
        });
        assert!(answer.is_err(), "the timer ran");
    }
}
