//! Connections: kept, broken, too slow, too long, given up.

use crate::server::{Reply, Server, head, ok};
use crate::{embed, embedder, embedder_with, options, outcome};
use connectors::embed::{ProviderSpec, RemoteEmbedder};
use std::time::Duration;
use types::error_kind::ErrorKind;

const GOOD: &str = r#"{"data":[{"index":0,"embedding":[1,1]},{"index":1,"embedding":[1,1]},{"index":2,"embedding":[1,1]}]}"#;

#[tokio::test]
async fn calls_one_after_another_share_a_connection() {
    let server = Server::start([ok(GOOD), ok(GOOD), ok(GOOD)]).await;
    let embedder = embedder("openai:m", &server);
    for _ in 0..3 {
        embed(&embedder).await.unwrap();
    }
    assert_eq!((server.asked().len(), server.opened()), (3, 1));
}

#[test]
fn an_embedder_may_outlive_the_runtime_that_opened_its_connection() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let serving = runtime();
    let server = serving.block_on(Server::start([ok(GOOD), ok(GOOD)]));
    std::thread::scope(|scope| {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        scope.spawn(move || serving.block_on(stopped));
        let embedder = embedder("openai:m", &server);
        for _ in 0..2 {
            runtime().block_on(embed(&embedder)).unwrap();
        }
        stop.send(()).unwrap();
    });
}

#[tokio::test]
async fn a_broken_connection_is_told_as_one() {
    let half = GOOD.len() / 2;
    let told = format!("content-length: {}", GOOD.len());
    for bytes in [
        Vec::new(),
        b"HTTP/1.1 200".to_vec(),
        head(&told, &GOOD.chars().take(half).collect::<String>()),
    ] {
        let error = outcome(Reply::Reset(bytes)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("the connection broke: "), "{error}");
    }
    let error = outcome(Reply::Bytes(b"SSH-2.0-dropbear\r\n\r\n".to_vec())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let spec = ProviderSpec::parse(&format!("openai:m@http://{free}/v1")).unwrap();
    let embedder = RemoteEmbedder::new(&spec, None, &options(2)).unwrap();
    let error = embed(&embedder).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("cannot connect: "), "{error}");
}

#[tokio::test]
async fn a_reply_that_does_not_end_in_time_is_given_up() {
    let told = format!("content-length: {}", GOOD.len());
    for begun in [Vec::new(), head(&told, "{\"data\":[")] {
        let mut server = Server::start([Reply::Bytes(begun)]).await;
        let hasty = crate::RemoteOptions { timeout: Duration::from_millis(200), ..options(2) };
        let error = embed(&embedder_with("openai:m", &server, &hasty)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout);
        assert!(error.message.contains("no whole reply within 200ms"), "{error}");
        server.left().await;
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let mut server = Server::start([Reply::Bytes(Vec::new())]).await;
    let embedder = embedder("openai:m", &server);
    tokio::select! {
        biased;
        outcome = embed(&embedder) => panic!("{outcome:?}"),
        () = server.reached() => {}
    }
    server.left().await;
}

#[tokio::test]
async fn a_reply_without_end_is_not_taken_in() {
    let told = Reply::Bytes(head("content-length: 99999999999", ""));
    let mut server = Server::start([told]).await;
    let error = embed(&embedder("openai:m", &server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("longer than"), "{error}");
    server.left().await;

    // In pieces, of which no one says how many will come.
    let first = head("transfer-encoding: chunked", "");
    let piece = [b"1000\r\n".as_slice(), &[b' '; 4096], b"\r\n"].concat();
    let mut server = Server::start([Reply::Endless(first, piece)]).await;
    let error = embed(&embedder("openai:m", &server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("longer than"), "{error}");
    server.left().await;
}
