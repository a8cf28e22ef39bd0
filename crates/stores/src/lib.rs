//! Stores: SQLite with full text, vectors and search codes.
