//! The one thread that starts children.
//!
//! The kernel sends a child's parent-death signal when the *thread* that started it ends, so children cannot be
//! started by the threads of a pool. When the sandbox is dropped this thread ends, and no child outlives it.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// The program of every child: this very process's, even when its file was replaced or deleted meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// Orders that wait. Starting takes a millisecond, and whoever orders waits for the child anyway.
const ORDERS_MAX: usize = 16;

#[derive(Debug)]
pub(crate) struct Spawner {
    /// `None` only while dropping.
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Order {
    command: Command,
    reply: SyncSender<io::Result<Child>>,
}

impl Spawner {
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, incoming) = sync_channel(ORDERS_MAX);
        let thread = Builder::new().name("spawner".to_owned()).spawn(move || serve(&incoming))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// A command that runs this program, without an environment.
    pub(crate) fn ourselves() -> Command {
        let mut command = Command::new(OURSELVES);
        command.env_clear();
        command
    }

    pub(crate) fn spawn(&self, command: Command) -> io::Result<Child> {
        let (reply, child) = sync_channel(1);
        let gone = || io::Error::other("the thread that starts children has ended");
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send(Order { command, reply }).map_err(|_| gone())?;
        child.recv().map_err(|_| gone())?
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has nothing left to break.
            let (Ok(()) | Err(_)) = thread.join();
        }
    }
}

fn serve(orders: &Receiver<Order>) {
    // Descriptors that were handed to this process would otherwise pass on to every child.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    for Order { mut command, reply } in orders {
        let child = command.spawn();
        // Whoever ordered may have gone; then its child ends with the pipes that are dropped here.
        let (Ok(()) | Err(_)) = reply.send(child);
    }
}
