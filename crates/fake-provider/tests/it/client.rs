//! A client that reads the wire as it is.

use fake_provider::{Clock, FakeProvider, Plan};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A reply that is not there by now never comes.
const HANGS: Duration = Duration::from_mins(1);

/// One kept-alive connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    /// Sent with every request, each line with its end.
    pub(crate) headers: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl Client {
    pub(crate) fn to(provider: &FakeProvider) -> Self {
        Self::at(provider.address())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        Self { stream: BufReader::new(stream), headers: String::new() }
    }

    pub(crate) fn with_header(mut self, header: &str) -> Self {
        self.headers.push_str(header);
        self.headers.push_str("\r\n");
        self
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Response {
        self.try_post(path, &body.to_string()).unwrap()
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, "").unwrap();
        self.receive().unwrap()
    }

    /// Errors: the connection ends before the whole reply is there.
    pub(crate) fn try_post(&mut self, path: &str, body: &str) -> io::Result<Response> {
        self.send("POST", path, body)?;
        self.receive()
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<()> {
        let (headers, length) = (&self.headers, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: fake\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())
    }

    pub(crate) fn receive(&mut self) -> io::Result<Response> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(first))?;
        let mut headers = BTreeMap::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length: usize = headers["content-length"].parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Response { status, headers, body })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// A provider with a plan in TOML and a clock that the test moves.
pub(crate) fn clocked(plan: &str) -> (FakeProvider, Clock) {
    let clock = Clock::manual();
    let plan = Plan::from_toml(plan).unwrap();
    (FakeProvider::start_at(plan, clock.clone()).unwrap(), clock)
}

/// A provider for which time stands still.
pub(crate) fn provider(plan: &str) -> FakeProvider {
    clocked(plan).0
}

/// The body of an `OpenAI` request.
pub(crate) fn openai(texts: &[&str]) -> Value {
    serde_json::json!({"model": "m", "input": texts})
}

/// The vector as JSON that was sent: numbers with the digits of f32, not those of f64.
pub(crate) fn numbers(vector: &[f32]) -> Value {
    serde_json::from_str(&serde_json::to_string(vector).unwrap()).unwrap()
}

/// Fails if `happened` does not come true.
pub(crate) fn eventually(mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < HANGS, "it never happened");
        std::thread::yield_now();
    }
}
