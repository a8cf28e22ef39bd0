//! The Content API over HTTP: `POST /analyze`, `/split`, `/extract`, and `GET /livez`.
//!
//! Documents lie in one folder; a request names one by its path below it. Requests are read in camelCase and in
//! `snake_case`, as the earlier systems wrote them. Errors are problem documents (RFC 9457). A client that asks for
//! `text/event-stream` gets each section as it finishes.

mod answer;
mod documents;
mod guard;
mod problem;
mod request;
mod routes;

pub use documents::Documents;

use answer::Answer;
use content::Extractor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections at once; who comes then waits.
const CONNECTIONS_MAX: usize = 256;

/// A client has so long for the head of its request.
const HEAD_WAIT: Duration = Duration::from_secs(30);

/// What is served.
#[derive(Debug)]
pub struct Site {
    pub extractor: Extractor,
    pub documents: Documents,
}

/// Serves until `stop` is ready, then drops all connections; what they had uploaded is left to the extractor's
/// [`Extractor::drain`]. To be called inside a runtime.
pub async fn serve(
    listener: std::net::TcpListener,
    site: Arc<Site>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut stop = pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                // What can fail here has to do with the client that came, not with the next one.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&site)));
                }
            }
        }
    }
    connections.shutdown().await;
    Ok(())
}

async fn connection(stream: TcpStream, site: Arc<Site>) {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(routes::respond(site, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    // How a connection ends is the client's affair; dropping it has given back whatever its request held.
    let (Ok(()) | Err(_)) = builder.serve_connection(TokioIo::new(stream), service).await;
}

type Response = hyper::Response<Answer>;
