//! A POST request over plain HTTP/1.1.

use crate::hooks::HookFailure;
use crate::settings::http_url::HttpUrl;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// A status line is short; who sends more speaks something else.
const STATUS_LINE_MAX: usize = 1024;

/// Any 2xx status is success; the answer's body is not read.
pub(super) fn send(url: &HttpUrl, body: &str, timeout: Duration) -> Result<(), HookFailure> {
    let deadline = Deadline { at: Instant::now() + timeout, timeout };
    let mut stream = connect(url, &deadline)?;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gristmill/{}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        url.target,
        url.authority,
        env!("CARGO_PKG_VERSION"),
        body.len()
    );
    let written = write(&mut stream, (head + body).as_bytes(), &deadline);
    // A server may answer, with a refusal most likely, before it has read everything.
    let status = match (status_line(&mut stream, &deadline), written) {
        (Err(_), Err(failure)) => return Err(failure),
        (answer, _) => status(&answer?)?,
    };
    if (200..300).contains(&status) { Ok(()) } else { Err(HookFailure::Status(status)) }
}

fn connect(url: &HttpUrl, deadline: &Deadline) -> Result<TcpStream, HookFailure> {
    let addresses = (url.host.as_str(), url.port)
        .to_socket_addrs()
        .map_err(|error| HookFailure::NotConnected(error.to_string()))?;
    let mut failure = HookFailure::NotConnected("the name has no address".to_owned());
    for address in addresses {
        match TcpStream::connect_timeout(&address, deadline.left()?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = HookFailure::NotConnected(error.to_string()),
        }
    }
    Err(failure)
}

fn write(stream: &mut TcpStream, mut rest: &[u8], deadline: &Deadline) -> Result<(), HookFailure> {
    while !rest.is_empty() {
        deadline.of_stream(stream)?;
        let written = stream.write(rest).map_err(|error| deadline.failure(&error))?;
        rest = &rest[written..];
    }
    Ok(())
}

fn status_line(stream: &mut TcpStream, deadline: &Deadline) -> Result<Vec<u8>, HookFailure> {
    let mut line = Vec::new();
    let mut buffer = [0_u8; 256];
    while !line.contains(&b'\n') && line.len() < STATUS_LINE_MAX {
        deadline.of_stream(stream)?;
        match stream.read(&mut buffer).map_err(|error| deadline.failure(&error))? {
            0 => break,
            read => line.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(line)
}

/// Of `HTTP/1.1 204 No Content`.
fn status(answer: &[u8]) -> Result<u16, HookFailure> {
    let text = String::from_utf8_lossy(answer);
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let speaks_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
    let code = words.next().filter(|code| code.len() == 3).and_then(|code| code.parse().ok());
    code.filter(|_| speaks_http).ok_or(HookFailure::NotHttp)
}

struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Never zero.
    fn left(&self) -> Result<Duration, HookFailure> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(HookFailure::Timeout(self.timeout)) } else { Ok(left) }
    }

    /// The system's limit is for each call, so it is set anew before each.
    fn of_stream(&self, stream: &TcpStream) -> Result<(), HookFailure> {
        let left = Some(self.left()?);
        let set = stream.set_read_timeout(left).and_then(|()| stream.set_write_timeout(left));
        set.map_err(|error| HookFailure::Broken(error.to_string()))
    }

    fn failure(&self, error: &io::Error) -> HookFailure {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                HookFailure::Timeout(self.timeout)
            }
            _ => HookFailure::Broken(error.to_string()),
        }
    }
}
