//! A provider with a life of its own: in a thread for tests, in a process for demonstrations.

use crate::clock::Clock;
use crate::content::FileStats;
use crate::plan::{Plan, PlanError};
use crate::records::Stats;
use crate::server;
use crate::shared::Shared;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// A provider could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("no place to listen: {0}")]
    Listen(#[from] io::Error),
}

/// A provider that listens on this machine, on its own thread, until it is dropped.
#[derive(Debug)]
pub struct FakeProvider {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeProvider {
    /// Listens at a free port when it returns.
    pub fn start(plan: Plan) -> Result<Self, StartError> {
        Self::start_at(plan, Clock::real())
    }

    /// [`FakeProvider::start`] with a clock that the caller may move. Errors: a plan that makes no sense.
    pub fn start_at(plan: Plan, clock: Clock) -> Result<Self, StartError> {
        plan.check()?;
        let (address, runtime, listener) = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let shared = Shared::new(plan, clock);
        let (stop, stopped) = oneshot::channel();
        let serving = server::serve(listener, shared.clone(), async {
            // A handle that is gone cannot stop anything either.
            stopped.await.ok();
        });
        let thread = std::thread::Builder::new()
            .name("fake-provider".to_owned())
            .spawn(move || runtime.block_on(serving))?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`, to which the dialect's paths are added.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts so far; [`Stats::times`] is empty.
    pub fn stats(&self) -> Stats {
        let now = self.shared.clock.now();
        self.shared.desk().records.stats(now)
    }

    /// How often `text` was in an accepted request.
    pub fn paid(&self, text: &str) -> u64 {
        self.shared.desk().records.paid(text)
    }

    /// When requests came, in seconds since the start; the first 2^20 of them.
    pub fn times(&self) -> Vec<f64> {
        self.shared.desk().records.times().to_vec()
    }

    /// What became of uploaded files and prompts.
    pub fn file_stats(&self) -> FileStats {
        self.shared.files().stats()
    }

    /// Names of the files that are there, in order.
    pub fn files(&self) -> Vec<String> {
        self.shared.files().names()
    }

    /// Forgets all counts; what was used of limits stays.
    pub fn reset(&self) {
        self.shared.desk().records.reset();
    }

    /// Goes on with another plan. What was used of limits is kept where a limit at the same place of the plan has
    /// the same dimension, kind and length. Errors: a plan that makes no sense, another dialect.
    pub fn replan(&self, plan: Plan) -> Result<(), PlanError> {
        plan.check()?;
        self.shared.replan(plan)
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the provider was reported by its thread; a second one here would abort the test's own.
            thread.join().ok();
        }
    }
}

/// Serves at `listen_at` for as long as the process lives; tells the address once it is taken.
pub fn run(
    plan: Plan,
    listen_at: SocketAddr,
    tell: impl FnOnce(SocketAddr),
) -> Result<(), StartError> {
    plan.check()?;
    let (address, runtime, listener) = listen(listen_at)?;
    tell(address);
    runtime.block_on(server::serve(
        listener,
        Shared::new(plan, Clock::real()),
        std::future::pending(),
    ));
    Ok(())
}

/// One thread, because the client under test needs the other cores. Nothing here blocks on the runtime, so that a
/// provider can be started from within another one.
fn listen(at: SocketAddr) -> io::Result<(SocketAddr, Runtime, TcpListener)> {
    let listener = std::net::TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let context = runtime.enter();
    let listener = TcpListener::from_std(listener)?;
    drop(context);
    Ok((address, runtime, listener))
}
