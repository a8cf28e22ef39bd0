//! What stands behind `--store postgres://…`: the server, and how to talk to it.

use crate::postgres::error::{Cause, Outcome};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use types::seam::StoreErrorKind;

/// The schema that holds the tables, unless `?schema=` names another.
const SCHEMA: &str = "gristmill";
/// Connections at most, unless `?connections=` says otherwise.
const CONNECTIONS: usize = 20;
/// The most that `?connections=` may say.
const CONNECTIONS_MAX: usize = 500;
/// The port on which Supabase, and many others, run a pooler in transaction mode.
const POOLER_PORT: u16 = 6543;
/// One try to connect takes no longer.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// What was sent and not acknowledged for so long means that the connection is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How the other side proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    Off,
    /// Encrypted, to whoever answers.
    Unverified,
    /// Its certificate must lead to a trusted root, and name the host if `host` says so.
    Verified {
        root: Option<PathBuf>,
        host: HostName,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostName {
    Checked,
    Unchecked,
}

/// Whether statements live on in the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statements {
    /// Prepared once for each connection.
    Named,
    /// For poolers that give every transaction another connection.
    Unnamed,
}

/// A parsed URL.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// Without password and options.
    pub(crate) shown: String,
    pub(crate) schema: String,
    pub(crate) tls: Tls,
    pub(crate) statements: Statements,
    pub(crate) connections: usize,
}

/// What the query part of the URL says to us, not to the server.
#[derive(Default)]
struct Options {
    schema: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<PathBuf>,
    pgbouncer: Option<String>,
    connections: Option<String>,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Outcome<Self> {
        let (server, query) = parts(url);
        let (options, rest) = Options::take(query);
        let theirs = if rest.is_empty() { server.to_owned() } else { format!("{server}?{rest}") };
        // The parser's own words may repeat a part of the URL, which may hold a password.
        let mut config = Config::from_str(&theirs)
            .map_err(|_| wrong("the URL cannot be read", "postgres://USER@HOST:5432/DATABASE"))?;
        config.application_name(format!("gristmill process {}", std::process::id()));
        config.connect_timeout(CONNECT_LIMIT);
        config.keepalives_idle(SILENCE_LIMIT / 3);
        config.keepalives_interval(SILENCE_LIMIT / 6);
        config.keepalives_retries(3);
        config.tcp_user_timeout(SILENCE_LIMIT);
        let tls = options.tls(&config)?;
        config.ssl_mode(if tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        let statements = options.statements(&config)?;
        let connections = options.connections()?;
        let schema = options.schema.unwrap_or_else(|| SCHEMA.to_owned());
        if !is_plain_name(&schema) {
            return Err(wrong("schema has letters that a schema may not have", "schema=my_schema"));
        }
        Ok(Self { shown: shown(server), config, schema, tls, statements, connections })
    }

    /// Where the connection goes, for messages.
    pub(crate) fn host(&self) -> String {
        let name = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!("{name}:{port}")
    }
}

impl Options {
    /// Ours, and what is left of the query.
    fn take(query: &str) -> (Self, String) {
        let mut options = Self::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match key {
                "schema" => options.schema = Some(value),
                "sslmode" => options.sslmode = Some(value),
                "sslrootcert" => options.sslrootcert = Some(value.into()),
                "pgbouncer" => options.pgbouncer = Some(value),
                "connections" => options.connections = Some(value),
                _ => rest.push(pair),
            }
        }
        (options, rest.join("&"))
    }

    fn tls(&self, config: &Config) -> Outcome<Tls> {
        let verified = |host| Tls::Verified { root: self.sslrootcert.clone(), host };
        match self.sslmode.as_deref() {
            Some("disable") => Ok(Tls::Off),
            Some("require") if self.sslrootcert.is_none() => Ok(Tls::Unverified),
            Some("require" | "verify-ca") => Ok(verified(HostName::Unchecked)),
            Some("verify-full") => Ok(verified(HostName::Checked)),
            Some(_) => {
                Err(wrong("sslmode is none of those", "disable, require, verify-ca or verify-full"))
            }
            None if is_near(config) => Ok(Tls::Off),
            None => Ok(verified(HostName::Checked)),
        }
    }

    fn statements(&self, config: &Config) -> Outcome<Statements> {
        match self.pgbouncer.as_deref() {
            Some("true") => Ok(Statements::Unnamed),
            Some("false") => Ok(Statements::Named),
            Some(_) => Err(wrong("pgbouncer is neither", "true or false")),
            None if config.get_ports().contains(&POOLER_PORT) => Ok(Statements::Unnamed),
            None => Ok(Statements::Named),
        }
    }

    fn connections(&self) -> Outcome<usize> {
        let Some(typed) = &self.connections else { return Ok(CONNECTIONS) };
        // Two writers' connections, one of which only holds the lock, and one reader.
        typed.parse().ok().filter(|n| (3..=CONNECTIONS_MAX).contains(n)).ok_or_else(|| {
            wrong("connections is out of range", &format!("a number from 3 to {CONNECTIONS_MAX}"))
        })
    }
}

/// On this machine: there is no network to listen on.
fn is_near(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1" | "[::1]"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn is_plain_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() < 64
}

/// The URL up to its query, and the query. A `?` before the last `@` is taken for a part of the password.
fn parts(url: &str) -> (&str, &str) {
    let place = url.rsplit_once('@').map_or(url, |(_, place)| place);
    match place.split_once('?') {
        Some((_, query)) => (url.split_at(url.len() - query.len() - 1).0, query),
        None => (url, ""),
    }
}

/// The URL's server part without what may be secret.
fn shown(server: &str) -> String {
    let Some((scheme, rest)) = server.split_once("://") else { return "postgres://…".to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let name = user.split_once(':').map_or(user, |(name, _)| name);
            let name = if name.contains(['/', '?']) { "***" } else { name };
            format!("{scheme}://{name}@{place}")
        }
        None => server.to_owned(),
    }
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wrong(what: &str, instead: &str) -> Cause {
    Cause::told(
        StoreErrorKind::Unreachable,
        format!("--store postgres://…: {what}"),
        format!("write: {instead}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|_| panic!("{url}"))
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(shown("postgres://h/kb?password=a@b"), "postgres://***@b");
        for (url, shown) in [
            (
                "postgres://u:s3cret@db.example.org:5432/kb?schema=a",
                "postgres://u@db.example.org:5432/kb",
            ),
            ("postgresql://u:p%40ss@h/kb", "postgresql://u@h/kb"),
            ("postgres://localhost/kb", "postgres://localhost/kb"),
            ("postgres://u:p?ss@h/kb?schema=a", "postgres://u@h/kb"),
        ] {
            assert_eq!(parse(url).shown, shown);
        }
        let error = Address::parse("postgres://u:s3cret@[/kb").err().unwrap();
        assert!(!format!("{error:?}").contains("s3cret"));
    }

    #[test]
    fn what_crosses_a_network_is_verified_unless_said_otherwise() {
        let full = Tls::Verified { root: None, host: HostName::Checked };
        assert_eq!(parse("postgres://u@db.example.org/kb").tls, full);
        assert_eq!(parse("postgres://u@localhost/kb").tls, Tls::Off);
        assert_eq!(parse("postgres://u@/kb?host=/run/postgresql").tls, Tls::Off);
        assert_eq!(parse("postgres://u@x/kb?sslmode=require").tls, Tls::Unverified);
        let root = Some(PathBuf::from("/a b.crt"));
        let ca = Tls::Verified { root, host: HostName::Unchecked };
        assert_eq!(parse("postgres://u@x/kb?sslmode=verify-ca&sslrootcert=/a%20b.crt").tls, ca);
        assert!(Address::parse("postgres://u@x/kb?sslmode=prefer").is_err());
    }

    #[test]
    fn a_pooler_is_told_by_its_port_or_by_the_user() {
        assert_eq!(parse("postgres://u@x:5432/kb").statements, Statements::Named);
        assert_eq!(parse("postgres://u@x:6543/kb").statements, Statements::Unnamed);
        assert_eq!(parse("postgres://u@x:6543/kb?pgbouncer=false").statements, Statements::Named);
        assert_eq!(parse("postgres://u@x/kb?pgbouncer=true").statements, Statements::Unnamed);
    }

    #[test]
    fn options_have_bounds() {
        assert_eq!(parse("postgres://u@x/kb").connections, 20);
        assert_eq!(parse("postgres://u@x/kb?connections=500").connections, 500);
        for wrong in ["connections=501", "connections=2", "connections=x", "schema=A", "schema=a;b"]
        {
            assert!(Address::parse(&format!("postgres://u@x/kb?{wrong}")).is_err(), "{wrong}");
        }
        assert_eq!(parse("postgres://u@x/kb?schema=notes_2").schema, "notes_2");
        assert_eq!(parse("postgres://u@x:1/kb?connect_timeout=3").host(), "x:1");
    }
}
