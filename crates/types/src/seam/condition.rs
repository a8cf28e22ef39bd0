//! How a store is doing: its connections and the indexes of its vectors, as `status` shows them.

use serde::Serialize;

/// What stands behind a store; a file has neither connections nor an index that is built apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Condition {
    pub connections: Option<Connections>,
    pub indexes: Vec<VectorIndex>,
}

/// What the pool of connections did since the store was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Connections {
    /// In somebody's hands.
    pub active_connections: usize,
    pub idle_connections: usize,
    /// Times that a connection was asked for.
    pub total_requests: u64,
    /// Of these, how many got none.
    pub failed_requests: u64,
    /// For how long a connection is held, in seconds; an average in which the newest use weighs a tenth.
    pub avg_response_time: f64,
    /// For how long a connection is waited for, in seconds; as above.
    pub avg_wait_time: f64,
    /// Active connections as a part of all that may be.
    pub pool_utilization: f64,
    /// Most that were in use at once.
    pub peak_active: usize,
    /// Connections at most.
    pub max_connections: usize,
    pub created: u64,
    /// Tries to make one that failed.
    pub failed_creates: u64,
    pub closed: u64,
    /// Of these, how many did not answer when they were asked.
    pub failed_checks: u64,
    /// Of the last change, in seconds since 1970.
    pub last_updated: f64,
}

/// How the nearest vectors of one model are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VectorIndex {
    pub embedder: String,
    pub state: IndexState,
    /// What the search compares first: `halfvec` in an index, `vector` where all are compared.
    pub element: &'static str,
    pub dimensions: usize,
    /// Bytes of the index; 0 where there is none.
    pub bytes: u64,
    /// Bytes of the vectors themselves, with their rows' other columns.
    pub vector_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexState {
    /// There is none: all vectors are compared.
    Exact,
    /// All are compared until it is there.
    Building,
    /// A graph of near neighbours.
    Hnsw,
}

impl IndexState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Building => "building",
            Self::Hnsw => "hnsw",
        }
    }
}
