//! One connection: statements, transactions, and copies into tables.

use super::address::{Address, Statements};
use super::copy::CopyRows;
use super::error::{Cause, Outcome};
use super::texts::unescaped;
use super::tls::Private;
use bytes::Bytes;
use futures_util::SinkExt as _;
use pool::Connect;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, CopyInSink, Row, RowStream, Statement};
use types::document::Hash;

/// A value with its type, so that a statement needs no round trip of its own.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// What a transaction may do, and what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads one snapshot.
    Snapshot,
    Write,
}

/// A connection in a known state.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    statements: Statements,
    /// Where our tables are looked for.
    path: String,
    prepared: Mutex<HashMap<String, Statement>>,
    /// Between BEGIN and the end of its transaction.
    open: AtomicBool,
}

impl Session {
    /// Connects; the bytes are moved by `handle`'s runtime.
    pub(crate) async fn open(address: &Address, tls: &Private, handle: &Handle) -> Outcome<Self> {
        let (client, connection) = address.config.connect(tls.clone()).await?;
        handle.spawn(async move {
            // Its error reaches whoever waits for an answer.
            drop(connection.await);
        });
        let session = Self {
            client,
            statements: address.statements,
            path: search_path(&address.schema),
            prepared: Mutex::default(),
            open: AtomicBool::new(false),
        };
        if session.statements == Statements::Named {
            session.client.batch_execute(&format!("SET search_path TO {}", session.path)).await?;
        }
        Ok(session)
    }

    pub(crate) fn is_sound(&self) -> bool {
        !self.client.is_closed() && !self.open.load(Ordering::SeqCst)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(crate) async fn begin(&self, mode: Mode) -> Outcome<()> {
        self.open.store(true, Ordering::SeqCst);
        let begin = match mode {
            Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            // Other writers' commits must be seen by the statements after them.
            // Whether writing is allowed is the server's to say.
            Mode::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        match self.statements {
            Statements::Named => self.batch(begin).await,
            Statements::Unnamed => {
                let path = &self.path;
                self.batch(&format!("{begin}; SET LOCAL search_path TO {path}")).await
            }
        }
    }

    pub(crate) async fn commit(&self) -> Outcome<()> {
        // Answered with ROLLBACK where an error was swallowed, which nobody here does.
        self.batch("COMMIT").await?;
        self.open.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// In one message: a statement without values, and the end of the transaction if it succeeds.
    pub(crate) async fn commit_after(&self, sql: &str) -> Outcome<()> {
        self.batch(&format!("{sql}; COMMIT")).await?;
        self.open.store(false, Ordering::SeqCst);
        Ok(())
    }

    pub(crate) async fn roll_back(&self) -> Outcome<()> {
        self.batch("ROLLBACK").await?;
        self.open.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Several statements without values.
    pub(crate) async fn batch(&self, sql: &str) -> Outcome<()> {
        Ok(self.client.batch_execute(sql).await?)
    }

    pub(crate) async fn rows(&self, sql: &str, params: &[Param<'_>]) -> Outcome<Vec<Row>> {
        match self.statements {
            Statements::Unnamed => Ok(self.client.query_typed(sql, params).await?),
            Statements::Named => {
                let statement = self.statement(sql, params).await?;
                Ok(self.client.query(&statement, &values(params)).await?)
            }
        }
    }

    /// At most one row.
    pub(crate) async fn row(&self, sql: &str, params: &[Param<'_>]) -> Outcome<Option<Row>> {
        Ok(self.rows(sql, params).await?.pop())
    }

    /// A row that is always there.
    pub(crate) async fn one(&self, sql: &str, params: &[Param<'_>]) -> Outcome<Row> {
        let row = self.row(sql, params).await?;
        row.ok_or_else(|| Cause::contract("a statement that always gives a row gave none"))
    }

    /// Rows as they come; never more than a few are held.
    pub(crate) async fn stream(&self, sql: &str, params: &[Param<'_>]) -> Outcome<RowStream> {
        let typed = params.iter().map(|(value, of)| (*value, of.clone()));
        match self.statements {
            Statements::Unnamed => Ok(self.client.query_typed_raw(sql, typed).await?),
            Statements::Named => {
                let statement = self.statement(sql, params).await?;
                Ok(self.client.query_raw(&statement, values(params)).await?)
            }
        }
    }

    /// How many rows it changed.
    pub(crate) async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Outcome<u64> {
        match self.statements {
            Statements::Unnamed => Ok(self.client.execute_typed(sql, params).await?),
            Statements::Named => {
                let statement = self.statement(sql, params).await?;
                Ok(self.client.execute(&statement, &values(params)).await?)
            }
        }
    }

    async fn statement(&self, sql: &str, params: &[Param<'_>]) -> Outcome<Statement> {
        if let Some(known) = self.prepared().get(sql) {
            return Ok(known.clone());
        }
        let types: Vec<Type> = params.iter().map(|(_, of)| of.clone()).collect();
        let statement = self.client.prepare_typed(sql, &types).await?;
        self.prepared().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins `COPY … FROM STDIN (FORMAT binary)`.
    ///
    /// Behind a pooler the statement has a name only within this transaction, which keeps its connection.
    pub(crate) async fn copy(&self, sql: &str) -> Outcome<Copying> {
        let statement = match self.statements {
            Statements::Named => self.statement(sql, &[]).await?,
            Statements::Unnamed => self.client.prepare(sql).await?,
        };
        Ok(Copying(Box::pin(self.client.copy_in(&statement).await?)))
    }
}

/// A COPY that is under way. Whatever else is asked of its session waits for its end; dropped, it takes nothing in.
pub(crate) struct Copying(Pin<Box<CopyInSink<Bytes>>>);

impl std::fmt::Debug for Copying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Copying")
    }
}

impl Copying {
    /// Waits only while the server is far behind.
    pub(crate) async fn send(&mut self, rows: &mut CopyRows) -> Outcome<()> {
        while let Some(piece) = rows.piece() {
            self.0.feed(piece).await?;
        }
        Ok(())
    }

    /// Sends what is left; returns the rows that went in.
    pub(crate) async fn end(mut self, mut rows: CopyRows) -> Outcome<u64> {
        self.send(&mut rows).await?;
        self.0.feed(rows.end()).await?;
        Ok(self.0.as_mut().finish().await?)
    }
}

/// Where extensions are usually put, too: Supabase has a schema of that name.
fn search_path(schema: &str) -> String {
    format!("\"{schema}\", public, extensions")
}

fn values<'a>(params: &[Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|(value, _)| *value).collect()
}

/// How the pool makes and checks sessions.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) address: Address,
    pub(crate) tls: Private,
    pub(crate) handle: Handle,
}

impl Connect for Connector {
    type Connection = Session;
    type Error = Cause;

    async fn connect(&self) -> Outcome<Session> {
        Session::open(&self.address, &self.tls, &self.handle).await
    }

    fn is_sound(&self, session: &Session) -> bool {
        session.is_sound()
    }

    async fn answers(&self, session: &mut Session) -> bool {
        session.client.check_connection().await.is_ok()
    }

    async fn close(&self, session: Session) {
        // The connection says goodbye by itself once nobody can use it.
        drop(session);
    }
}

/// Columns as Rust values; a type that is not ours is an error, not a panic.
pub(crate) trait Columns {
    fn at<'r, T: FromSql<'r>>(&'r self, column: usize) -> Outcome<T>;

    fn text(&self, column: usize) -> Outcome<String> {
        Ok(unescaped(self.at(column)?))
    }

    fn text_or_none(&self, column: usize) -> Outcome<Option<String>> {
        Ok(self.at::<Option<String>>(column)?.map(unescaped))
    }

    fn hash(&self, column: usize) -> Outcome<Hash> {
        let bytes: &[u8] = self.at(column)?;
        Ok(Hash(bytes.try_into().map_err(|_| Cause::damaged("a hash has not 32 bytes"))?))
    }

    /// First 16 bytes of a hash, or an id.
    fn short(&self, column: usize) -> Outcome<[u8; 16]> {
        let bytes: &[u8] = self.at(column)?;
        bytes.try_into().map_err(|_| Cause::damaged("an id or a text's hash has not 16 bytes"))
    }

    /// A count or a position that the table keeps as a larger number.
    fn small(&self, column: usize) -> Outcome<u32> {
        let number: i64 = self.at(column)?;
        u32::try_from(number).map_err(|_| Cause::damaged("a count is out of its range"))
    }
}

impl Columns for Row {
    fn at<'r, T: FromSql<'r>>(&'r self, column: usize) -> Outcome<T> {
        Ok(self.try_get(column)?)
    }
}
