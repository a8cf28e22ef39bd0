//! A search and its hits.

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Semantic,
    Keyword,
    /// Both, fused by reciprocal ranks.
    Hybrid,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semantic => "semantic",
            Self::Keyword => "keyword",
            Self::Hybrid => "hybrid",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Query {
    pub mode: Mode,
    /// As typed by a person, spelling corrected by [`Store::spell`](crate::seam::Store::spell).
    pub words: String,
    /// Vector of the words; none when the text has no vector, or in keyword mode.
    pub vector: Option<Vec<f32>>,
    /// Hits wanted.
    pub k: usize,
    pub filter: Filter,
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub domain: Option<String>,
    pub category: Option<String>,
    /// Glob over document names.
    pub document: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Cosine in semantic mode, BM25 (larger is better) in keyword mode, reciprocal-rank sum in hybrid mode.
    pub score: f64,
    pub document: String,
    pub title: Option<String>,
    pub section: Option<String>,
    pub page: Option<u32>,
    pub domain: String,
    pub category: String,
    pub chunk_id: [u8; 16],
    pub text: String,
}

/// A typed word that the index does not know, and what was searched instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub typed: String,
    pub taken: Vec<String>,
}

/// The words to search with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    pub words: String,
    pub corrections: Vec<Correction>,
}
