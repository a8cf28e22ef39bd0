-- One schema: rows, vectors, full text and the ledger.
--
-- Chunks belong to a document and one of its versions; only the version that document.version names is visible.
-- Names compare by bytes, as everywhere in gristmill. Vectors stand in a table of their own for each model,
-- which is made when the store is bound to it.

CREATE TABLE meta(
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE source(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE model(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider text NOT NULL,
  model text NOT NULL,
  dimensions bigint NOT NULL,
  fingerprint text NOT NULL DEFAULT '',       -- weights and settings beyond the identity, of one to come
  bound boolean NOT NULL                      -- in use; else the one that the store migrates to
);

-- Chunks that the model to come knows nothing of.
CREATE TABLE absent(
  chunk bigint PRIMARY KEY
);

CREATE TABLE run(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text NOT NULL,
  started bigint NOT NULL,                    -- seconds since 1970
  ended bigint,
  result text
);

-- Who writes, and its last transaction: what answers whether a COMMIT whose reply was lost took place.
CREATE TABLE writer(
  id uuid PRIMARY KEY,
  done bigint NOT NULL,
  seen timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- The gate of a file: while size and times match, it is not opened.
CREATE TABLE file(
  source bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  size bigint NOT NULL,                       -- -1: the gate is taken, the next run opens the file
  modified_ns bigint NOT NULL,
  pipeline bytea NOT NULL,
  labelling bytea NOT NULL,
  documents bigint NOT NULL,
  failed bigint NOT NULL,
  stale bigint NOT NULL,
  run bigint NOT NULL,                        -- that wrote this row; documents last seen before it are stale
  PRIMARY KEY(source, name)
);

-- A domain and category. Never deleted, so that a revision is never given twice.
CREATE TABLE pair(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain text COLLATE "C" NOT NULL,
  category text COLLATE "C" NOT NULL,
  revision bigint NOT NULL DEFAULT 0,
  UNIQUE(domain, category)
) WITH (fillfactor = 50);

CREATE SEQUENCE pair_revision;

CREATE TABLE document(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source bigint NOT NULL,
  file text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  fence bigint NOT NULL DEFAULT 0,            -- raised by every version and every claim
  last_run bigint NOT NULL,                   -- that wrote or saw it
  version bigint NOT NULL DEFAULT 0,          -- the head; 0: nothing is visible
  content bytea,                              -- of the head; zeros: the gate is taken
  pipeline bytea,
  chunks bigint NOT NULL DEFAULT 0,           -- rows of the head
  total bigint NOT NULL DEFAULT 0,            -- sequence numbers of the head, refused ones included
  without_vector bigint NOT NULL DEFAULT 0,   -- rows of the head that have no vector
  length bigint NOT NULL DEFAULT 0,           -- words of the head
  title text,
  label bigint,                               -- pair of the head
  own_domain text,
  own_category text,
  mixed boolean NOT NULL DEFAULT false,       -- some chunk of the head has a label of its own
  metadata text NOT NULL DEFAULT '',
  warnings text NOT NULL DEFAULT '[]',
  check_sum bigint NOT NULL DEFAULT 0,        -- of title, metadata and warnings
  open_version bigint,                        -- the version being written
  open_content bytea,
  open_pipeline bytea,
  open_cursor bigint NOT NULL DEFAULT 0,      -- its next sequence number
  open_chunks bigint NOT NULL DEFAULT 0,
  open_without_vector bigint NOT NULL DEFAULT 0,
  open_length bigint NOT NULL DEFAULT 0,
  open_mixed boolean NOT NULL DEFAULT false,
  failed_content bytea,
  failed_pipeline bytea,
  attempts bigint NOT NULL DEFAULT 0,         -- versions begun and failures
  failures bigint NOT NULL DEFAULT 0,         -- since the last head
  state bigint NOT NULL DEFAULT 0,            -- 0 ready, 1 leased, 2 done, 3 retry, 4 dead
  not_before timestamptz NOT NULL DEFAULT '-infinity',
  crashes bigint NOT NULL DEFAULT 0,          -- leases that ended without a word, since the last head
  lease_owner bigint,                         -- the run that writes the open version
  lease_until timestamptz,                    -- by the server's clock
  UNIQUE(source, name)
) WITH (fillfactor = 70);

-- Not over the state: a document that is written whole changes no column of an index.
CREATE INDEX document_lease ON document(lease_until) WHERE lease_until IS NOT NULL;

CREATE INDEX document_file ON document(source, file, name);

-- Which documents have visible chunks in a pair, in the order of consolidated files.
CREATE TABLE document_pair(
  pair bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  document bigint NOT NULL,
  chunks bigint NOT NULL,
  PRIMARY KEY(pair, name, document)
);

CREATE INDEX document_pair_document ON document_pair(document);

-- Numbers of chunks are taken from here in blocks, and never given twice.
CREATE SEQUENCE chunk_block;

-- No TOAST below a page: cutting rows at 2 kB would move every second one out of line.
CREATE TABLE chunk(
  id bigint PRIMARY KEY,
  document bigint NOT NULL,
  version bigint NOT NULL,
  seq bigint NOT NULL,
  uuid uuid NOT NULL,
  text_hash bytea NOT NULL,
  tokens bigint NOT NULL,
  start bigint NOT NULL,
  "end" bigint NOT NULL,
  page bigint,
  weight real NOT NULL,
  own_domain text,
  own_category text,
  chapter text,
  section text,
  metadata text NOT NULL,
  check_sum bigint NOT NULL,                  -- of all above but the ids; of the text through its hash
  length bigint NOT NULL,                     -- words
  words tsvector NOT NULL,
  text text NOT NULL,
  UNIQUE(document, version, seq)
) WITH (toast_tuple_target = 8160);

CREATE INDEX chunk_words ON chunk USING gin(words);

-- Every word that ever stood in a text, to mend typed ones with.
CREATE TABLE word(
  term text COLLATE "C" PRIMARY KEY
);

-- Vectors that a repair found without their chunks; they go when their document is written again.
CREATE TABLE rescued(
  document bigint NOT NULL,
  chunk bigint NOT NULL,
  PRIMARY KEY(document, chunk)
);

CREATE TABLE dead_letter(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source bigint NOT NULL,
  file text COLLATE "C" NOT NULL,
  document text COLLATE "C" NOT NULL,
  chunk bigint NOT NULL,                      -- sequence number; -1: the whole document
  version bigint NOT NULL,                    -- that the chunk belongs to
  content bytea NOT NULL,
  pipeline bytea NOT NULL,
  class text NOT NULL,
  message text NOT NULL,
  hint text NOT NULL,
  attempts bigint NOT NULL,
  first_at bigint NOT NULL,                   -- seconds since 1970
  last_at bigint NOT NULL,
  UNIQUE(source, document, chunk)
);

CREATE INDEX dead_letter_file ON dead_letter(source, file);

-- Versions whose rows the sweep removes.
CREATE TABLE dropped(
  document bigint NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY(document, version)
);

-- Kept by every transaction, so that counting does not read the store; summed over the slots, of which each
-- writer uses one, so that writers do not wait for each other.
CREATE TABLE total(
  slot bigint PRIMARY KEY,
  files bigint NOT NULL,
  documents bigint NOT NULL,
  chunks bigint NOT NULL,
  without_vector bigint NOT NULL,
  length bigint NOT NULL,
  open bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO total SELECT slot, 0, 0, 0, 0, 0, 0 FROM generate_series(0, 15) slot;
