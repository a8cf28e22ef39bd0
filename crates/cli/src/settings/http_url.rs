//! The address of a hook.

use std::fmt;

/// A `http://` address. What follows the host is often a secret by itself, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl {
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// As written, for the `Host` header.
    pub authority: String,
    /// Path and query; begins with `/`.
    pub target: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadUrl {
    #[error(
        "hooks speak plain http:// only; for https:// use command = [\"curl\", \"--json\", \"@-\", \"https://...\"]"
    )]
    Https,
    #[error("expected http://HOST[:PORT][/PATH]")]
    Form,
    #[error("user and password in an address are not sent; use command = [\"curl\", ...]")]
    User,
}

impl HttpUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, BadUrl> {
        if url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
            return Err(BadUrl::Https);
        }
        let rest = url.strip_prefix("http://").ok_or(BadUrl::Form)?;
        // Anything else could break the request's head apart.
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadUrl::Form);
        }
        let rest = rest.split('#').next().unwrap_or(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err(BadUrl::User);
        }
        let (host, port) = host_and_port(authority).ok_or(BadUrl::Form)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { host, port, authority: authority.to_owned(), target })
    }
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, rest)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
        None if port.is_empty() => 80,
        None => return None,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = if self.target == "/" { "/" } else { "/***" };
        write!(f, "http://{}{hidden}", self.authority)
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (url, host, port, target) in [
            ("http://localhost", "localhost", 80, "/"),
            ("http://localhost:8080/done?x=1#part", "localhost", 8080, "/done?x=1"),
            ("http://127.0.0.1?x", "127.0.0.1", 80, "/?x"),
            ("http://[::1]:9/x", "::1", 9, "/x"),
            ("http://[::1]", "::1", 80, "/"),
        ] {
            let parsed = HttpUrl::parse(url).unwrap();
            assert_eq!(
                (parsed.host.as_str(), parsed.port, parsed.target.as_str()),
                (host, port, target)
            );
        }
    }

    #[test]
    fn a_bad_address_is_refused_with_its_reason() {
        for (url, expected) in [
            ("https://host/x", BadUrl::Https),
            ("HTTPS://host/x", BadUrl::Https),
            ("ftp://host", BadUrl::Form),
            ("http://", BadUrl::Form),
            ("http:///path", BadUrl::Form),
            ("http://host:0/", BadUrl::Form),
            ("http://host:99999/", BadUrl::Form),
            ("http://host:/", BadUrl::Form),
            ("http://[::1", BadUrl::Form),
            ("http://[host]/", BadUrl::Form),
            ("http://[::1]x/", BadUrl::Form),
            ("http://host/a b", BadUrl::Form),
            ("http://host/a\r\nX: y", BadUrl::Form),
            ("http://me:pa55@host/", BadUrl::User),
        ] {
            assert_eq!(HttpUrl::parse(url), Err(expected), "{url}");
        }
    }

    #[test]
    fn path_and_query_are_not_shown() {
        let url = HttpUrl::parse("http://host:81/services/T0/s3cret?k=s3cret").unwrap();
        assert_eq!(format!("{url} {url:?}"), "http://host:81/*** \"http://host:81/***\"");
    }
}
