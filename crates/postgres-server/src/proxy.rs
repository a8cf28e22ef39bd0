//! A proxy in front of a server that cuts a connection at a given byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// Where a connection is cut: after so many bytes of all that went this way from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub direction: Direction,
    pub after: u64,
}

/// Passes bytes on until it is told to cut.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
    _accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    cut: Option<Cut>,
    cuts: usize,
    to_server: u64,
    to_client: u64,
    open: Vec<TcpStream>,
    refusing: bool,
}

impl Proxy {
    /// In front of a server on this machine.
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                if locked(&shared).refusing {
                    continue;
                }
                // A server that is away closes the connection at once, as a port without a listener would.
                if let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) {
                    join(client, upstream, &shared);
                }
            }
        });
        Self { port, state, _accepting: accepting }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts once, when so many bytes have gone.
    pub fn cut(&self, cut: Cut) {
        locked(&self.state).cut = Some(cut);
    }

    /// Whether a cut is still to come.
    pub fn is_armed(&self) -> bool {
        locked(&self.state).cut.is_some()
    }

    /// Forgets a cut that did not come.
    pub fn disarm(&self) {
        locked(&self.state).cut = None;
    }

    /// Cuts all connections now.
    pub fn cut_all(&self) {
        end(&mut locked(&self.state));
    }

    /// Takes no new connections, and cuts those that are.
    pub fn refuse(&self) {
        let mut state = locked(&self.state);
        state.refusing = true;
        end(&mut state);
    }

    pub fn accept(&self) {
        locked(&self.state).refusing = false;
    }

    /// How often it cut as it was told.
    pub fn cuts(&self) -> usize {
        locked(&self.state).cuts
    }

    /// Bytes so far.
    pub fn passed(&self, direction: Direction) -> u64 {
        let state = locked(&self.state);
        match direction {
            Direction::ToServer => state.to_server,
            Direction::ToClient => state.to_client,
        }
    }
}

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(state: &mut State) {
    for stream in state.open.drain(..) {
        // It may have ended by itself.
        drop(stream.shutdown(Shutdown::Both));
    }
}

/// One thread for each direction, which ends with the connection.
fn join(client: TcpStream, upstream: TcpStream, state: &Arc<Mutex<State>>) {
    // Small packets as they come: a batch of them would be cut in other places.
    let ends = [&client, &upstream].map(|stream| {
        drop(stream.set_nodelay(true));
        stream.try_clone().expect("a socket can be shared")
    });
    locked(state)
        .open
        .extend(ends.iter().map(|end| end.try_clone().expect("a socket can be shared")));
    let [client_too, upstream_too] = ends;
    let shared = Arc::clone(state);
    std::thread::spawn(move || pass(client, upstream_too, Direction::ToServer, &shared));
    let shared = Arc::clone(state);
    std::thread::spawn(move || pass(upstream, client_too, Direction::ToClient, &shared));
}

fn pass(mut from: TcpStream, mut to: TcpStream, direction: Direction, state: &Mutex<State>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let (allowed, cut) = count(&mut locked(state), direction, read);
        if to.write_all(&buffer[..allowed]).is_err() || cut {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

/// How many of the bytes may pass, and whether the connection ends after them.
fn count(state: &mut State, direction: Direction, read: usize) -> (usize, bool) {
    let passed = match direction {
        Direction::ToServer => &mut state.to_server,
        Direction::ToClient => &mut state.to_client,
    };
    *passed += read as u64;
    let Some(cut) = state.cut.as_mut().filter(|cut| cut.direction == direction) else {
        return (read, false);
    };
    if cut.after > read as u64 {
        cut.after -= read as u64;
        return (read, false);
    }
    let allowed = cut.after as usize;
    state.cut = None;
    state.cuts += 1;
    (allowed, true)
}
