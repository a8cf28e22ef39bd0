//! Bounded queues between threads and tasks: a full one makes its producers wait.

use std::time::Duration;
use tokio::sync::mpsc;

/// The producing end; clones feed the same queue.
#[derive(Debug)]
pub struct Sender<T>(mpsc::Sender<T>);

/// The consuming end.
#[derive(Debug)]
pub struct Receiver<T>(mpsc::Receiver<T>);

/// The other end is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other end of the queue is gone")]
pub struct Closed;

/// A queue of at most `capacity` elements.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Sender(sender), Receiver(receiver))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    /// Waits for room, blocking the thread. Not for use inside a task.
    pub fn send(&self, value: T) -> Result<(), Closed> {
        self.0.blocking_send(value).map_err(|_| Closed)
    }

    /// Waits for room. Dropping the future sends nothing.
    pub async fn send_async(&self, value: T) -> Result<(), Closed> {
        self.0.send(value).await.map_err(|_| Closed)
    }

    /// Waits for room and holds it. Dropping the future takes none.
    pub async fn reserve(&self) -> Result<Slot<'_, T>, Closed> {
        self.0.reserve().await.map(Slot).map_err(|_| Closed)
    }
}

/// Room for one value.
#[derive(Debug)]
pub struct Slot<'a, T>(mpsc::Permit<'a, T>);

impl<T> Slot<'_, T> {
    pub fn send(self, value: T) {
        self.0.send(value);
    }
}

/// What a wait with a limit gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<T> {
    Value(T),
    /// Nothing came in time.
    Quiet,
    /// All senders are gone and the queue is empty.
    Closed,
}

impl<T> Receiver<T> {
    /// Waits, blocking the thread; `None` when all senders are gone. Not for use inside a task.
    pub fn recv(&mut self) -> Option<T> {
        self.0.blocking_recv()
    }

    /// Waits. Dropping the future loses nothing.
    pub async fn recv_async(&mut self) -> Option<T> {
        self.0.recv().await
    }

    /// Waits at most `limit`. Needs a runtime with time. Dropping the future loses nothing.
    pub async fn recv_within(&mut self, limit: Duration) -> Received<T> {
        match tokio::time::timeout(limit, self.0.recv()).await {
            Ok(Some(value)) => Received::Value(value),
            Ok(None) => Received::Closed,
            Err(_) => Received::Quiet,
        }
    }

    /// Nothing could be taken now.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses everything from now on; what is there already can still be taken.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// What is there already.
    pub fn try_recv(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_makes_its_producer_wait_and_keeps_the_order() {
        let (sender, mut receiver) = bounded(2);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for n in 0..100 {
                    sender.send(n).unwrap();
                }
            });
            let got: Vec<i32> = std::iter::from_fn(|| receiver.recv()).collect();
            assert_eq!(got, (0..100).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_queue_without_a_consumer_refuses() {
        let (sender, receiver) = bounded(1);
        drop(receiver);
        assert_eq!(sender.send(1), Err(Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_queue_says_so_after_the_limit() {
        let (sender, mut receiver) = bounded::<i32>(1);
        assert_eq!(receiver.recv_within(Duration::from_millis(250)).await, Received::Quiet);
        sender.send_async(1).await.unwrap();
        assert_eq!(receiver.recv_within(Duration::from_millis(250)).await, Received::Value(1));
        drop(sender);
        assert_eq!(receiver.recv_within(Duration::from_millis(250)).await, Received::Closed);
    }
}
