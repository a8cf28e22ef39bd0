use super::*;
use crate::settings::command_line::CommandLine;
use crate::settings::http_url::HttpUrl;
use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_setfl, mknodat};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::thread::JoinHandle;
use std::time::Instant;

const SHORT: Duration = Duration::from_millis(300);
/// No test waits so long; it only must not run out on a busy machine.
const LONG: Duration = Duration::from_mins(1);

fn shell(script: &str) -> Hook {
    Hook::Command(CommandLine {
        program: "sh".to_owned(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
    })
}

fn url(text: &str) -> Hook {
    Hook::Post(HttpUrl::parse(text).unwrap())
}

/// Answers one request with these bytes after it has read the whole body, and gives what it read.
fn server(answer: &'static [u8]) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the request ended early");
            request.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, serving)
}

#[test]
fn a_command_reads_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("got");
    let outcomes = run(&[shell(&format!("cat > '{}'", path.display()))], &json!({"run_id": "r"}));
    assert_eq!(outcomes, [json!({"hook": "sh (2 arguments)", "ok": true})]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"run_id\":\"r\"}");
}

#[test]
fn a_command_that_does_not_read_is_fine() {
    let large = "x".repeat(1 << 20);
    assert_eq!(run_one(&shell("exit 0"), &large, LONG).failure, None);
}

#[test]
fn a_failed_hook_does_not_stop_the_next() {
    let missing =
        Hook::Command(CommandLine { program: "/no/such/program".to_owned(), arguments: vec![] });
    let outcomes = run(&[missing, shell("exit 3"), shell("exit 0")], &json!({}));
    let message = outcomes[0]["message"].as_str().unwrap();
    assert!(message.starts_with("the program cannot be started: "), "{message}");
    let message = "the program ended with exit status: 3";
    assert_eq!(outcomes[1], json!({"hook": "sh (2 arguments)", "ok": false, "message": message}));
    assert_eq!(outcomes[2]["ok"], json!(true));
}

#[test]
fn a_command_that_hangs_is_ended_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let mut pipe = OpenOptions::new().read(true).custom_flags(nonblocking).open(&path).unwrap();
    let begun = Instant::now();
    // Long enough for a shell to start on a busy machine.
    let timeout = Duration::from_secs(2);
    let script = format!("sleep 120 > '{}' & wait", path.display());
    assert_eq!(
        run_one(&shell(&script), "{}", timeout).failure,
        Some(HookFailure::Timeout(timeout))
    );
    // The pipe ends when its last writer is dead: the grandchild.
    fcntl_setfl(&pipe, OFlags::empty()).unwrap();
    pipe.read_to_end(&mut Vec::new()).unwrap();
    assert!(begun.elapsed() < LONG);
}

#[test]
fn a_server_gets_the_result() {
    let (port, serving) = server(b"HTTP/1.1 204 No Content\r\n\r\n");
    let outcome =
        run_one(&url(&format!("http://127.0.0.1:{port}/done?key=s3cret")), "{\"a\":1}", LONG);
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.hook, format!("http://127.0.0.1:{port}/***"));
    let request = serving.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /done?key=s3cret HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nHost: 127.0.0.1:{port}\r\n")), "{head}");
    assert!(head.contains("\r\nContent-Length: 7\r\n"), "{head}");
    assert_eq!(body, "{\"a\":1}");
}

#[test]
fn a_server_that_refuses_is_a_failure() {
    for (answer, failure) in [
        (&b"HTTP/1.1 500 Oops\r\n\r\n"[..], HookFailure::Status(500)),
        (b"HTTP/1.0 301 Moved\r\n\r\n", HookFailure::Status(301)),
        (b"SSH-2.0-x\r\n", HookFailure::NotHttp),
        (b"HTTP/1.1 20 OK\r\n", HookFailure::NotHttp),
        (b"", HookFailure::NotHttp),
    ] {
        let (port, serving) = server(answer);
        let outcome = run_one(&url(&format!("http://127.0.0.1:{port}/")), "{}", LONG);
        assert_eq!(outcome.failure, Some(failure));
        serving.join().unwrap();
    }
}

#[test]
fn a_server_that_is_away_or_silent_is_a_failure() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    assert_eq!(run_one(&url(&address), "{}", SHORT).failure, Some(HookFailure::Timeout(SHORT)));
    drop(silent);
    let outcome = run_one(&url(&address), "{}", LONG);
    assert!(matches!(outcome.failure, Some(HookFailure::NotConnected(_))), "{outcome:?}");
}
