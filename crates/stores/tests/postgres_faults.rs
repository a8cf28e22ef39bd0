//! Connections that are cut at any byte, writers that are killed, servers that crash: in the end the store holds
//! what an undisturbed run leaves, and no document was written twice.
//!
//! A program of its own instead of a test function, so that it can be started again as the writer. The test
//! command runs some of each; `cargo test -p gristmill-stores --test postgres_faults -- --documents 2000 --cuts
//! 500 --kills 500` runs as many as are claimed.
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "the writer tells what is durable; cargo shows the result"
)]

use postgres_server::{Cut, Direction, Pooler, Proxy, Release, Server};
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow::Continue;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use stores::{Access, FullText, PostgresStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Entry, Finish, Segment, SourceId, VersionKey};
use types::record::{Chunk, Record, Vector};
use types::seam::{EntryVectors, Repair, Store as _, StoreError};

const DIMENSIONS: usize = 32;
/// A server that comes back is waited for so long.
const PATIENCE: Duration = Duration::from_mins(2);
/// Crashes of the server in one run.
const CRASHES: usize = 3;
/// Chunks of one segment at most.
const SEGMENT: usize = 40;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Plan {
    documents: usize,
    cuts: usize,
    kills: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, url, documents] = &arguments[..]
        && flag == "--write"
    {
        write_as_child(url, documents.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let plan = Plan {
        documents: number(&arguments, "--documents").unwrap_or(150),
        cuts: number(&arguments, "--cuts").unwrap_or(60),
        kills: number(&arguments, "--kills").unwrap_or(20),
    };
    let mut server = Server::start(Release::Sixteen, &[]);
    let expected = undisturbed(&server, plan);
    cut_connections(&server, plan, &expected);
    cut_everywhere(&server);
    kill_writers(&server, plan, &expected);
    end_backends(&server, plan, &expected);
    behind_a_pooler(&server, plan, &expected);
    crash_the_server(&mut server, plan, &expected);
    ExitCode::SUCCESS
}

fn number(arguments: &[String], flag: &str) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    Some(arguments.get(at + 1)?.parse().unwrap())
}

/// Pairs, entries and vectors of a store.
type Content = Vec<(Label, Vec<Entry>)>;

fn undisturbed(server: &Server, plan: Plan) -> Content {
    let store = open(&server.url(&server.database()), Access::Create);
    write(&store, plan.documents, &mut |_| ());
    content(&store)
}

/// One store, whose connections are cut again and again, at offsets that run through all parts of a transaction.
fn cut_connections(server: &Server, plan: Plan, expected: &Content) {
    let proxy = Proxy::start(server.port());
    let database = server.database();
    let store = open(&server.url_through(proxy.port(), &database), Access::Create);
    store.wait_in_writing(PATIENCE).unwrap();
    let _right = store.lock_for_writing(Duration::ZERO).unwrap();
    let mut random = Random(11);
    let mut round = 0;
    while proxy.cuts() < plan.cuts {
        round += 1;
        if round > 1 {
            // Everything is there: the next round writes it anew.
            let source = store.source("/books").unwrap();
            for name in 0..plan.documents {
                let document = store.document(source, &format!("{name}.md")).unwrap().unwrap().id;
                store.apply(&[Change::Remove { document }]).unwrap();
            }
        }
        write(&store, plan.documents, &mut |_| {
            if !proxy.is_armed() && proxy.cuts() < plan.cuts {
                let direction =
                    [Direction::ToServer, Direction::ToClient][random.below(2) as usize];
                let most = if direction == Direction::ToServer { 60_000 } else { 4_000 };
                proxy.cut(Cut { direction, after: 1 + random.below(most) });
            }
        });
    }
    check(server, &database, &store, expected);
    println!("{} connections cut in {round} rounds, nothing lost, nothing doubled", proxy.cuts());
}

/// One transaction, cut at the first byte, a little later, and so on until it meets no cut: among these places are
/// a COMMIT that was sent and never answered, and one that never arrived.
fn cut_everywhere(server: &Server) {
    let proxy = Proxy::start(server.port());
    let database = server.database();
    let store = open(&server.url_through(proxy.port(), &database), Access::Create);
    store.wait_in_writing(PATIENCE).unwrap();
    let source = store.source("/books").unwrap();
    let mut number = 0;
    for (direction, step) in [(Direction::ToClient, 23), (Direction::ToServer, 401)] {
        let mut after = 1;
        loop {
            let name = format!("{number}.md");
            proxy.cut(Cut { direction, after });
            let applied = store.apply(&[segment(source, number, 0..chunks(number))]).unwrap();
            assert_eq!(applied[0].written as usize, chunks(number), "cut after {after}");
            let met = !proxy.is_armed();
            proxy.disarm();
            let state = store.document(source, &name).unwrap().unwrap();
            assert_eq!((state.head, state.chunks as usize), (Some(key(number)), chunks(number)));
            // The same amount of work for every place.
            number += 100;
            if !met {
                break;
            }
            after += step;
        }
        println!("cut at every {step} bytes {direction:?}, of {after}");
    }
    assert_eq!(store.verify(Repair::No).unwrap(), []);
    let twice = "SELECT count(*) FROM gristmill.document WHERE fence<>1";
    assert_eq!(server.sql(&database, twice), "0", "a document was written twice");
}

/// Writers that are killed, each going on where the last one was.
fn kill_writers(server: &Server, plan: Plan, expected: &Content) {
    let database = server.database();
    let url = server.url(&database);
    drop(open(&url, Access::Create));
    let mut random = Random(23);
    let (mut kills, mut rounds) = (0, 0);
    while kills < plan.kills || rounds == 0 {
        rounds += 1;
        if rounds > 1 {
            server.sql(&database, "DROP SCHEMA gristmill CASCADE");
            drop(open(&url, Access::Create));
        }
        let most = (2 * plan.documents / plan.kills.max(1)).max(2) as u64;
        while !write_until_killed(
            &url,
            plan.documents,
            (kills < plan.kills).then(|| random.below(most)),
        ) {
            kills += 1;
        }
    }
    let store = open(&url, Access::Write);
    check(server, &database, &store, expected);
    println!("{kills} writers killed in {rounds} rounds, nothing lost, nothing doubled");
}

/// True when the writer came to its end before it had told of so many documents.
fn write_until_killed(url: &str, documents: usize, told: Option<u64>) -> bool {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--write", url, &documents.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    if let Some(told) = told {
        // Its first line says that it has begun.
        for _ in 0..=told {
            let Some(line) = lines.next() else { break };
            line.unwrap();
        }
        writer.kill().unwrap();
    } else {
        lines.by_ref().for_each(drop);
    }
    writer.wait().unwrap().success()
}

fn write_as_child(url: &str, documents: usize) {
    let store = open(url, Access::Create);
    let _right = store.lock_for_writing(Duration::from_secs(20)).unwrap();
    let mut tell = |number: usize| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{number}").unwrap();
        out.flush().unwrap();
    };
    tell(0);
    write(&store, documents, &mut tell);
}

/// An administrator ends all of the store's backends, over and over.
fn end_backends(server: &Server, plan: Plan, expected: &Content) {
    let database = server.database();
    let store = open(&server.url(&database), Access::Create);
    store.wait_in_writing(PATIENCE).unwrap();
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname='{database}'
           AND application_name LIKE 'gristmill%'"
    );
    let mut ended = 0;
    let every = (plan.documents / 10).max(1);
    write(&store, plan.documents, &mut |number| {
        if number.is_multiple_of(every) {
            ended += server.sql("postgres", &end).parse::<usize>().unwrap();
        }
    });
    assert!(ended > 0);
    check(server, &database, &store, expected);
    println!("{ended} backends ended, nothing lost, nothing doubled");
}

/// Every transaction may get another connection, and its lock none.
fn behind_a_pooler(server: &Server, plan: Plan, expected: &Content) {
    let Some(pooler) = Pooler::start(server) else {
        println!(
            "NOT RUN: there is no pgbouncer on the path, so nothing was tested behind a real pooler \
             (Debian: apt-get install pgbouncer)"
        );
        return;
    };
    let database = server.database();
    let url = format!("{}?pgbouncer=true", server.url_through(pooler.port(), &database));
    let store = open(&url, Access::Create);
    let _right = store.lock_for_writing(Duration::ZERO).unwrap();
    write(&store, plan.documents, &mut |_| ());
    check(server, &database, &store, expected);
    println!("{} documents through PgBouncer in transaction mode", plan.documents);
}

/// The server dies while rows are on their way, and comes back.
fn crash_the_server(server: &mut Server, plan: Plan, expected: &Content) {
    let database = server.database();
    let url = server.url(&database);
    let (tell, told) = std::sync::mpsc::sync_channel(0);
    let documents = plan.documents;
    let writer = std::thread::spawn(move || {
        let store = open(&url, Access::Create);
        store.wait_in_writing(PATIENCE).unwrap();
        write(&store, documents, &mut |number| {
            // Nobody listens any more after the last crash.
            tell.send(number).unwrap_or(());
        });
        store
    });
    for crash in 1..=CRASHES {
        let at = crash * documents / (CRASHES + 1);
        assert!(told.iter().any(|number| number >= at));
        server.kill();
        server.start_again();
    }
    drop(told);
    let store = writer.join().unwrap();
    check(server, &database, &store, expected);
    println!("{CRASHES} crashes of the server, nothing lost, nothing doubled");
}

fn check(server: &Server, database: &str, store: &PostgresStore, expected: &Content) {
    assert_eq!(store.verify(Repair::No).unwrap(), []);
    let found = content(store);
    assert_eq!(found.len(), expected.len());
    for ((label, entries), (other, others)) in found.iter().zip(expected) {
        assert_eq!((label, entries.len()), (other, others.len()));
        for (entry, other) in entries.iter().zip(others) {
            assert_eq!(entry, other);
        }
    }
    let twice = "SELECT count(*) FROM gristmill.document WHERE fence<>1";
    assert_eq!(server.sql(database, twice), "0", "a document was written twice");
}

fn content(store: &PostgresStore) -> Content {
    let pairs = store.pairs().unwrap();
    pairs
        .into_iter()
        .map(|pair| {
            let mut entries = Vec::new();
            let mut take = |entry| {
                entries.push(entry);
                Continue(())
            };
            store
                .read_pair(&pair.label, EntryVectors::With, &mut |_, _| Continue(()), &mut take)
                .unwrap();
            (pair.label, entries)
        })
        .collect()
}

fn open(url: &str, access: Access) -> PostgresStore {
    let store = PostgresStore::open(url, access, FullText::On).unwrap();
    store.bind_model(&model()).unwrap();
    store
}

fn model() -> ModelId {
    ModelId { provider: "test".to_owned(), model: String::new(), dimensions: DIMENSIONS }
}

/// Writes what is not there yet; a document that was begun is gone on with. `before` is told the number of each
/// transaction's document.
fn write(store: &PostgresStore, documents: usize, before: &mut dyn FnMut(usize)) {
    let source = store.source("/books").unwrap();
    for number in 0..documents {
        write_document(store, source, number, before).unwrap();
    }
}

fn write_document(
    store: &PostgresStore,
    source: SourceId,
    number: usize,
    before: &mut dyn FnMut(usize),
) -> Result<(), StoreError> {
    let name = format!("{number}.md");
    let state = store.document(source, &name)?;
    let mut at = 0;
    if let Some(state) = state {
        if state.head == Some(key(number)) {
            return Ok(());
        }
        at = state
            .open
            .filter(|(of, _)| *of == key(number))
            .map_or(0, |(_, cursor)| cursor as usize);
    }
    loop {
        before(number);
        let end = (at + SEGMENT).min(chunks(number));
        let applied = store.apply(&[segment(source, number, at..end)])?;
        assert!(!applied[0].lost, "{name}: nobody else writes");
        assert_eq!(applied[0].written, (end - at) as u64);
        if end == chunks(number) {
            return Ok(());
        }
        at = end;
    }
}

fn key(number: usize) -> VersionKey {
    let hash = Hash(*blake3::hash(&number.to_le_bytes()).as_bytes());
    VersionKey { content: hash, pipeline: hash }
}

fn chunks(number: usize) -> usize {
    1 + number * 7 % 100
}

fn segment(source: SourceId, number: usize, range: std::ops::Range<usize>) -> Change {
    let finish = (range.end == chunks(number)).then(|| Finish {
        total: chunks(number) as u32,
        title: Some(number.to_string()),
        label: Label { domain: "d".to_owned(), category: (number % 3).to_string() },
        own: OwnLabel::default(),
        metadata: Metadata::default(),
        warnings: Vec::new(),
    });
    let name = format!("{number}.md");
    Change::Segment(Segment {
        source,
        file: name.clone(),
        name,
        key: key(number),
        run: 1,
        first: range.start as u32,
        records: range.map(|at| record(number, at)).collect(),
        finish,
    })
}

fn record(number: usize, seq: usize) -> Record {
    let text = format!("document {number} chunk {seq} {}", "and more words ".repeat(20));
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let values = hash.iter().map(|byte| f32::from(*byte) + 0.5).collect();
    let chunk = Chunk {
        seq: seq as u32,
        id: hash[16..].try_into().unwrap(),
        text_hash: hash[..16].try_into().unwrap(),
        tokens: 60,
        label: OwnLabel::default(),
        chapter: None,
        section: None,
        page: None,
        span: Span::default(),
        weight: 1.0,
        metadata: Metadata::default(),
        text,
    };
    Record { chunk, vector: Vector::Present(Embedding::new(values, DIMENSIONS).unwrap()) }
}

/// The same offsets in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
