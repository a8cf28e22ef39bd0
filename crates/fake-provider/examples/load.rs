//! How much the fake provider can serve: `cargo run --release -p gristmill-fake-provider --example load`.
//!
//! Starts a provider, sends batches over some connections for some seconds and prints one line of JSON: vectors per
//! second of wall clock, and per second of processor time of the provider's thread alone.

use fake_provider::{Dialect, FakeProvider, Plan};
use serde_json::json;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SECONDS: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 4;
/// Texts in a batch, and bytes in a text: what a chunk of 256 tokens has.
const BATCH: usize = 64;
const TEXT_BYTES: usize = 1000;
const DIMS: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let plan = Plan { dialect: Dialect::Openai, dims: DIMS, ..Plan::default() };
    let provider = FakeProvider::start(plan)?;
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (address, stop) = (provider.address(), stop.clone());
            std::thread::spawn(move || client(address, number, &stop).map_err(|e| e.to_string()))
        })
        .collect();
    while start.elapsed() < SECONDS {
        std::thread::park_timeout(SECONDS.saturating_sub(start.elapsed()));
    }
    let busy = busy_secs("fake-provider")?;
    let (texts, elapsed) = (provider.stats().texts, start.elapsed().as_secs_f64());
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().map_err(|_| "a client died")??;
    }
    let line = json!({
        "connections": CONNECTIONS, "batch": BATCH, "dims": DIMS,
        "vectors_per_second": (texts as f64 / elapsed).round(),
        "vectors_per_second_of_one_core": (texts as f64 / busy).round(),
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn client(address: SocketAddr, number: usize, stop: &AtomicBool) -> Result<(), Box<dyn Error>> {
    let texts: Vec<String> = (0..BATCH)
        .map(|index| format!("{number} {index} {}", "word ".repeat(TEXT_BYTES / 5)))
        .collect();
    let body = json!({"model": "m", "input": texts, "encoding_format": "base64"}).to_string();
    let request = format!(
        "POST /v1/embeddings HTTP/1.1\r\nhost: fake\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    let mut reply = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        stream.get_mut().write_all(request.as_bytes())?;
        receive(&mut stream, &mut reply)?;
    }
    if !reply.starts_with(br#"{"object":"list","data":[{"#) {
        return Err("the reply is no list of vectors".into());
    }
    Ok(())
}

fn receive(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    let mut line = String::new();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    body.resize(length, 0);
    stream.read_exact(body)?;
    Ok(())
}

/// Processor time of the thread of that name, in seconds (`proc_pid_schedstat`: nanoseconds first).
fn busy_secs(name: &str) -> Result<f64, Box<dyn Error>> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let folder = task?.path();
        if std::fs::read_to_string(folder.join("comm"))?.trim() == name {
            let times = std::fs::read_to_string(folder.join("schedstat"))?;
            let nanos: f64 = times.split(' ').next().unwrap_or_default().parse()?;
            return Ok(nanos / 1e9);
        }
    }
    Err("the provider's thread is not there".into())
}
