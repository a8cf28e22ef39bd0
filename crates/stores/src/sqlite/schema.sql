-- One SQLite file: rows, vectors, full text, search codes and the ledger.
--
-- Made in one transaction, so that a file either holds all of this or nothing. Chunks belong to a document
-- and one of its versions; only the version that `document.version` names is visible.

CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE run(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  started INTEGER NOT NULL,                  -- seconds since 1970
  ended INTEGER,
  result TEXT
) STRICT;

-- The gate of a file: while size and times match, it is not opened.
CREATE TABLE file(
  source INTEGER NOT NULL,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,                     -- -1: the gate is taken, the next run opens the file
  modified_ns INTEGER NOT NULL,
  pipeline BLOB NOT NULL,
  labelling BLOB NOT NULL,
  documents INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  run INTEGER NOT NULL,                      -- that wrote this row; documents last seen before it are stale
  PRIMARY KEY(source, name)
) STRICT, WITHOUT ROWID;

-- A domain and category. Never deleted, so that a revision is never given twice.
CREATE TABLE pair(
  id INTEGER PRIMARY KEY,
  domain TEXT NOT NULL,
  category TEXT NOT NULL,
  revision INTEGER NOT NULL,
  UNIQUE(domain, category)
) STRICT;

CREATE TABLE document(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL,
  file TEXT NOT NULL,
  name TEXT NOT NULL,
  fence INTEGER NOT NULL DEFAULT 0,          -- raised by every version and every claim
  last_run INTEGER NOT NULL,                 -- that wrote or saw it
  version INTEGER NOT NULL DEFAULT 0,        -- the head; 0: nothing is visible
  content BLOB,                              -- of the head; zeros: the gate is taken
  pipeline BLOB,
  chunks INTEGER NOT NULL DEFAULT 0,         -- rows of the head
  total INTEGER NOT NULL DEFAULT 0,          -- sequence numbers of the head, refused ones included
  without_vector INTEGER NOT NULL DEFAULT 0, -- rows of the head that have no vector
  title TEXT,
  label INTEGER,                             -- pair of the head
  own_domain TEXT,
  own_category TEXT,
  mixed INTEGER NOT NULL DEFAULT 0,          -- some chunk of the head has a label of its own
  metadata TEXT NOT NULL DEFAULT '',
  warnings TEXT NOT NULL DEFAULT '[]',
  check_sum INTEGER NOT NULL DEFAULT 0,      -- of title, metadata and warnings
  open_version INTEGER,                      -- the version being written
  open_content BLOB,
  open_pipeline BLOB,
  open_cursor INTEGER NOT NULL DEFAULT 0,    -- its next sequence number
  open_chunks INTEGER NOT NULL DEFAULT 0,
  open_without_vector INTEGER NOT NULL DEFAULT 0,
  open_mixed INTEGER NOT NULL DEFAULT 0,
  failed_content BLOB,
  failed_pipeline BLOB,
  attempts INTEGER NOT NULL DEFAULT 0,       -- versions begun and failures
  failures INTEGER NOT NULL DEFAULT 0,       -- since the last head
  state INTEGER NOT NULL DEFAULT 0,          -- 0 ready, 1 leased, 2 done, 3 retry, 4 dead
  not_before INTEGER NOT NULL DEFAULT 0,     -- of a retry, in seconds since 1970
  crashes INTEGER NOT NULL DEFAULT 0,        -- leases that ended without a word, since the last head
  lease_owner INTEGER,                       -- the run that writes the open version
  lease_until INTEGER,
  UNIQUE(source, name)
) STRICT;

CREATE INDEX document_lease ON document(lease_until) WHERE lease_until IS NOT NULL;

CREATE INDEX document_file ON document(source, file, name);

-- Which documents have visible chunks in a pair, in the order of consolidated files.
CREATE TABLE document_pair(
  pair INTEGER NOT NULL,
  name TEXT NOT NULL,
  document INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  PRIMARY KEY(pair, name, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_pair_document ON document_pair(document);

-- The unique constraint is the only secondary index: an index over random ids costs three times the row.
CREATE TABLE chunk(
  id INTEGER PRIMARY KEY AUTOINCREMENT,      -- row of vector, full text and codes; never given twice
  document INTEGER NOT NULL,
  version INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  uuid BLOB NOT NULL,
  text_hash BLOB NOT NULL,
  tokens INTEGER NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  page INTEGER,
  weight REAL NOT NULL,
  pair INTEGER,                              -- none: the document's label
  own_domain TEXT,
  own_category TEXT,
  chapter TEXT,
  section TEXT,
  metadata TEXT NOT NULL,
  check_sum INTEGER NOT NULL DEFAULT 0,      -- of all but the pair; of the text through its hash
  text TEXT NOT NULL,
  UNIQUE(document, version, seq)
) STRICT;

-- A chunk that the model knows nothing of has no row here. Document and text are named once more, so that a
-- vector whose chunk got lost is not paid for again.
CREATE TABLE vector(
  chunk INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  check_sum INTEGER NOT NULL,                -- of v
  v BLOB NOT NULL                            -- f32, little-endian
) STRICT;

-- Vectors of the model that the store migrates to, and chunks that it knows nothing of. The switch gives the first
-- table the name of the one above.
CREATE TABLE next_vector(
  chunk INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  check_sum INTEGER NOT NULL,
  v BLOB NOT NULL
) STRICT;

CREATE TABLE next_absent(
  chunk INTEGER PRIMARY KEY
) STRICT;

-- Vectors that a repair found without their chunks; they go when their document is written again.
CREATE TABLE rescued(
  document INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  PRIMARY KEY(document, chunk)
) STRICT, WITHOUT ROWID;

-- No triggers: the writer inserts itself, which costs half as much.
CREATE VIRTUAL TABLE fts USING fts5(
  text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);

-- The words of the full text with the number of chunks they stand in; stores nothing.
CREATE VIRTUAL TABLE word USING fts5vocab(fts, row);

-- int8 codes of vectors for the exhaustive scan, one block per transaction. Rows of chunks that have gone
-- stay until the blocks are compacted.
CREATE TABLE code(
  block INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given twice: a block in memory stays what it was
  n INTEGER NOT NULL,
  chunks BLOB NOT NULL,                      -- i64, little-endian
  data BLOB NOT NULL
) STRICT;

CREATE TABLE dead_letter(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL,
  file TEXT NOT NULL,
  document TEXT NOT NULL,
  chunk INTEGER NOT NULL,                    -- sequence number; -1: the whole document
  version INTEGER NOT NULL,                  -- that the chunk belongs to
  content BLOB NOT NULL,
  pipeline BLOB NOT NULL,
  class TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_at INTEGER NOT NULL,                 -- seconds since 1970
  last_at INTEGER NOT NULL,
  UNIQUE(source, document, chunk)
) STRICT;

CREATE INDEX dead_letter_file ON dead_letter(source, file);

-- Versions whose rows the sweep removes.
CREATE TABLE dropped(
  document INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY(document, version)
) STRICT, WITHOUT ROWID;

-- Kept by every transaction, so that counting does not read the store.
CREATE TABLE total(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  files INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  without_vector INTEGER NOT NULL,
  open INTEGER NOT NULL
) STRICT;

INSERT INTO total VALUES(1, 0, 0, 0, 0, 0);
