//! The one thread that starts children.
//!
//! The kernel sends a child's parent-death signal when the *thread* that started it ends, so children cannot be
//! started by the threads of a pool. When the sandbox is dropped this thread ends, and no child outlives it.

use crate::child::stack_bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
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

/// What stack a program is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stack {
    /// As ours.
    Usual,
    /// As parsers need it. A child that is not given it starts itself a second time, which takes as long as the first.
    Deep,
}

#[derive(Debug)]
struct Order {
    command: Command,
    stack: Stack,
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

    pub(crate) fn spawn(&self, command: Command, stack: Stack) -> io::Result<Child> {
        let (reply, child) = sync_channel(1);
        let gone = || io::Error::other("the thread that starts children has ended");
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send(Order { command, stack, reply }).map_err(|_| gone())?;
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
    for Order { mut command, stack, reply } in orders {
        let raised = if stack == Stack::Deep { Raised::stack() } else { None };
        let child = command.spawn();
        drop(raised);
        // Whoever ordered may have gone; then its child ends with the pipes that are dropped here.
        let (Ok(()) | Err(_)) = reply.send(child);
    }
}

/// The limit of our own stack, raised for what is started meanwhile, and put back when dropped.
///
/// Threads do not notice: the runtime gives each its size, and the C library has read the limit at its start.
struct Raised {
    before: Rlimit,
}

impl Raised {
    /// None: the child has to do it.
    fn stack() -> Option<Self> {
        let before = getrlimit(Resource::Stack);
        let raised = Rlimit { current: Some(stack_bytes(&before)), maximum: before.maximum };
        setrlimit(Resource::Stack, raised).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        // Lowering it to what it was cannot be refused.
        let (Ok(()) | Err(_)) = setrlimit(Resource::Stack, self.before);
    }
}
