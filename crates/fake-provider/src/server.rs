//! HTTP/1.1 around the desk.

use crate::content::{self, Wanted};
use crate::control;
use crate::desk::{Decision, Ending, Pace};
use crate::payload::Payload;
use crate::reply;
use crate::shared::{Presence, Shared};
use crate::socket::{ResetFlag, Socket};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// No provider takes larger requests.
const REQUEST_BYTES_MAX: usize = 256 << 20;

/// Serves until `stop` is ready, then drops all connections.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                // What can fail here has to do with the client that came, not with the next one.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, shared.clone()));
                }
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let reset = ResetFlag::default();
    let Ok(socket) = Socket::new(stream, reset.clone()) else { return };
    let service = service_fn(|request| respond(request, shared.clone(), reset.clone()));
    // How connections end is the client's affair, or a fault of the plan.
    http1::Builder::new().serve_connection(TokioIo::new(socket), service).await.ok();
}

/// Errors end the connection.
async fn respond(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    reset: ResetFlag,
) -> io::Result<Response<Payload>> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await.map_err(io::Error::other)?;
    let body = body.to_bytes();
    if head.uri.path().starts_with(control::PREFIX) {
        let (status, content) = control::respond(&shared, &head.method, &head.uri, &body);
        return response(status, Vec::new(), Payload::whole(content));
    }
    let plan = shared.desk().plan().clone();
    let key = key(&head.headers, &head.uri);
    let wanted = content::find(&head.method, &head.uri);
    let wanted = wanted.map(|route| Wanted { route, headers: &head.headers, body: &body });
    let asked = match &wanted {
        Some(wanted) => wanted.ask(&plan.content),
        None => plan.dialect.read(head.uri.path(), &body),
    };
    let now = shared.clock.now();
    let decision = shared.desk().arrive(now, key, asked);
    let presence = Presence { shared: shared.clone(), ticket: decision.ticket };
    if let Some(wanted) = &wanted {
        watch(&shared, wanted, now, &decision);
    }
    match decision.ending {
        Ending::Silence => std::future::pending::<()>().await,
        Ending::Reset | Ending::Answer { pace: Pace::CutHalfway, .. } => {
            reset.store(true, Ordering::Relaxed);
        }
        Ending::Answer { .. } | Ending::Refuse { .. } => {}
    }
    let Some(mut reply) = reply::render(&plan, &decision) else {
        return Err(io::ErrorKind::ConnectionReset.into());
    };
    shared.clock.until(decision.due).await;
    if let (Some(wanted), Ending::Answer { .. }) = (&wanted, &decision.ending) {
        let secs = content::work_secs(&shared, &wanted.route);
        shared.clock.until(decision.due + secs).await;
        reply.give(
            &plan,
            wanted.serve(&shared, content::lie_of(&decision)),
            content::lie_of(&decision),
        );
    }
    let payload = Payload::paced(reply.body, reply.pace, shared.clock.clone(), presence);
    response(reply.status, reply.headers, payload)
}

/// Notes who came too early, and what a refusal says of waiting.
fn watch(shared: &Shared, wanted: &Wanted<'_>, now: f64, decision: &Decision<'_>) {
    let group = wanted.route.group();
    if shared.watch().is_early(group, now) {
        shared.files().came_early();
    }
    if let Ending::Refuse { refusal, .. } = &decision.ending
        && let Some(wait) = refusal.wait()
    {
        shared.watch().tell(group, decision.due, wait);
    }
}

fn response(
    status: u16,
    headers: Vec<(String, String)>,
    body: Payload,
) -> io::Result<Response<Payload>> {
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    let mut builder = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body).map_err(io::Error::other)
}

/// The credential, wherever providers take it.
fn key<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    text("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| ["api-key", "x-api-key", "x-goog-api-key"].into_iter().find_map(text))
        .or_else(|| uri.query()?.split('&').find_map(|pair| pair.strip_prefix("key=")))
}
