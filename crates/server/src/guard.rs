//! Who may ask. The server listens on this machine only; a web page in its browser may not speak for its user.

use crate::problem::Problem;
use hyper::StatusCode;
use hyper::header::{HOST, HeaderMap, ORIGIN};

/// A page that another site serves names that site as its origin, or reaches us under a name of its own.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST).is_none_or(is_local);
    let origin = text(ORIGIN).is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, authority)| is_local(authority))
    });
    if host && origin {
        return Ok(());
    }
    let detail = "this server answers to names of this machine only";
    Err(Problem::new(StatusCode::FORBIDDEN, detail, "ask http://127.0.0.1 or http://localhost"))
}

fn is_local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_named() {
        for (host, origin, fine) in [
            ("127.0.0.1:8080", None, true),
            ("localhost", Some("http://localhost:3000"), true),
            ("[::1]:8080", Some("http://[::1]"), true),
            ("evil.example", None, false),
            ("127.0.0.1.evil.example", None, false),
            ("127.0.0.1:8080", Some("https://evil.example"), false),
            ("127.0.0.1:8080", Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(check(&headers).is_ok(), fine, "{host} {origin:?}");
        }
    }
}
