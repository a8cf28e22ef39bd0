//! A folder to work in, the program, and its answers.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with documents, a store and a folder for consolidated files.
pub(crate) struct Desk {
    folder: TempDir,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Answer {
    /// None: ended by a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// A number of the result by its path, such as `chunks.embedded`.
    pub(crate) fn number(&self, path: &str) -> u64 {
        let json = self.json();
        let value = path.split('.').fold(&json, |value, key| match key.parse::<usize>() {
            Ok(place) => &value[place],
            Err(_) => &value[key],
        });
        value.as_u64().unwrap_or_else(|| panic!("no number at {path}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(desk.docs()).unwrap();
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn docs(&self) -> PathBuf {
        self.path().join("docs")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.docs().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        // Old enough to be trusted: a file that was written just now is looked into again.
        age(&path);
        path
    }

    /// The program in this folder, without our environment.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gristmill"));
        command.args(arguments).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        self.command(arguments).output().unwrap().into()
    }

    /// `ingest docs --json` into the default store, with further arguments.
    pub(crate) fn ingest(&self, more: &[&str]) -> Answer {
        let mut arguments = vec!["ingest", "docs", "--json", "-q"];
        arguments.extend(more);
        self.run(arguments)
    }

    pub(crate) fn search(&self, arguments: &[&str]) -> Vec<Value> {
        let mut all = vec!["search", "--json"];
        all.extend(arguments);
        self.run(all).exits(0).json()["hits"].as_array().unwrap().clone()
    }

    /// Documents of the hits, in order.
    pub(crate) fn found(&self, arguments: &[&str]) -> Vec<String> {
        self.search(arguments)
            .iter()
            .map(|hit| hit["document"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    pub(crate) fn verifies(&self) {
        let answer = self.run(["verify", "--json"]);
        assert_eq!(answer.json()["violations"], Value::Array(Vec::new()), "{answer:?}");
    }
}

/// Sets the modification time an hour back.
pub(crate) fn age(path: &Path) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(1)).unwrap();
}

/// All files below a folder with their bytes.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Plain words, different for every seed, never repeated within a text.
pub(crate) fn prose(seed: u64, words: usize) -> String {
    const WORDS: [&str; 24] = [
        "river", "stone", "market", "signal", "harvest", "engine", "letter", "winter", "copper",
        "garden", "bridge", "lantern", "voyage", "meadow", "thunder", "carpet", "window", "island",
        "ladder", "mirror", "pepper", "saddle", "timber", "velvet",
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::new();
    for place in 0..words {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(WORDS[(state % 24) as usize]);
        if place % 9 == 8 {
            text.extend([" ", &(state % 100_000).to_string(), ". "]);
        } else {
            text.push(' ');
        }
        if place % 90 == 89 {
            text.push_str("\n\n");
        }
    }
    text
}
