//! Requests to a hub. Redirects are followed here and not by the library: the key goes to the hub alone, and not to
//! the server that large files come from.

use super::error::PullError;
use super::listing::Listing;
use super::{Order, checksum::Checksum};
use crate::embed::http;
use reqwest::header::{ETAG, HeaderMap, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url, redirect, retry};
use std::net::IpAddr;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Without a byte for so long, a connection is given up.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// From the hub to its store of large files is one; more than a few lead nowhere.
const REDIRECTS_MAX: usize = 5;

/// Of 10,000 files with their sums.
const LISTING_BYTES_MAX: usize = 16 << 20;

pub(super) struct Client {
    http: reqwest::Client,
    hub: Url,
}

impl Client {
    pub(super) fn new(order: &Order) -> Result<Self, PullError> {
        let tls = http::tls(http::system_roots());
        let tls = tls.map_err(|error| PullError::Setup(error.to_string()))?;
        let builder = reqwest::Client::builder()
            .user_agent(concat!("gristmill/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            .tls_backend_preconfigured(tls);
        let builder = if is_loopback(&order.hub) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| PullError::Setup(http::innermost(&error)))?;
        Ok(Self { http, hub: order.hub.clone() })
    }

    pub(super) async fn listing(&self, order: &Order) -> Result<Listing, PullError> {
        let path = format!(
            "api/models/{}/revision/{}?blobs=true",
            order.repository,
            order.revision.encoded()
        );
        let what = format!("{} at {}", order.repository, order.revision);
        let mut response = self.get(&path, (order, &what), None).await?;
        let unusable =
            |reason: String| PullError::Answer { host: self.host(), what: what.clone(), reason };
        if response.status() != StatusCode::OK {
            return Err(unusable(format!("its status is {}", response.status().as_u16())));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.silent(&error))? {
            if body.len() + piece.len() > LISTING_BYTES_MAX {
                return Err(unusable(format!("it is longer than {LISTING_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Listing::parse(&body).map_err(unusable)
    }

    /// A file of one commit, from the byte `from` on if the server can do that: then its status is 206.
    pub(super) async fn file(
        &self,
        (order, commit): (&Order, &str),
        name: &str,
        (from, checksum): (u64, &Checksum),
    ) -> Result<Response, PullError> {
        let path = format!("{}/resolve/{commit}/{name}", order.repository);
        let what = format!("{} of {}", name, order.repository);
        self.get(&path, (order, &what), Some((from, checksum))).await
    }

    /// A reply with a status of success, or 416. `wanted`: where to begin, and the sum that the hub's tag must be.
    async fn get(
        &self,
        path: &str,
        (order, what): (&Order, &str),
        wanted: Option<(u64, &Checksum)>,
    ) -> Result<Response, PullError> {
        let base = self.hub.as_str().trim_end_matches('/');
        let mut url = Url::parse(&format!("{base}/{path}"))
            .map_err(|error| PullError::Setup(error.to_string()))?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.ask(&url, order, wanted.map_or(0, |(from, _)| from)).await?;
            if let Some((_, checksum)) = wanted.filter(|_| is_same_server(&url, &self.hub)) {
                self.compare(response.headers(), checksum, what)?;
            }
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                url = to
                    .and_then(|to| url.join(to).ok())
                    .filter(is_http)
                    .ok_or_else(|| self.unusable(what, "it leads nowhere".to_owned()))?;
                continue;
            }
            if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(response);
            }
            return Err(self.refusal(&url, &response, what));
        }
        Err(self.unusable(what, format!("it leads elsewhere more than {REDIRECTS_MAX} times")))
    }

    async fn ask(&self, url: &Url, order: &Order, from: u64) -> Result<Response, PullError> {
        let mut request = self.http.get(url.clone());
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let may_know =
            is_same_server(url, &self.hub) && (url.scheme() == "https" || is_loopback(url));
        if let Some(key) = order.key.as_ref().filter(|_| may_know) {
            request = request.header(reqwest::header::AUTHORIZATION, key.header("Bearer "));
        }
        request.send().await.map_err(|error| PullError::NoAnswer {
            host: host(url),
            reason: http::innermost(&error),
        })
    }

    /// A hub tags a file with its sum; another one than in the listing is another file.
    fn compare(&self, headers: &HeaderMap, sum: &Checksum, what: &str) -> Result<(), PullError> {
        let linked = headers.get("x-linked-etag").or_else(|| headers.get(ETAG));
        let tag = linked.and_then(|tag| tag.to_str().ok());
        let tag = tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
        match tag.and_then(Checksum::parse) {
            Some(told) if told.digits().len() == sum.digits().len() && told != *sum => {
                Err(self.unusable(what, "it is another file than the listing says".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn refusal(&self, url: &Url, response: &Response, what: &str) -> PullError {
        let (host, what) = (host(url), what.to_owned());
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        match (response.status().as_u16(), header("x-error-code")) {
            (status, "GatedRepo") => PullError::Gated { what, status },
            (404, _) | (_, "EntryNotFound" | "RevisionNotFound") => {
                PullError::NotFound { host, what }
            }
            (status @ (401 | 403), _) => PullError::Denied { host, what, status },
            (status @ (429 | 500..=599), _) => {
                let retry_after = header(RETRY_AFTER.as_str()).parse().ok();
                PullError::Busy { host, what, status, retry_after }
            }
            (status, _) => self.unusable(&what, format!("its status is {status}")),
        }
    }

    fn unusable(&self, what: &str, reason: String) -> PullError {
        PullError::Answer { host: self.host(), what: what.to_owned(), reason }
    }

    pub(super) fn silent(&self, error: &reqwest::Error) -> PullError {
        PullError::NoAnswer { host: self.host(), reason: http::innermost(error) }
    }

    fn host(&self) -> String {
        host(&self.hub)
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_same_server(a: &Url, b: &Url) -> bool {
    (a.scheme(), a.host(), a.port_or_known_default())
        == (b.scheme(), b.host(), b.port_or_known_default())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
