//! Answers of searches, kept while the store is as it was when they were given.
//!
//! The store's revision is read in the snapshot that a search would see, so an answer is never older than that
//! snapshot. A process that answers many people asks the same more often than the store changes.

use super::error::Outcome;
use super::session::{Columns as _, Session};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use types::query::{Hit, Query, Spelled};

/// What all answers of one kind may take together.
const BYTES_MAX: usize = 4 << 20;
/// One answer takes no more of it than this part.
const ANSWER_PART: usize = 4;
/// Besides its texts, an entry takes about so much.
const ENTRY_BYTES: usize = 200;
/// What somebody changed without us is not noticed for longer.
const AGE_MAX: Duration = Duration::from_mins(5);

/// Changes with every transaction that wrote: who writes, says so in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revision {
    writers: i64,
    done: i64,
    last: String,
}

/// Reads the revision of the snapshot.
pub(crate) async fn revision(session: &Session) -> Outcome<Revision> {
    let sql = "SELECT count(*), coalesce(sum(done), 0)::bigint, coalesce(max(seen)::text, '') FROM writer";
    let row = session.one(sql, &[]).await?;
    Ok(Revision { writers: row.at(0)?, done: row.at(1)?, last: row.at(2)? })
}

/// What was asked, as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question([u8; 32]);

impl Question {
    pub(crate) fn search(query: &Query) -> Self {
        // Floats are told apart by their bits; `Debug` of the rest is injective, since strings are quoted.
        let mut hasher = blake3::Hasher::new();
        let Query { mode, words, vector, k, filter } = query;
        hasher.update(format!("search {mode:?} {words:?} {k} {filter:?} ").as_bytes());
        for value in vector.iter().flatten() {
            hasher.update(&value.to_bits().to_le_bytes());
        }
        hasher.update(&[u8::from(vector.is_some())]);
        Self(*hasher.finalize().as_bytes())
    }

    pub(crate) fn spelling(words: &str) -> Self {
        Self(*blake3::hash(format!("spelling {words:?}").as_bytes()).as_bytes())
    }
}

/// What can be kept.
pub(crate) trait Answer: Clone {
    /// Bytes that it takes, about.
    fn bytes(&self) -> usize;
}

impl Answer for Vec<Hit> {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.iter().map(hit_bytes).sum::<usize>()
    }
}

impl Answer for Spelled {
    fn bytes(&self) -> usize {
        let taken = self.corrections.iter().flat_map(|c| c.taken.iter().chain([&c.typed]));
        ENTRY_BYTES + self.words.len() + taken.map(|word| word.len() + ENTRY_BYTES).sum::<usize>()
    }
}

fn hit_bytes(hit: &Hit) -> usize {
    let Hit { document, title, section, domain, category, text, .. } = hit;
    let optional = [title, section].into_iter().flatten().map(String::len).sum::<usize>();
    ENTRY_BYTES + document.len() + domain.len() + category.len() + text.len() + optional
}

/// Shared by all threads that use the store.
#[derive(Debug)]
pub(crate) struct QueryCache<A> {
    kept: Mutex<Kept<A>>,
}

#[derive(Debug)]
struct Kept<A> {
    /// Of all entries; none before the first.
    of: Option<Revision>,
    since: Option<Instant>,
    entries: HashMap<Question, Entry<A>>,
    bytes: usize,
    /// Grows with every use.
    clock: u64,
}

#[derive(Debug)]
struct Entry<A> {
    answer: A,
    bytes: usize,
    used: u64,
}

impl<A> Default for QueryCache<A> {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept::of(None)) }
    }
}

impl<A: Answer> QueryCache<A> {
    fn kept(&self) -> MutexGuard<'_, Kept<A>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was answered at this revision.
    pub(crate) fn find(&self, revision: &Revision, question: Question) -> Option<A> {
        let mut kept = self.kept();
        kept.be_of(revision);
        kept.clock += 1;
        let now = kept.clock;
        let entry = kept.entries.get_mut(&question)?;
        entry.used = now;
        Some(entry.answer.clone())
    }

    pub(crate) fn keep(&self, revision: &Revision, question: Question, answer: &A) {
        let bytes = answer.bytes();
        if bytes > BYTES_MAX / ANSWER_PART {
            return;
        }
        let mut kept = self.kept();
        kept.be_of(revision);
        kept.clock += 1;
        let entry = Entry { answer: answer.clone(), bytes, used: kept.clock };
        kept.bytes += bytes;
        if let Some(old) = kept.entries.insert(question, entry) {
            kept.bytes -= old.bytes;
        }
        kept.make_room();
    }
}

impl<A> Kept<A> {
    /// Nothing, of this revision.
    fn of(of: Option<Revision>) -> Self {
        let since = of.as_ref().map(|_| Instant::now());
        Self { of, since, entries: HashMap::new(), bytes: 0, clock: 0 }
    }

    /// Forgets everything of another revision, or of long ago.
    fn be_of(&mut self, revision: &Revision) {
        let young = self.since.is_some_and(|since| since.elapsed() < AGE_MAX);
        if self.of.as_ref() != Some(revision) || !young {
            *self = Self::of(Some(revision.clone()));
        }
    }

    /// What was not used for longest goes first.
    fn make_room(&mut self) {
        while self.bytes > BYTES_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(question) = oldest.map(|(question, _)| *question) else { return };
            if let Some(gone) = self.entries.remove(&question) {
                self.bytes -= gone.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::query::{Filter, Mode};

    fn of(done: i64) -> Revision {
        Revision { writers: 1, done, last: String::new() }
    }

    fn answer(bytes: usize) -> Spelled {
        Spelled { words: "x".repeat(bytes), corrections: Vec::new() }
    }

    fn asked(words: &str) -> Question {
        Question::spelling(words)
    }

    #[test]
    fn an_answer_is_kept_for_its_revision_only() {
        let cache = QueryCache::default();
        cache.keep(&of(1), asked("a"), &answer(5));
        assert_eq!(cache.find(&of(1), asked("a")), Some(answer(5)));
        assert_eq!(cache.find(&of(1), asked("b")), None);
        assert_eq!(cache.find(&of(2), asked("a")), None);
        assert_eq!(cache.find(&of(1), asked("a")), None, "a revision does not come back");
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let cache = QueryCache::default();
        let part = BYTES_MAX / ANSWER_PART - ENTRY_BYTES;
        for words in ["a", "b", "c", "d"] {
            cache.keep(&of(1), asked(words), &answer(part));
        }
        assert!(cache.find(&of(1), asked("a")).is_some());
        cache.keep(&of(1), asked("e"), &answer(part));
        let kept =
            ["a", "b", "c", "d", "e"].map(|words| cache.find(&of(1), asked(words)).is_some());
        assert_eq!(kept, [true, false, true, true, true]);
        assert!(cache.kept().bytes <= BYTES_MAX);
        cache.keep(&of(1), asked("f"), &answer(part + 1));
        assert_eq!(
            cache.find(&of(1), asked("f")),
            None,
            "one answer must not take the place of all"
        );
    }

    #[test]
    fn every_part_of_a_query_tells_it_apart() {
        let base = Query {
            mode: Mode::Hybrid,
            words: "a".to_owned(),
            vector: Some(vec![1.0, 0.0]),
            k: 3,
            filter: Filter::default(),
        };
        let filter = |domain: &str| Filter { domain: Some(domain.to_owned()), ..Filter::default() };
        let others = [
            Query { mode: Mode::Semantic, ..base.clone() },
            Query { words: "b".to_owned(), ..base.clone() },
            Query { vector: None, ..base.clone() },
            Query { vector: Some(vec![1.0, -0.0]), ..base.clone() },
            Query { vector: Some(Vec::new()), ..base.clone() },
            Query { k: 4, ..base.clone() },
            Query { filter: filter("d"), ..base.clone() },
            Query {
                filter: Filter { category: filter("d").domain, ..Filter::default() },
                ..base.clone()
            },
        ];
        let mut seen = vec![Question::search(&base)];
        for other in others {
            let question = Question::search(&other);
            assert!(!seen.contains(&question), "{other:?}");
            seen.push(question);
        }
        assert_eq!(Question::search(&base), seen[0]);
    }
}
