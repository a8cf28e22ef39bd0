//! Rules of the tree that no lint can say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each crate may use of ours. A new crate fails until its row is written.
const EDGES: [(&str, &[&str]); 21] = [
    ("quota", &[]),
    ("types", &["quota"]),
    ("flow", &["quota"]),
    ("flow-sim", &["flow", "quota"]),
    ("fake-provider", &["flow-sim", "flow", "quota"]),
    ("fault", &[]),
    ("encoder", &[]),
    ("encoder-cuda", &["encoder"]),
    ("pdf", &["types"]),
    ("parsers", &["types", "pdf"]),
    ("sandbox", &["types"]),
    ("pool", &[]),
    ("python-package", &[]),
    ("postgres-server", &["python-package"]),
    ("stores", &["types", "pool", "encoder", "fault"]),
    (
        "connectors",
        &["types", "quota", "encoder", "encoder-cuda", "fault", "parsers", "pdf", "sandbox"],
    ),
    ("ingest", &["types", "quota", "flow", "fault"]),
    ("content", &["types", "quota", "flow", "fault"]),
    ("server", &["types", "flow", "content"]),
    (
        "cli",
        &[
            "types",
            "quota",
            "flow",
            "flow-sim",
            "fault",
            "encoder",
            "parsers",
            "sandbox",
            "stores",
            "connectors",
            "ingest",
            "content",
            "server",
        ],
    ),
    (
        "benches",
        &[
            "types",
            "encoder",
            "stores",
            "parsers",
            "connectors",
            "pdf",
            "sandbox",
            "ingest",
            "flow",
            "quota",
        ],
    ),
];

/// Third-party libraries that may stand in one crate only.
const LEAVES: [(&str, &[&str]); 22] = [
    ("cudarc", &["encoder-cuda"]),
    ("rusqlite", &["stores", "cli", "benches"]),
    ("hayro-interpret", &["pdf"]),
    ("hayro-syntax", &["pdf"]),
    ("lopdf", &["pdf"]),
    ("zip", &["parsers", "cli"]),
    ("tar", &["parsers", "cli"]),
    ("calamine", &["parsers"]),
    ("dom_smoothie", &["parsers"]),
    ("html5gum", &["parsers"]),
    ("pulldown-cmark", &["parsers"]),
    ("tokenizers", &["encoder"]),
    ("landlock", &["sandbox"]),
    ("seccompiler", &["sandbox"]),
    ("reqwest", &["connectors"]),
    ("rustls", &["connectors", "stores"]),
    ("rustls-native-certs", &["connectors", "stores"]),
    ("webpki-roots", &["connectors", "stores"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    (
        "tokio",
        &[
            "flow",
            "pool",
            "stores",
            "connectors",
            "ingest",
            "content",
            "server",
            "fake-provider",
            "cli",
            "benches",
        ],
    ),
    ("hyper", &["server", "fake-provider"]),
];

const NAMES_BANNED: [&str; 8] =
    ["Manager", "Helper", "Util", "Utils", "Enhanced", "Optimizer", "Orchestrator", "Handler"];
const FILES_BANNED: [&str; 5] = ["util", "utils", "common", "misc", "helpers"];
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn crates() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    found.push(("benches".to_owned(), root().join("benches")));
    found.sort();
    found
}

/// Names under `[dependencies]` of a manifest, and with `dev` also those under `[dev-dependencies]`.
fn dependencies(folder: &Path, sections: &[&str]) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let mut wanted = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            wanted = sections.contains(&section.trim_end_matches(']'));
        } else if wanted && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn dependencies_point_one_way() {
    let ours: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    for (name, folder) in crates() {
        let (_, allowed) = EDGES
            .iter()
            .find(|(row, _)| *row == name)
            .unwrap_or_else(|| panic!("crate {name} has no row in EDGES: say what it may use"));
        for used in dependencies(&folder, &["dependencies"]) {
            let ours = ours.contains(used.as_str());
            assert!(!ours || allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn heavy_libraries_stay_in_their_leaf() {
    for (name, folder) in crates() {
        let used = dependencies(&folder, &["dependencies"]);
        for (library, leaves) in LEAVES {
            assert!(
                !used.contains(library) || leaves.contains(&name.as_str()),
                "{name} must not use {library}"
            );
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut todo: Vec<PathBuf> = crates().into_iter().map(|(_, folder)| folder).collect();
    let mut files = Vec::new();
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn files_and_types_are_named_for_what_they_are_and_fit_the_head() {
    let mut wrong = Vec::new();
    for path in sources() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        if FILES_BANNED.contains(&stem) {
            wrong.push(format!("{shown}: name the concept instead of {stem}"));
        }
        if text.lines().count() > LINES_MAX && !text.starts_with("//! Long because") {
            wrong.push(format!(
                "{shown}: over {LINES_MAX} lines without a reason on its first line"
            ));
        }
        for line in text.lines() {
            let Some(name) = declared_type(line) else { continue };
            if NAMES_BANNED.iter().any(|banned| name.ends_with(banned)) {
                wrong.push(format!("{shown}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn declared_type(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest =
        rest.strip_prefix("pub(crate) ").or(rest.strip_prefix("pub(super) ")).unwrap_or(rest);
    let rest = rest.strip_prefix("pub ").unwrap_or(rest);
    let rest =
        ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| rest.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Code for an instruction set, and a card's driver.
const UNSAFE: [&str; 2] = ["encoder/src/kernels/dispatch.rs", "encoder-cuda/src/driver.rs"];

#[test]
fn unsafe_stands_in_two_reviewed_files() {
    let keyword = ["un", "safe"].concat();
    for path in sources() {
        if UNSAFE.iter().any(|reviewed| path.ends_with(reviewed)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or_default();
            let used = ["{", "fn ", "impl ", "trait ", "extern "]
                .iter()
                .any(|next| code.contains(&format!("{keyword} {next}")));
            assert!(!used, "{}: {line}", path.display());
        }
    }
}
