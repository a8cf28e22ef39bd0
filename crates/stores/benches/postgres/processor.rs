//! Processor time of this process, its children and the server.

use postgres_server::Server;
use std::fs;

/// Seconds so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) own: f64,
    pub(crate) children: f64,
    pub(crate) server: f64,
}

impl Spent {
    pub(crate) fn now(server: &Server) -> Self {
        let [own, children] = times("self").unwrap();
        Self { own, children, server: of_server(server) }
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            own: self.own - before.own,
            children: self.children - before.children,
            server: self.server - before.server,
        }
    }
}

/// The postmaster's children, living and ended.
fn of_server(server: &Server) -> f64 {
    let file = fs::read_to_string(server.folder().join("data/postmaster.pid")).unwrap();
    let postmaster = file.lines().next().unwrap();
    let mut sum = times(postmaster).unwrap()[1];
    for entry in fs::read_dir("/proc").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // A process may end while it is looked at.
        if let Some(fields) = fields(&name)
            && fields[1] == postmaster
        {
            sum += times(&name).map_or(0.0, |[own, _]| own);
        }
    }
    sum
}

/// Own seconds, and those of children that have ended.
fn times(process: &str) -> Option<[f64; 2]> {
    let fields = fields(process)?;
    let seconds = |at: usize| fields[at].parse::<f64>().unwrap() / 100.0;
    Some([seconds(11) + seconds(12), seconds(13) + seconds(14)])
}

/// Of `/proc/PID/stat`, from the state on.
fn fields(process: &str) -> Option<Vec<String>> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}
