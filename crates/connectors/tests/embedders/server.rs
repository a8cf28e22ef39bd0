//! A server that gives prepared replies and keeps what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What one request gets.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// As they are; the connection stays open, also where they are no whole reply.
    Bytes(Vec<u8>),
    /// This, then the connection is reset.
    Reset(Vec<u8>),
    /// The first, then the second again and again until the client goes.
    Endless(Vec<u8>, Vec<u8>),
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: serde_json::Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<Reply>,
    asked: Vec<Asked>,
}

/// Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Connections that were opened, and that ended because the client went.
    connections: watch::Receiver<(usize, usize)>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let replies = replies.into_iter().collect();
        let state = Arc::new(Mutex::new(State { replies, asked: Vec::new() }));
        let (count, connections) = watch::channel((0, 0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&state), count));
        Self { address, state, connections, _tasks: tasks }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    pub(crate) fn opened(&self) -> usize {
        self.connections.borrow().0
    }

    /// Waits until a client has left a connection.
    pub(crate) async fn left(&mut self) {
        self.connections.wait_for(|(_, left)| *left > 0).await.unwrap();
    }

    /// Waits until somebody is connected.
    pub(crate) async fn reached(&mut self) {
        self.connections.wait_for(|(opened, _)| *opened > 0).await.unwrap();
    }
}

async fn accept(
    listener: TcpListener,
    state: Arc<Mutex<State>>,
    count: watch::Sender<(usize, usize)>,
) {
    let mut serving = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        count.send_modify(|(opened, _)| *opened += 1);
        let (state, count) = (Arc::clone(&state), count.clone());
        serving.spawn(async move {
            if serve(stream, &state).await.is_none() {
                count.send_modify(|(_, left)| *left += 1);
            }
        });
    }
}

/// None once the client has gone.
async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> Option<()> {
    loop {
        let asked = request(&mut stream).await?;
        let reply = {
            let mut state = state.lock().unwrap();
            state.asked.push(asked);
            state.replies.pop_front().unwrap_or_else(|| status(410, &[], "no reply is left"))
        };
        match reply {
            Reply::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Reply::Reset(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.set_zero_linger().unwrap();
                return Some(());
            }
            Reply::Endless(first, next) => {
                stream.write_all(&first).await.ok()?;
                loop {
                    stream.write_all(&next).await.ok()?;
                }
            }
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes).await?;
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let target = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    let mut body = bytes.split_off(head + 4);
    while body.len() < length {
        more(stream, &mut body).await?;
    }
    Some(Asked { target, headers, body: serde_json::from_slice(&body).unwrap() })
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(into).await.ok()?;
    (read > 0).then_some(())
}

/// A whole reply of a status with its headers.
pub(crate) fn status(code: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::Bytes(bytes(code, headers, body))
}

pub(crate) fn ok(body: &str) -> Reply {
    status(200, &[], body)
}

fn bytes(code: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let lines = headers.iter().map(|(name, value)| {
        [
            name, ": ", value, "
",
        ]
        .concat()
    });
    let lines = lines.collect::<Vec<_>>().concat();
    let length = body.len();
    format!("HTTP/1.1 {code} X\r\ncontent-length: {length}\r\n{lines}\r\n{body}").into_bytes()
}

/// The beginning of a reply that says it is so long.
pub(crate) fn head(length: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n{body}").into_bytes()
}
