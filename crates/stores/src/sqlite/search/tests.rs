use super::*;
use crate::search::words::index_text;
use types::query::Filter;
use types::seam::StoreErrorKind;

const OWN: super::Shelf = super::Shelf::Own;

/// A file's tables without the writer: each test makes the rows that it is about.
struct Shelf {
    conn: Connection,
    mirror: CodeMirror,
}

const DIMS: usize = 8;

impl Shelf {
    fn new() -> Self {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../schema.sql")).unwrap();
        Self { conn, mirror: CodeMirror::default() }
    }

    fn pair(&self, domain: &str, category: &str) -> i64 {
        self.conn
            .execute(
                "INSERT OR IGNORE INTO pair(domain, category, revision) VALUES(?1, ?2, 0)",
                [domain, category],
            )
            .unwrap();
        self.conn
            .query_row(
                "SELECT id FROM pair WHERE domain = ?1 AND category = ?2",
                [domain, category],
                |row| row.get(0),
            )
            .unwrap()
    }

    /// A document whose head is version 1.
    fn document(&self, name: &str, domain: &str, category: &str) -> i64 {
        let pair = self.pair(domain, category);
        self.conn
            .execute(
                "INSERT INTO document(source, file, name, last_run, version, title, label)
                 VALUES(1, ?1, ?1, 1, 1, 'A title', ?2)",
                (name, pair),
            )
            .unwrap();
        let document = self.conn.last_insert_rowid();
        self.enter(document, pair);
        document
    }

    fn enter(&self, document: i64, pair: i64) {
        self.conn
            .execute(
                "INSERT INTO document_pair(pair, name, document, chunks)
                 SELECT ?2, name, id, 1 FROM document WHERE id = ?1",
                [document, pair],
            )
            .unwrap();
    }

    /// Gives a chunk a label of its own.
    fn label(&self, document: i64, chunk: i64, (domain, category): (&str, &str)) {
        let pair = self.pair(domain, category);
        self.conn.execute("UPDATE chunk SET pair = ?1 WHERE id = ?2", [pair, chunk]).unwrap();
        self.conn.execute("UPDATE document SET mixed = 1 WHERE id = ?1", [document]).unwrap();
        self.enter(document, pair);
    }

    /// A chunk of version 1.
    fn chunk(&self, document: i64, text: &str, vector: Option<Vec<f32>>) -> i64 {
        self.conn
            .execute(
                "INSERT INTO chunk(document, version, seq, uuid, text_hash, tokens, start, \"end\", page,
                   weight, section, metadata, text)
                 VALUES(?1, 1, (SELECT coalesce(max(seq) + 1, 0) FROM chunk WHERE document = ?1), zeroblob(16),
                   zeroblob(16), 1, 0, 1, 7, 1.0, 'A section', '', ?2)",
                (document, text),
            )
            .unwrap();
        let id = self.conn.last_insert_rowid();
        let row = (id, index_text(text));
        self.conn.execute("INSERT INTO fts(rowid, text) VALUES(?1, ?2)", row).unwrap();
        if let Some(vector) = vector {
            self.conn
                .execute("INSERT INTO vector(chunk, document, text_hash, check_sum, v) VALUES(?1, ?2, zeroblob(16), 0, ?3)", (id, document, crate::sqlite::vectors::encode(&vector)))
                .unwrap();
            write_codes(&self.conn, OWN, &[(id, &vector)]).unwrap();
        }
        id
    }

    /// As a sweep does: full text and codes may keep what has gone.
    fn remove(&self, chunk: i64) {
        for sql in ["DELETE FROM chunk WHERE id = ?1", "DELETE FROM vector WHERE chunk = ?1"] {
            self.conn.execute(sql, [chunk]).unwrap();
        }
    }

    fn search(&self, query: &Query) -> Vec<Hit> {
        search(&self.conn, &self.mirror, query, &[]).map_err(told).unwrap()
    }

    fn texts(&self, query: &Query) -> Vec<String> {
        self.search(query).into_iter().map(|hit| hit.text).collect()
    }

    fn blocks(&self) -> Vec<(i64, usize)> {
        let mut statement = self.conn.prepare("SELECT block, n FROM code ORDER BY block").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

fn told(cause: super::super::error::Cause) -> types::seam::StoreError {
    cause.at(std::path::Path::new("kb.db"))
}

/// Turned by `degrees` from the first axis towards another.
fn at(degrees: f32, axis: usize) -> Vec<f32> {
    let mut vector = vec![0.0; DIMS];
    vector[0] = degrees.to_radians().cos();
    vector[axis] = degrees.to_radians().sin();
    vector
}

fn query(mode: Mode, words: &str, vector: Option<Vec<f32>>, k: usize) -> Query {
    Query { mode, words: words.to_owned(), vector, k, filter: Filter::default() }
}

fn near(k: usize) -> Query {
    query(Mode::Semantic, "", Some(at(0.0, 1)), k)
}

#[test]
fn a_hit_shows_where_it_stands_and_its_cosine() {
    let shelf = Shelf::new();
    let document = shelf.document("books/a.md", "law", "contracts");
    shelf.chunk(document, "far", Some(at(80.0, 2)));
    let double = at(60.0, 1).iter().map(|v| v * 2.0).collect();
    shelf.chunk(document, "near", Some(double));
    let hits = shelf.search(&near(10));
    assert_eq!(hits.len(), 2);
    let first = &hits[0];
    assert!((first.score - 0.5).abs() < 1e-6, "{}", first.score);
    assert_eq!((first.text.as_str(), first.document.as_str()), ("near", "books/a.md"));
    assert_eq!((first.domain.as_str(), first.category.as_str()), ("law", "contracts"));
    assert_eq!(first.title.as_deref(), Some("A title"));
    assert_eq!((first.section.as_deref(), first.page), (Some("A section"), Some(7)));
}

#[test]
fn each_mode_asks_its_own_list() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "apples and pears", Some(at(50.0, 1)));
    shelf.chunk(document, "plums", Some(at(5.0, 1)));
    shelf.chunk(document, "apples without a vector", None);
    let vector = Some(at(0.0, 1));
    let cases = [
        (Mode::Semantic, vector.clone(), vec!["plums", "apples and pears"]),
        (Mode::Semantic, None, vec![]),
        (Mode::Keyword, vector.clone(), vec!["apples and pears", "apples without a vector"]),
        (Mode::Hybrid, vector, vec!["apples and pears", "plums", "apples without a vector"]),
        (Mode::Hybrid, None, vec!["apples and pears", "apples without a vector"]),
    ];
    for (mode, vector, expected) in cases {
        let query = query(mode, "Apples!", vector, 10);
        assert_eq!(shelf.texts(&query), expected, "{query:?}");
    }
    assert!(shelf.search(&near(0)).is_empty());
    assert!(shelf.search(&query(Mode::Keyword, "\" * ( NEAR", None, 5)).is_empty());
    assert!(shelf.search(&query(Mode::Semantic, "", Some(vec![0.0; DIMS]), 5)).is_empty());
}

#[test]
fn keyword_scores_fall_and_are_positive() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    for text in ["quince", "quince tart with other things", "bread", "cheese", "wine"] {
        shelf.chunk(document, text, None);
    }
    let hits = shelf.search(&query(Mode::Keyword, "quince", None, 5));
    assert_eq!(hits[0].text, "quince");
    assert!(hits[0].score > hits[1].score && hits[1].score > 0.0);
}

#[test]
fn filters_hold_exactly() {
    let shelf = Shelf::new();
    for (name, domain, category) in [
        ("books/a.md", "law", "contracts"),
        ("books/b.txt", "law", "torts"),
        ("notes/c.md", "physics", "contracts"),
    ] {
        let document = shelf.document(name, domain, category);
        shelf.chunk(document, &format!("pear {name}"), Some(at(10.0, 1)));
    }
    let mixed = shelf.document("notes/mixed.md", "physics", "optics");
    shelf.chunk(mixed, "pear mixed", Some(at(20.0, 1)));
    let own = shelf.chunk(mixed, "pear own label", Some(at(30.0, 1)));
    shelf.label(mixed, own, ("law", "own"));
    let law = ["pear books/a.md", "pear books/b.txt", "pear own label"];
    let cases = [
        (Some("law"), None, None, &law[..]),
        (Some("law"), Some("torts"), None, &["pear books/b.txt"]),
        (None, Some("contracts"), None, &["pear books/a.md", "pear notes/c.md"]),
        (
            None,
            None,
            Some("*.md"),
            &["pear books/a.md", "pear notes/c.md", "pear mixed", "pear own label"],
        ),
        (Some("physics"), None, Some("notes/{mixed,x}*"), &["pear mixed"]),
        (Some("nowhere"), None, None, &[]),
        (None, None, Some("[!b]*.txt"), &[]),
    ];
    for (domain, category, document, expected) in cases {
        let filter = Filter {
            domain: domain.map(str::to_owned),
            category: category.map(str::to_owned),
            document: document.map(str::to_owned),
        };
        for mode in [Mode::Semantic, Mode::Keyword, Mode::Hybrid] {
            let query =
                Query { filter: filter.clone(), ..query(mode, "pear", Some(at(0.0, 1)), 9) };
            let mut found = shelf.texts(&query);
            let mut expected = expected.to_vec();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{query:?}");
        }
    }
}

/// More than the widest scan of candidates takes.
const CROWD: usize = 2500;

/// Fills the store with chunks nearer than all that a test asks for.
fn crowd(shelf: &Shelf) -> i64 {
    let document = shelf.document("crowd.md", "crowd", "c");
    for i in 0..CROWD {
        shelf.chunk(document, "crowd", Some(at(i as f32 / CROWD as f32, 2)));
    }
    document
}

#[test]
fn what_a_narrow_filter_wants_is_found_behind_a_crowd() {
    let shelf = Shelf::new();
    let few = shelf.document("few.md", "few", "c");
    let own = shelf.document("own.md", "other", "c");
    for i in 0..3 {
        shelf.chunk(few, &format!("few {i}"), Some(at(30.0 + i as f32, 1)));
        let chunk = shelf.chunk(own, &format!("own {i}"), Some(at(33.0 + i as f32, 1)));
        if i == 1 {
            shelf.label(own, chunk, ("few", "c"));
        }
    }
    crowd(&shelf);
    let by = |filter| shelf.texts(&Query { filter, ..near(10) });
    let domain = Filter { domain: Some("few".to_owned()), ..Filter::default() };
    assert_eq!(by(domain), ["few 0", "few 1", "few 2", "own 1"]);
    let glob = Filter { document: Some("f*".to_owned()), ..Filter::default() };
    assert_eq!(by(glob), ["few 0", "few 1", "few 2"]);
}

#[test]
fn the_living_are_found_behind_a_crowd_of_the_dead() {
    let shelf = Shelf::new();
    let living = shelf.document("living.md", "d", "c");
    for i in 0..60 {
        shelf.chunk(living, &format!("living {i}"), Some(at(30.0 + i as f32 / 2.0, 1)));
    }
    let crowd = crowd(&shelf);
    shelf.conn.execute("UPDATE document SET version = 2 WHERE id = ?1", [crowd]).unwrap();
    let expected: Vec<String> = (0..50).map(|i| format!("living {i}")).collect();
    assert_eq!(shelf.texts(&near(50)), expected, "another version is the head");
    for chunk in 1..=(60 + CROWD as i64) {
        if chunk > 60 {
            shelf.remove(chunk);
        }
    }
    assert_eq!(shelf.texts(&near(50)), expected, "rows are gone");
    let words = query(Mode::Keyword, "crowd living", None, 70);
    assert_eq!(shelf.texts(&words).len(), 60);
    let crowded = query(Mode::Keyword, "crowd", None, 70);
    assert!(shelf.texts(&crowded).is_empty());
}

#[test]
fn a_version_that_is_being_written_is_not_found() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "pear", Some(at(0.0, 1)));
    shelf.conn.execute("UPDATE document SET version = 0", []).unwrap();
    assert!(shelf.search(&query(Mode::Hybrid, "pear", Some(at(0.0, 1)), 5)).is_empty());
}

#[test]
fn equals_come_in_the_order_in_which_they_were_written() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    for i in 0..120 {
        shelf.chunk(document, &format!("same n{i}"), Some(at(25.0, 1)));
    }
    let expected: Vec<String> = (0..10).map(|i| format!("same n{i}")).collect();
    for mode in [Mode::Semantic, Mode::Keyword, Mode::Hybrid] {
        let query = query(mode, "same", Some(at(0.0, 1)), 10);
        assert_eq!(shelf.texts(&query), expected, "{mode:?}");
    }
}

#[test]
fn memory_and_file_give_the_same_after_every_change() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    let mut chunks = Vec::new();
    let same = |what: &str| {
        let mirrored = shelf.search(&near(30));
        let fresh = CodeMirror::default();
        assert_eq!(
            mirrored,
            search(&shelf.conn, &fresh, &near(30), &[]).map_err(told).unwrap(),
            "{what}"
        );
        mirrored.len()
    };
    for i in 0..40 {
        chunks.push(shelf.chunk(document, &format!("c{i}"), Some(at(i as f32, 1))));
        assert_eq!(same("a new chunk"), (i + 1).min(30));
    }
    for chunk in &chunks[..20] {
        shelf.remove(*chunk);
    }
    assert_eq!(same("removed chunks"), 20);
    while compact_codes(&shelf.conn).map_err(told).unwrap() {}
    assert_eq!(same("merged blocks"), 20);
    shelf.chunk(document, "after", Some(at(0.0, 1)));
    assert_eq!(same("a new block after merging"), 21);
    rebuild_codes(&shelf.conn, OWN).map_err(told).unwrap();
    assert_eq!(same("blocks made anew"), 21);
}

#[test]
fn small_blocks_are_merged_and_the_dead_dropped() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    let chunks: Vec<i64> = (0..5000)
        .map(|i| shelf.chunk(document, "c", Some(at(i as f32 / 100.0, 1 + i % 7))))
        .collect();
    let before = shelf.texts(&near(20));
    assert_eq!(shelf.blocks().len(), 5000);
    while compact_codes(&shelf.conn).map_err(told).unwrap() {}
    let merged = shelf.blocks();
    assert_eq!(merged.iter().map(|(_, n)| n).sum::<usize>(), 5000);
    assert!(merged.len() <= 3, "{merged:?}");
    assert!(merged.iter().all(|(block, _)| *block > 5000), "a number was given twice: {merged:?}");
    assert_eq!(shelf.texts(&near(20)), before);
    for chunk in &chunks[..4000] {
        shelf.remove(*chunk);
    }
    while compact_codes(&shelf.conn).map_err(told).unwrap() {}
    assert_eq!(shelf.blocks().iter().map(|(_, n)| n).sum::<usize>(), 1000);
}

#[test]
fn a_vector_of_another_model_is_refused() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "c", Some(at(0.0, 1)));
    for _ in 0..2 {
        let other = query(Mode::Semantic, "", Some(vec![1.0; DIMS + 1]), 5);
        let error = told(search(&shelf.conn, &shelf.mirror, &other, &[]).err().unwrap());
        assert_eq!(error.kind, StoreErrorKind::OtherModel);
    }
}

#[test]
fn damaged_codes_are_named() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "c", Some(at(0.0, 1)));
    shelf.conn.execute("UPDATE code SET data = x'00ff'", []).unwrap();
    for _ in 0..2 {
        let error = told(search(&shelf.conn, &shelf.mirror, &near(5), &[]).err().unwrap());
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{error}");
    }
}

#[test]
fn a_broken_glob_says_so() {
    let shelf = Shelf::new();
    let filter = Filter { document: Some("a[".to_owned()), ..Filter::default() };
    let error =
        told(search(&shelf.conn, &shelf.mirror, &Query { filter, ..near(5) }, &[]).err().unwrap());
    assert!(error.message.contains("document names"), "{error}");
}

#[test]
fn unknown_words_become_near_known_ones() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "We receive the government's résumé from the café", None);
    shelf.chunk(document, "house hose horse houses receive", None);
    shelf.chunk(document, "мягкие булки, ποδήλατο, bookkeeping, from form", None);
    for (typed, words, corrections) in [
        ("recieve", "receive", 1),
        ("please recieve it", "please receive it", 1),
        ("Recieve the goverment RESUME", "receive the government RESUME", 2),
        ("from form", "from form", 0),
        ("hosue", "house", 1),
        ("hxuse", "house", 1),
        ("housse", "houses", 1),
        ("hosse", "horse hose house", 1),
        ("мягике", "мягкие", 1),
        ("ποδήλαοτ", "ποδήλατο", 1),
        ("bokokeepnig", "bookkeeping", 1),
        ("bokokepnig", "bokokepnig", 0),
        ("hsoe", "hose", 1),
        ("teh", "teh", 0),
        ("zzzzzz qqqq 東京都市", "zzzzzz qqqq 東京都市", 0),
        ("“the hxuse” recieve", "\"the house\" receive", 2),
        ("", "", 0),
    ] {
        let spelled = spell(&shelf.conn, typed).map_err(told).unwrap();
        assert_eq!(spelled.words, words, "{typed}");
        assert_eq!(spelled.corrections.len(), corrections, "{typed}");
    }
    let spelled = spell(&shelf.conn, "the Hosse").map_err(told).unwrap();
    assert_eq!(spelled.corrections[0].typed, "Hosse");
    assert_eq!(spelled.corrections[0].taken, ["horse", "hose", "house"]);
}

#[test]
fn of_a_pasted_text_only_the_beginning_is_mended() {
    let shelf = Shelf::new();
    let document = shelf.document("a.md", "d", "c");
    shelf.chunk(document, "receive", None);
    let spelled = spell(&shelf.conn, &"recieve ".repeat(1000)).map_err(told).unwrap();
    assert_eq!(spelled.corrections.len(), 64);
    assert!(spelled.words.starts_with("receive ") && spelled.words.ends_with("recieve "));
}
