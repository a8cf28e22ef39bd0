//! `PgBouncer` in transaction mode in front of a server, where it is installed.

use crate::server::{PASSWORD, Server, USER, free_port, give_away, kept};
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A running pooler; ended when dropped or when its process ends.
#[derive(Debug)]
pub struct Pooler {
    folder: TempDir,
    port: u16,
    keeper: Child,
}

impl Pooler {
    /// None where there is no `pgbouncer` on the path.
    pub fn start(server: &Server) -> Option<Self> {
        Command::new("pgbouncer").arg("--version").output().ok()?;
        let folder = tempfile::Builder::new()
            .prefix("gristmill-pooler-")
            .tempdir_in("/tmp")
            .expect("a folder for the pooler");
        give_away(folder.path());
        let port = free_port();
        let users = folder.path().join("users.txt");
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("our own folder");
        let said = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\nmax_client_conn = 300\n\
             default_pool_size = 8\nunix_socket_dir =\n",
            server.port(),
            users.display()
        );
        fs::write(&settings, said).expect("our own folder");
        for file in [&users, &settings] {
            give_away(file);
        }
        let mut pgbouncer = Command::new("pgbouncer");
        pgbouncer.arg(&settings);
        let keeper = kept(&pgbouncer, &folder.path().join("log"));
        let pooler = Self { folder, port, keeper };
        pooler.wait_until_it_answers();
        Some(pooler)
    }

    fn wait_until_it_answers(&self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < START_LIMIT, "the pooler does not start:\n{log}");
            std::thread::park_timeout(POLL);
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.keeper.stdin.take() {
            // It may have ended by itself.
            writeln!(pipe, "INT").unwrap_or(());
        }
        self.keeper.wait().expect("the keeper was ours");
    }
}
