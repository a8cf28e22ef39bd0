//! A walk over a folder in bytewise order of document names.
//!
//! The names of one folder are held for each level that the walk is in, sorted as they stand in full names: a
//! folder `a` sorts as `a/`, that is after `a-b` and `a.txt`. The levels are a list and not a recursion, because
//! the depth is whatever somebody made.

use super::patterns::{EntryKind, IGNORE_FILE, Patterns, Verdict};
use super::refusal::{self, Thing};
use super::regular::{self, open_without_links};
use crate::source::name;
use rustix::fs::{Dir, FileType, OFlags};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use types::failure::Failure;
use types::seam::Listed;

/// Links to folders behind links to folders. With n folders that link to each other a walk has n to the power of
/// this many paths to go, and all content is reached without them as well.
const NESTED_LINKS_MAX: usize = 2;

/// Yields what it finds; the caller asks at the end whether it [saw everything](Self::saw_everything).
#[derive(Debug)]
pub(super) struct Walk<'a> {
    root: &'a Path,
    exclude: &'a Patterns,
    levels: Vec<Level>,
    complete: bool,
}

/// A folder that the walk is in.
#[derive(Debug)]
struct Level {
    place: Place,
    identity: (u64, u64),
    ignore: Option<Patterns>,
    entries: std::vec::IntoIter<Entry>,
}

/// Where a folder lies, and how it was reached.
#[derive(Debug, Default)]
struct Place {
    /// Without links.
    path: PathBuf,
    /// Below the source, through links; for patterns.
    way: PathBuf,
    /// Document names below it begin with this: empty, or ends in `/`.
    name: String,
    /// Links to folders on the way.
    links: usize,
}

#[derive(Debug)]
struct Entry {
    /// Encoded name, with `/` at the end of a folder's.
    key: Box<str>,
    /// Where encoding changed it.
    raw: Option<Box<OsStr>>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File,
    Folder,
    LinkedFile(PathBuf),
    LinkedFolder(PathBuf),
    Unreadable(Box<Failure>),
}

/// Why a folder is not entered.
enum Barred {
    /// It vanished during the walk.
    Gone,
    /// All below it is reached by another name.
    Repeats(Failure),
    /// What is below it stays unknown.
    Unread(Failure),
}

impl<'a> Walk<'a> {
    /// `root` holds no links. Errors: the root cannot be listed.
    pub(super) fn start(root: &'a Path, exclude: &'a Patterns) -> Result<Self, Failure> {
        let mut walk = Self { root, exclude, levels: Vec::new(), complete: true };
        let place = Place { path: root.to_owned(), ..Place::default() };
        match walk.read(place) {
            Ok(level) => walk.levels.push(level),
            Err(Barred::Gone) => return Err(refusal::by_system(Thing::Folder, &gone())),
            Err(Barred::Repeats(failure) | Barred::Unread(failure)) => return Err(failure),
        }
        Ok(walk)
    }

    /// No folder stayed unread and nothing vanished under way: what was not listed is not there.
    pub(super) fn saw_everything(&self) -> bool {
        self.complete && self.levels.is_empty()
    }

    /// Names held now.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.levels.iter().map(|level| level.entries.len()).sum()
    }

    fn step(&mut self, entry: Entry) -> Option<Listed> {
        let place = &self.levels.last().expect("an entry comes out of a level").place;
        let name = format!("{}{}", place.name, entry.key);
        match entry.kind {
            Kind::File => {
                let path = place.path.join(entry.file_name());
                self.file(name, path)
            }
            Kind::LinkedFile(target) => self.file(name, target),
            Kind::Folder => {
                let path = place.path.join(entry.file_name());
                let way = place.way.join(entry.file_name());
                let links = place.links;
                self.enter(Place { path, way, name, links })
            }
            Kind::LinkedFolder(ref target) => {
                let path = target.clone();
                let way = place.way.join(entry.file_name());
                let links = place.links + 1;
                self.enter(Place { path, way, name, links })
            }
            Kind::Unreadable(failure) => Some(Listed::Unreadable { name, failure: *failure }),
        }
    }

    fn file(&mut self, name: String, path: PathBuf) -> Option<Listed> {
        match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => Some(Listed::File(regular::listed(name, path, &meta))),
            Ok(meta) => {
                let failure = refusal::special(meta.file_type());
                Some(Listed::Unreadable { name, failure })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.complete = false;
                None
            }
            Err(error) => {
                self.complete = false;
                let failure = refusal::by_system(Thing::File, &error);
                Some(Listed::Unreadable { name, failure })
            }
        }
    }

    fn enter(&mut self, place: Place) -> Option<Listed> {
        let name = place.name.trim_end_matches('/').to_owned();
        match self.read(place) {
            Ok(level) => {
                self.levels.push(level);
                None
            }
            Err(Barred::Gone) => {
                self.complete = false;
                None
            }
            Err(Barred::Repeats(failure)) => Some(Listed::Unreadable { name, failure }),
            Err(Barred::Unread(failure)) => {
                self.complete = false;
                Some(Listed::Unreadable { name, failure })
            }
        }
    }

    fn read(&self, place: Place) -> Result<Level, Barred> {
        if place.links > NESTED_LINKS_MAX {
            return Err(Barred::Repeats(refusal::too_many_links(NESTED_LINKS_MAX)));
        }
        let (identity, names) = read_names(&place.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Barred::Gone,
            _ => Barred::Unread(refusal::by_system(Thing::Folder, &error)),
        })?;
        if self.levels.iter().any(|level| level.identity == identity) {
            return Err(Barred::Repeats(refusal::leads_back()));
        }
        let ignore = if names.iter().any(|(name, _)| name == IGNORE_FILE) {
            Some(Patterns::of_folder(&place.path).map_err(Barred::Unread)?)
        } else {
            None
        };
        let mut level = Level { place, identity, ignore, entries: Vec::new().into_iter() };
        let mut entries: Vec<Entry> =
            names.into_iter().filter_map(|(name, kind)| self.entry(&level, name, kind)).collect();
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        level.entries = entries.into_iter();
        Ok(level)
    }

    /// None if it is hidden or left out.
    fn entry(&self, level: &Level, name: OsString, kind: FileType) -> Option<Entry> {
        let kind = self.kind(&level.place.path.join(&name), kind);
        let as_pattern = match kind {
            Kind::Folder | Kind::LinkedFolder(_) => EntryKind::Folder,
            Kind::File | Kind::LinkedFile(_) | Kind::Unreadable(_) => EntryKind::Other,
        };
        if name == IGNORE_FILE || !self.keeps(level, &name, as_pattern) {
            return None;
        }
        let mut key = name::encode(&name);
        let raw = (key.as_bytes() != name.as_bytes()).then(|| name.into_boxed_os_str());
        if as_pattern == EntryKind::Folder {
            key.push('/');
        }
        Some(Entry { key: key.into_boxed_str(), raw, kind })
    }

    fn kind(&self, path: &Path, kind: FileType) -> Kind {
        match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => self.follow(path),
            // Not every file system says what an entry is, and a special file is to be named.
            _ => match std::fs::symlink_metadata(path) {
                Ok(meta) if meta.is_dir() => Kind::Folder,
                Ok(meta) if meta.is_symlink() => self.follow(path),
                Ok(meta) if !meta.is_file() => {
                    Kind::Unreadable(Box::new(refusal::special(meta.file_type())))
                }
                // An error is met again, and told, when the entry's turn comes.
                Ok(_) | Err(_) => Kind::File,
            },
        }
    }

    fn follow(&self, link: &Path) -> Kind {
        let followed = std::fs::canonicalize(link)
            .and_then(|target| std::fs::symlink_metadata(&target).map(|meta| (target, meta)));
        let failure = match followed {
            Ok((target, _)) if !target.starts_with(self.root) => refusal::leads_out(),
            Ok((target, meta)) if meta.is_dir() => return Kind::LinkedFolder(target),
            Ok((target, meta)) if meta.is_file() => return Kind::LinkedFile(target),
            Ok((_, meta)) => refusal::special(meta.file_type()),
            Err(error) => refusal::by_system(Thing::Link, &error),
        };
        Kind::Unreadable(Box::new(failure))
    }

    /// The settings' patterns first, then the ignore files from the inner folder outwards; what no pattern
    /// matches is kept unless it is hidden.
    fn keeps(&self, level: &Level, name: &OsStr, kind: EntryKind) -> bool {
        let way = level.place.way.join(name);
        let sets = std::iter::once((self.exclude, Path::new("")))
            .chain(level.ignore.as_ref().map(|set| (set, level.place.way.as_path())))
            .chain(self.levels.iter().rev().filter_map(|outer| {
                outer.ignore.as_ref().map(|set| (set, outer.place.way.as_path()))
            }));
        for (patterns, base) in sets {
            let below = way.strip_prefix(base).expect("a level lies below all outer ones");
            match patterns.verdict(below, kind) {
                Verdict::Skip => return false,
                Verdict::Keep => return true,
                Verdict::Open => {}
            }
        }
        !name.as_bytes().starts_with(b".")
    }
}

impl Iterator for Walk<'_> {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        loop {
            match self.levels.last_mut()?.entries.next() {
                Some(entry) => {
                    if let Some(listed) = self.step(entry) {
                        return Some(listed);
                    }
                }
                None => {
                    self.levels.pop();
                }
            }
        }
    }
}

impl Entry {
    fn file_name(&self) -> &OsStr {
        match &self.raw {
            Some(raw) => raw,
            None => OsStr::new(self.key.trim_end_matches('/')),
        }
    }
}

type Names = Vec<(OsString, FileType)>;

fn read_names(folder: &Path) -> io::Result<((u64, u64), Names)> {
    let opened = open_without_links(folder, OFlags::DIRECTORY)?;
    let stat = rustix::fs::fstat(&opened)?;
    let mut names = Vec::new();
    for entry in Dir::new(opened)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push((OsStr::from_bytes(name).to_owned(), entry.file_type()));
        }
    }
    Ok(((stat.st_dev, stat.st_ino), names))
}

fn gone() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error())
}
