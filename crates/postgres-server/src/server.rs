//! One server with a folder of its own.

use crate::binaries::{self, Release};
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const USER: &str = "gristmill";
pub(crate) const PASSWORD: &str = "gristmill";
/// `nobody`, when the tests run as root.
const OTHER_USER: u32 = 65_534;
/// The server starts in much less.
const START_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// What tests want of a server: small, with room for many connections. It syncs as any other.
const SETTINGS: [&str; 6] = [
    "shared_buffers=128MB",
    "max_connections=300",
    "unix_socket_permissions=0777",
    "logging_collector=off",
    "max_wal_size=2GB",
    "timezone=UTC",
];

/// A running server; stopped and removed when dropped or when its process ends.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    /// A shell that ends the server when its input ends.
    keeper: Option<Child>,
    databases: AtomicUsize,
}

/// The server that all tests of a process share.
pub fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(Release::Sixteen, &[]))
}

impl Server {
    /// With settings beyond those of all tests, such as `max_connections=5`.
    pub fn start(release: Release, settings: &[&str]) -> Self {
        let programs = binaries::folder(release);
        let folder = tempfile::Builder::new()
            .prefix("gristmill-pg-")
            .tempdir_in("/tmp")
            .expect("a folder for the server");
        give_away(folder.path());
        let port = free_port();
        let settings = SETTINGS.iter().chain(settings).map(|&setting| setting.to_owned()).collect();
        let mut server =
            Self { programs, folder, port, settings, keeper: None, databases: AtomicUsize::new(0) };
        server.make_cluster();
        server.run();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the server wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn make_cluster(&self) {
        let password = self.folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file in our own folder");
        give_away(&password);
        let said = as_other_user(&mut Command::new(self.programs.join("initdb")))
            .arg("--pgdata")
            .arg(self.data())
            .arg("--pwfile")
            .arg(&password)
            .args(["--username", USER, "--auth-local=trust", "--auth-host=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"])
            .output()
            .expect("initdb runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    fn run(&mut self) {
        let mut postgres = Command::new(self.programs.join("postgres"));
        postgres.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        postgres.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in &self.settings {
            postgres.args(["-c", setting]);
        }
        self.keeper = Some(kept(&postgres, &self.folder.path().join("log")));
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < START_LIMIT, "the server does not start:\n{}", self.log());
            std::thread::park_timeout(POLL);
        }
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && self.psql("postgres", "SELECT 1").status.success()
    }

    fn psql(&self, database: &str, sql: &str) -> std::process::Output {
        Command::new(self.programs.join("psql"))
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-U", USER, "-d", database])
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()
            .expect("psql runs")
    }

    /// Runs SQL as the owner of everything; returns what it printed.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let said = self.psql(database, sql);
        assert!(said.status.success(), "{sql}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).trim_end().to_owned()
    }

    /// Makes an empty database and returns its name.
    pub fn database(&self) -> String {
        let name = format!("db{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the server's programs lie.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// The folder of the socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How `--store` names a database.
    pub fn url(&self, database: &str) -> String {
        self.url_through(self.port, database)
    }

    /// The same through another port, such as a proxy's.
    pub fn url_through(&self, port: u16, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    /// Ends the server as a crash of its machine would, except that what it wrote is kept.
    pub fn kill(&mut self) {
        // QUIT: all backends end at once, nothing is tidied up, and the next start recovers.
        self.end("QUIT");
    }

    /// Starts it again after [`Server::kill`].
    pub fn start_again(&mut self) {
        self.run();
    }

    fn end(&mut self, signal: &str) {
        let Some(mut keeper) = self.keeper.take() else { return };
        if let Some(mut pipe) = keeper.stdin.take() {
            writeln!(pipe, "{signal}").expect("the keeper listens");
        }
        keeper.wait().expect("the keeper was ours");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("QUIT");
    }
}

/// Starts a program that ends with this process, however that ends: a shell reads a pipe until we close it, by
/// dropping it or by ending, and then ends the program.
pub(crate) fn kept(program: &Command, log: &Path) -> Child {
    let keep = "\"$@\" >>\"$LOG\" 2>&1 & program=$!; read -r how; \
                kill -${how:-QUIT} $program 2>/dev/null; wait $program";
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", keep, "keeper"]).arg(program.get_program()).args(program.get_args());
    shell.env("LOG", log);
    // A group of its own: an interrupt of the tests must not reach it before they are done with it.
    shell.process_group(0);
    as_other_user(&mut shell).stdin(Stdio::piped()).spawn().expect("the program starts")
}

/// Lets the user that the server runs as use it.
pub(crate) fn give_away(path: &Path) {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(OTHER_USER), Some(OTHER_USER)).expect("root may give files away");
    }
}

fn as_other_user(command: &mut Command) -> &mut Command {
    if rustix::process::geteuid().is_root() {
        command.uid(OTHER_USER).gid(OTHER_USER);
    }
    command.current_dir("/")
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
