//! Which domain and category a document gets.
//!
//! For each of the two on its own, the first that says something: the document itself, the flags, the rules, the
//! folders it lies in, `general` and `unknown`.

use crate::settings::Rule;
use types::document::{Hash, Label, OwnLabel};

#[derive(Debug, Clone)]
pub(crate) struct Labeller {
    flags: OwnLabel,
    rules: Vec<Rule>,
}

/// Raised when the same flags, rules and names begin to give other labels.
const REVISION: &str = "labels 1";

const DOMAIN: &str = "general";
const CATEGORY: &str = "unknown";

/// Files with these endings hold items, whose names are `FILE#ID`.
const ITEM_ENDINGS: [&str; 8] =
    [".json", ".geojson", ".ipynb", ".jsonl", ".ndjson", ".csv", ".tsv", ".tab"];

/// A part of a name with one of these endings that has parts below it is an archive. Archives under other endings
/// are unpacked too; they count as folders, since the name is all there is to tell by.
const ARCHIVE_ENDINGS: [&str; 4] = [".zip", ".tar", ".tgz", ".gz"];

impl Labeller {
    /// `rules`: the first one that fits and says something wins.
    pub(crate) fn new(flags: OwnLabel, rules: Vec<Rule>) -> Self {
        Self { flags, rules }
    }

    /// `document_name` is the path below its source, with the members of archives as paths below the archive and
    /// items behind a `#`.
    pub(crate) fn label(&self, document_name: &str, own: &OwnLabel) -> Label {
        let file = file_of(document_name);
        let (folder, subfolder) = folders(file);
        let first = |said: [Option<&str>; 4], otherwise: &str| {
            let said = said.into_iter().flatten().find(|name| !name.trim().is_empty());
            said.unwrap_or(otherwise).to_owned()
        };
        let (own_domain, own_category) = (own.domain.as_deref(), own.category.as_deref());
        let (domain, category) = (self.flags.domain.as_deref(), self.flags.category.as_deref());
        let ruled_domain = self.ruled(document_name, file, |rule| rule.domain.as_deref());
        let ruled_category = self.ruled(document_name, file, |rule| rule.category.as_deref());
        Label {
            domain: first([own_domain, domain, ruled_domain, folder], DOMAIN),
            category: first([own_category, category, ruled_category, subfolder], CATEGORY),
        }
    }

    /// Changes whenever the labels of unchanged documents may.
    pub(crate) fn fingerprint(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: Option<&str>| match part {
            Some(text) => {
                hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
            None => {
                hasher.update(&u64::MAX.to_le_bytes());
            }
        };
        add(Some(REVISION));
        add(self.flags.domain.as_deref());
        add(self.flags.category.as_deref());
        for rule in &self.rules {
            add(Some(rule.pattern.as_str()));
            add(rule.domain.as_deref());
            add(rule.category.as_deref());
        }
        Hash(*hasher.finalize().as_bytes())
    }

    /// What the rules say. A pattern is compared with the name of the file, one with a `#` also with an item's.
    fn ruled<'a>(
        &'a self,
        document_name: &str,
        file: &str,
        part: impl Fn(&'a Rule) -> Option<&'a str>,
    ) -> Option<&'a str> {
        let fits = |rule: &Rule| {
            let pattern = &rule.pattern;
            pattern.fits(file) || (pattern.as_str().contains('#') && pattern.fits(document_name))
        };
        self.rules.iter().filter(|rule| fits(rule)).find_map(part)
    }
}

/// The name without the id of an item. An id may hold `/`, and a file's name may hold `#`: the `#` that parts
/// them is the first one behind the ending of a file of items.
fn file_of(name: &str) -> &str {
    let ends_a_file_of_items = |at: usize| {
        let file = name.get(..at).unwrap_or_default().to_ascii_lowercase();
        ITEM_ENDINGS.iter().any(|ending| file.ends_with(ending))
    };
    let at = name.match_indices('#').map(|(at, _)| at).find(|at| ends_a_file_of_items(*at));
    at.and_then(|at| name.get(..at)).unwrap_or(name)
}

/// The two outermost folders. An archive is no folder, so a packed folder gives the same labels as the folder:
/// `pack.zip/strategy/x.md` lies in `strategy`, `books/pack.zip/strategy/x.md` in `books` and `strategy`.
fn folders(file: &str) -> (Option<&str>, Option<&str>) {
    let parents = file.rsplit_once('/').map_or("", |(parents, _)| parents);
    let mut folders = parents.split('/').filter(|part| !part.is_empty() && !is_archive(part));
    (folders.next(), folders.next())
}

fn is_archive(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    ARCHIVE_ENDINGS.iter().any(|ending| part.ends_with(ending))
}

#[cfg(test)]
mod tests;
