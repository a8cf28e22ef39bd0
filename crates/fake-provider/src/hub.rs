//! A hub of models to fetch from: real HTTP, the layout of Hugging Face, faults on demand.
//!
//! One thread, one request a connection. Files count as large (SHA-256, served by redirect from another port) from
//! [`LARGE_BYTES`] on, others have git's sums and come from the hub itself.

use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// From here on a file is kept apart, as with Git LFS.
pub const LARGE_BYTES: usize = 10_000;

/// What a client sends before its request's body; none here has one.
const LINES_MAX: usize = 100;

#[derive(Debug, Clone)]
pub struct HubModel {
    /// `OWNER/NAME`.
    pub repository: String,
    /// Forty hexadecimal digits.
    pub commit: String,
    /// By their names, with `/` between folders.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What goes wrong with the next requests for a path that ends so.
#[derive(Debug, Clone)]
pub struct HubFault {
    pub path_ends: String,
    pub misdeed: HubMisdeed,
    /// Requests that it strikes.
    pub times: usize,
}

#[derive(Debug, Clone)]
pub enum HubMisdeed {
    /// The connection ends after so many bytes of the body.
    CutAfter(usize),
    /// After so many bytes nothing more comes, until the client goes.
    StallAfter(usize),
    /// One byte of the body is another.
    Damage,
    /// Ranges are not understood: everything comes from the beginning.
    IgnoreRange,
    /// A status, with a code in `x-error-code` and seconds in `retry-after`.
    Refuse { status: u16, code: &'static str, retry_after: Option<u64> },
}

/// A request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRequest {
    pub path: String,
    /// Of the hub itself, not of its store of large files.
    pub at_hub: bool,
    pub range: Option<String>,
    pub key: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    model: Option<HubModel>,
    faults: Vec<HubFault>,
    requests: Vec<HubRequest>,
    /// The key that has to be sent; none: everybody may read.
    key: Option<String>,
    closed: bool,
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct FakeHub {
    addresses: [SocketAddr; 2],
    state: Arc<Mutex<State>>,
    threads: Vec<JoinHandle<()>>,
}

impl FakeHub {
    pub fn start(model: HubModel) -> std::io::Result<Self> {
        let state = Arc::new(Mutex::new(State { model: Some(model), ..State::default() }));
        let listeners =
            [TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?];
        let addresses = [listeners[0].local_addr()?, listeners[1].local_addr()?];
        let mut threads = Vec::new();
        for (listener, at_hub) in listeners.into_iter().zip([At::Hub, At::Store]) {
            let state = Arc::clone(&state);
            threads
                .push(std::thread::spawn(move || listen(&listener, at_hub, addresses[1], &state)));
        }
        Ok(Self { addresses, state, threads })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    pub fn fault(&self, path_ends: &str, times: usize, misdeed: HubMisdeed) {
        let path_ends = path_ends.to_owned();
        lock(&self.state).faults.push(HubFault { path_ends, misdeed, times });
    }

    /// From now on only who sends this key may read.
    pub fn ask_for_key(&self, key: &str) {
        lock(&self.state).key = Some(key.to_owned());
    }

    /// From now on the model is another one.
    pub fn replace(&self, model: HubModel) {
        lock(&self.state).model = Some(model);
    }

    /// Requests so far, and forgets them.
    pub fn take_requests(&self) -> Vec<HubRequest> {
        std::mem::take(&mut lock(&self.state).requests)
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        lock(&self.state).closed = true;
        for address in self.addresses {
            // Wakes the thread; if that fails it is gone already.
            drop(TcpStream::connect(address));
        }
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Hub,
    Store,
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, at: At, store: SocketAddr, state: &Arc<Mutex<State>>) {
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            if lock(state).closed {
                return;
            }
            let Ok(stream) = stream else { continue };
            // How a connection ends is the client's affair.
            scope.spawn(move || drop(serve(&stream, at, store, state)));
        }
    });
}

/// What is sent, and what goes wrong with it.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn serve(
    stream: &TcpStream,
    at: At,
    store: SocketAddr,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let request = read(stream, at)?;
    let (reply, misdeed) = {
        let mut state = lock(state);
        state.requests.push(request.clone());
        let misdeed = state.misdeed(&request.path);
        (state.reply(&request, store, misdeed.as_ref()), misdeed)
    };
    send(stream, reply, misdeed.as_ref())
}

fn read(stream: &TcpStream, at: At) -> std::io::Result<HubRequest> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut request = HubRequest { path, at_hub: at == At::Hub, range: None, key: None };
    for line in lines.take(LINES_MAX) {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = Some(value.trim().to_owned()),
            "authorization" => request.key = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    Ok(request)
}

impl State {
    fn misdeed(&mut self, path: &str) -> Option<HubMisdeed> {
        let strikes = |fault: &&mut HubFault| fault.times > 0 && path.ends_with(&fault.path_ends);
        let fault = self.faults.iter_mut().find(strikes)?;
        fault.times -= 1;
        Some(fault.misdeed.clone())
    }

    fn reply(
        &self,
        request: &HubRequest,
        store: SocketAddr,
        misdeed: Option<&HubMisdeed>,
    ) -> Reply {
        if let Some(HubMisdeed::Refuse { status, code, retry_after }) = misdeed {
            let mut headers = vec![("x-error-code", (*code).to_owned())];
            headers.extend(retry_after.map(|secs| ("retry-after", secs.to_string())));
            return Reply { status: *status, headers, body: b"no".to_vec() };
        }
        let known = self.key.as_ref().map(|key| format!("Bearer {key}"));
        if request.at_hub && known.is_some() && request.key != known {
            let headers = vec![("x-error-code", "GatedRepo".to_owned())];
            return Reply { status: 401, headers, body: Vec::new() };
        }
        let mut request = request.clone();
        if matches!(misdeed, Some(HubMisdeed::IgnoreRange)) {
            request.range = None;
        }
        let found = self.model.as_ref().and_then(|model| found(model, &request, store));
        found.unwrap_or_else(|| Reply {
            status: 404,
            headers: vec![("x-error-code", "RepoNotFound".to_owned())],
            body: Vec::new(),
        })
    }
}

/// The listing, a file, or the way to it.
fn found(model: &HubModel, request: &HubRequest, store: SocketAddr) -> Option<Reply> {
    let HubModel { repository, commit, files } = model;
    let path = request.path.as_str();
    let api = format!("/api/models/{repository}/revision/");
    if let Some(revision) = path.strip_prefix(&api) {
        let revision = revision.strip_suffix("?blobs=true")?;
        if revision != "main" && revision != commit {
            return None;
        }
        let siblings: Vec<Value> = files.iter().map(|(name, file)| sibling(name, file)).collect();
        let listing = json!({ "id": repository, "sha": commit, "siblings": siblings });
        let body = listing.to_string().into_bytes();
        return Some(Reply { status: 200, headers: Vec::new(), body });
    }
    let name = path.strip_prefix(&format!("/{repository}/resolve/{commit}/"))?;
    let bytes = files.get(name)?;
    if request.at_hub && bytes.len() >= LARGE_BYTES {
        let to = format!("http://{store}{path}");
        let headers = vec![("location", to), ("x-linked-etag", format!("\"{}\"", sha256(bytes)))];
        return Some(Reply { status: 302, headers, body: Vec::new() });
    }
    // The store's tags are MD5 or anything.
    let tag = if request.at_hub { git_blob(bytes) } else { "0123456789abcdef".repeat(2) };
    let mut headers = vec![("etag", format!("\"{tag}\""))];
    let from = request
        .range
        .as_ref()
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let Some(from) = from else {
        return Some(Reply { status: 200, headers, body: bytes.clone() });
    };
    let Some(rest) = bytes.get(from..).filter(|rest: &&[u8]| !rest.is_empty()) else {
        return Some(Reply { status: 416, headers, body: Vec::new() });
    };
    headers.push(("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())));
    Some(Reply { status: 206, headers, body: rest.to_vec() })
}

fn sibling(name: &str, bytes: &[u8]) -> Value {
    let mut sibling = json!({ "rfilename": name, "size": bytes.len(), "blobId": git_blob(bytes) });
    if bytes.len() >= LARGE_BYTES {
        sibling["lfs"] =
            json!({ "sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 133 });
    }
    sibling
}

fn sha256(bytes: &[u8]) -> String {
    digits(&SHA256, &[bytes])
}

fn git_blob(bytes: &[u8]) -> String {
    digits(&SHA1_FOR_LEGACY_USE_ONLY, &[format!("blob {}\0", bytes.len()).as_bytes(), bytes])
}

fn digits(algorithm: &'static Algorithm, parts: &[&[u8]]) -> String {
    let mut context = Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    let digest = context.finish();
    digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).expect("four bits are a digit")
}

fn send(mut stream: &TcpStream, reply: Reply, misdeed: Option<&HubMisdeed>) -> std::io::Result<()> {
    let Reply { status, headers, mut body } = reply;
    if let (Some(HubMisdeed::Damage), Some(byte)) = (misdeed, body.last_mut()) {
        *byte ^= 1;
    }
    let mut head = Vec::new();
    write!(head, "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    head.extend(b"\r\n");
    stream.write_all(&head)?;
    match misdeed {
        Some(HubMisdeed::CutAfter(bytes)) => stream.write_all(&body[..body.len().min(*bytes)]),
        Some(HubMisdeed::StallAfter(bytes)) => {
            stream.write_all(&body[..body.len().min(*bytes)])?;
            stream.flush()?;
            // Ends when the client goes.
            std::io::Read::read(&mut stream, &mut [0; 1]).map(drop)
        }
        _ => stream.write_all(&body),
    }
}
