//! The HTTP client that all dialects share.
//!
//! HTTP/1.1 with connections kept open, as many as there are calls: one slow reply holds up nobody else, and over
//! loopback nothing is faster. Redirects are not followed: they would carry the key to an address that nobody named.

use crate::embed::spec::ProviderSpec;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client, Method, Response, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

/// To a server that is there, also from the other side of the world.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that nobody uses are closed before most servers close them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A refusal is short; of a longer one the beginning says enough.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// First piece of memory for a reply whose length is not told.
const REPLY_BYTES: usize = 16 * 1024;

/// A client for one address.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    timeout: Duration,
}

/// A call to be made.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: HeaderMap,
    pub body: Body,
    pub bytes_max: usize,
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is none. The texts come from the system and from the HTTP library, never from what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("no whole reply within {0:?}")]
    TimedOut(Duration),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the reply is longer than {0} bytes")]
    TooLong(usize),
}

/// The TLS library could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client: {0}")]
pub(crate) struct NoClient(String);

impl Http {
    /// `timeout`: of one call, from its beginning to the last byte of the reply.
    pub(crate) fn new(spec: &ProviderSpec, timeout: Duration) -> Result<Self, NoClient> {
        let builder = Client::builder()
            .user_agent(concat!("gristmill/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // Flow control repeats calls; it must see each.
            .retry(retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tls_backend_preconfigured(tls(roots(spec))?);
        let builder = if spec.is_loopback() { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| NoClient(innermost(&error)))?;
        Ok(Self { client, timeout })
    }

    /// Posts JSON.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        bytes_max: usize,
    ) -> Result<Answer, NoAnswer> {
        let mut headers = headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = body.into();
        self.send(Request { method: Method::POST, url, headers, body, bytes_max }).await
    }

    /// A reply with a status of success may have `bytes_max`, another is cut where it gets long.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, NoAnswer> {
        let Request { method, url, headers, body, bytes_max } = request;
        let request = self.client.request(method, url).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let body = if status.is_success() {
            self.whole(&mut response, bytes_max).await?
        } else {
            beginning(&mut response).await
        };
        Ok(Answer {
            status: status.as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    async fn whole(&self, response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, NoAnswer> {
        let told = response.content_length().map_or(REPLY_BYTES as u64, |length| length + 1);
        if told > bytes_max as u64 + 1 {
            return Err(NoAnswer::TooLong(bytes_max));
        }
        let mut body = Vec::with_capacity(told as usize);
        while let Some(piece) = response.chunk().await.map_err(|error| self.failed(&error))? {
            if body.len() + piece.len() > bytes_max {
                return Err(NoAnswer::TooLong(bytes_max));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn failed(&self, error: &reqwest::Error) -> NoAnswer {
        let cause = innermost(error);
        if error.is_connect() {
            NoAnswer::Connect(cause)
        } else if error.is_timeout() {
            NoAnswer::TimedOut(self.timeout)
        } else {
            NoAnswer::Broken(cause)
        }
    }
}

/// What a refusal says before it breaks off or gets long: its status stands in any case.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        let room = REFUSAL_BYTES_MAX - body.len();
        body.extend(piece.iter().take(room));
        if body.len() == REFUSAL_BYTES_MAX {
            break;
        }
    }
    body
}

/// The layers above it say no more, and some of them the address.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if error.source().is_none() { "no details".to_owned() } else { cause.to_string() }
}

/// None are needed where nothing is encrypted.
fn roots(spec: &ProviderSpec) -> RootCertStore {
    if spec.is_encrypted() { system_roots() } else { RootCertStore::empty() }
}

/// The system's roots, for the sake of company networks; those of Mozilla where the system has none, as in a bare
/// container.
pub(crate) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

pub(crate) fn tls(roots: RootCertStore) -> Result<ClientConfig, NoClient> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NoClient(error.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
