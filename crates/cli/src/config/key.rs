//! Every key that can be configured, in the order in which they are shown.

/// A key with one value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// As in the file, sections joined with `.`.
    pub name: &'static str,
    pub expects: Expects,
}

/// What may be written there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expects {
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// Completes "expected ...".
    Form(&'static str),
}

pub(crate) static STORE: Key = form("store", "`sqlite:PATH` or `postgres://USER@HOST/DATABASE`");
pub(crate) static EMBEDDER: Key = form(
    "embedder",
    "`builtin`, `local:DIR`, or `PROVIDER:MODEL` with openai, gemini, cohere or voyage, and `@BASE_URL` for another server",
);
pub(crate) static OUT: Key = form("out", "a folder");
pub(crate) static WITH_EMBEDDINGS: Key = form("with_embeddings", "true or false");
pub(crate) static PROFILE: Key = form("profile", "minimal, balanced, aggressive or auto");
pub(crate) static MEMORY_LIMIT: Key = form(
    "memory_limit",
    "a size of at least 128MB such as `512MB` or `2GiB`, or a share of the memory such as `80%`",
);
pub(crate) static WORKERS: Key = whole("workers", 1, 1024);
pub(crate) static DOCUMENTS_IN_FLIGHT: Key = whole("documents_in_flight", 1, 1024);
pub(crate) static ON_BAD_CHUNK: Key = form("on_bad_chunk", "skip or fail_document");
pub(crate) static FULL_TEXT: Key = form("full_text", "true or false");
pub(crate) static STORE_WAIT: Key = form("store_wait", "a time such as `10m`, `90s` or `500ms`");
pub(crate) static PROVIDER_WAIT: Key = form("provider_wait", "a time such as `1h` or `10m`");
pub(crate) static EXCLUDE: Key = form("exclude", "a list of patterns as in .gitignore");
pub(crate) static MODELS: Key = form("models", "a folder");
pub(crate) static MAX_COST: Key = form("max_cost", "US dollars, zero or more");
/// Fewer than 16 tokens are no passage; more than 8192 no model takes.
pub(crate) static CHUNK_TOKENS: Key = whole("chunk.tokens", 16, 8192);
pub(crate) static CHUNK_OVERLAP: Key = whole("chunk.overlap", 0, 8191);
pub(crate) static EMBED_BATCH_ITEMS: Key = whole("embed.batch_items", 1, 65_536);
pub(crate) static EMBED_BATCH_TOKENS: Key = whole("embed.batch_tokens", 1, 16_777_216);
pub(crate) static EMBED_IN_FLIGHT: Key = whole("embed.in_flight", 1, 4096);
pub(crate) static EMBED_KEY_OVER_HTTP: Key = form("embed.key_over_http", "true or false");
pub(crate) static EMBED_POLICY: Key = form("embed.policy", "adaptive or simple");
pub(crate) static EMBED_REQUESTS_PER_MINUTE: Key =
    whole("embed.requests_per_minute", 1, 1_000_000_000);
pub(crate) static EMBED_TOKENS_PER_MINUTE: Key =
    whole("embed.tokens_per_minute", 1, 1_000_000_000_000);
pub(crate) static EMBED_GROUP: Key = form("embed.group", "a name");
pub(crate) static EMBED_PRECISION: Key = form("embed.precision", "f32, i16 or i8");
pub(crate) static EMBED_DEVICE: Key = form("embed.device", "auto, cpu, cuda or cuda:N");
pub(crate) static EMBED_QUERY_PROMPT: Key = form("embed.query_prompt", "text");
pub(crate) static EMBED_DOCUMENT_PROMPT: Key = form("embed.document_prompt", "text");
pub(crate) static PARSE_SECONDS: Key = whole("limits.parse_seconds", 1, 86_400);
pub(crate) static PARSE_MEMORY: Key =
    form("limits.parse_memory", "a size of at least 96MiB such as `1GiB`");
pub(crate) static DOCUMENT_BYTES: Key = form("limits.document_bytes", "a size such as `4GiB`");
pub(crate) static ARCHIVE_BYTES: Key = form("limits.archive_bytes", "a size such as `64GiB`");
pub(crate) static ARCHIVE_MEMBERS: Key = whole("limits.archive_members", 1, 1_000_000_000);

/// Of `analyze` and `extract`.
pub(crate) static CONTENT_LLM: Key =
    form("content.llm", "`gemini:MODEL` or `openai:MODEL`, and `@BASE_URL` for another server");
pub(crate) static CONTENT_SECTION_TASKS: Key = whole("content.section_tasks", 1, 1024);
pub(crate) static CONTENT_UPLOADS: Key = whole("content.uploads", 1, 1024);
pub(crate) static CONTENT_SPLITS: Key = whole("content.splits", 1, 1024);
pub(crate) static CONTENT_SECTION_TIMEOUT: Key = form("content.section_timeout", A_TIME);
pub(crate) static CONTENT_UPLOAD_TIMEOUT: Key = form("content.upload_timeout", A_TIME);
pub(crate) static CONTENT_SPLIT_TIMEOUT: Key = form("content.split_timeout", A_TIME);
pub(crate) static CONTENT_GENERATE_TIMEOUT: Key = form("content.generate_timeout", A_TIME);
pub(crate) static CONTENT_PROVIDER_WAIT: Key = form("content.provider_wait", A_TIME);
pub(crate) static CONTENT_KEY_OVER_HTTP: Key = form("content.key_over_http", "true or false");
pub(crate) static CONTENT_PARTS: Key = form("content.parts", "auto, file or text");
pub(crate) static CONTENT_GROUP: Key = form("content.group", "a name");
pub(crate) static CONTENT_REQUESTS_PER_MINUTE: Key =
    whole("content.requests_per_minute", 1, 1_000_000_000);
pub(crate) static CONTENT_TOKENS_PER_MINUTE: Key =
    whole("content.tokens_per_minute", 1, 1_000_000_000_000);
pub(crate) static CONTENT_WATCH_MEMORY: Key = form("content.watch_memory", "true or false");
pub(crate) static CONTENT_MEMORY_MAX: Key = form("content.memory_max", "a size such as `1GiB`");
pub(crate) static CONTENT_MEMORY_LOW: Key = form("content.memory_low", "a size such as `768MiB`");

const A_TIME: &str = "a time above zero such as `10m` or `90s`";

pub(crate) static KEYS: [&Key; 51] = [
    &STORE,
    &EMBEDDER,
    &OUT,
    &WITH_EMBEDDINGS,
    &PROFILE,
    &MEMORY_LIMIT,
    &WORKERS,
    &DOCUMENTS_IN_FLIGHT,
    &ON_BAD_CHUNK,
    &FULL_TEXT,
    &STORE_WAIT,
    &PROVIDER_WAIT,
    &EXCLUDE,
    &MODELS,
    &MAX_COST,
    &CHUNK_TOKENS,
    &CHUNK_OVERLAP,
    &EMBED_BATCH_ITEMS,
    &EMBED_BATCH_TOKENS,
    &EMBED_IN_FLIGHT,
    &EMBED_KEY_OVER_HTTP,
    &EMBED_POLICY,
    &EMBED_REQUESTS_PER_MINUTE,
    &EMBED_TOKENS_PER_MINUTE,
    &EMBED_GROUP,
    &EMBED_PRECISION,
    &EMBED_DEVICE,
    &EMBED_QUERY_PROMPT,
    &EMBED_DOCUMENT_PROMPT,
    &PARSE_SECONDS,
    &PARSE_MEMORY,
    &DOCUMENT_BYTES,
    &ARCHIVE_BYTES,
    &ARCHIVE_MEMBERS,
    &CONTENT_LLM,
    &CONTENT_SECTION_TASKS,
    &CONTENT_UPLOADS,
    &CONTENT_SPLITS,
    &CONTENT_SECTION_TIMEOUT,
    &CONTENT_UPLOAD_TIMEOUT,
    &CONTENT_SPLIT_TIMEOUT,
    &CONTENT_GENERATE_TIMEOUT,
    &CONTENT_PROVIDER_WAIT,
    &CONTENT_KEY_OVER_HTTP,
    &CONTENT_PARTS,
    &CONTENT_GROUP,
    &CONTENT_REQUESTS_PER_MINUTE,
    &CONTENT_TOKENS_PER_MINUTE,
    &CONTENT_WATCH_MEMORY,
    &CONTENT_MEMORY_MAX,
    &CONTENT_MEMORY_LOW,
];

/// Sections of keys with one value.
pub(crate) const SECTIONS: [&str; 4] = ["chunk", "embed", "limits", "content"];

/// What only the file can say: prices by model, and lists of tables.
pub(crate) const PRICES: &str = "prices";
pub(crate) const RULES: &str = "rules";
pub(crate) const PARSERS: &str = "parsers";
pub(crate) const HOOKS: &str = "hooks";
pub(crate) const ENDPOINTS: &str = "endpoints";
pub(crate) const ROUTES: &str = "routes";
pub(crate) const FILE_ONLY: [&str; 6] = [PRICES, RULES, PARSERS, HOOKS, ENDPOINTS, ROUTES];

const fn form(name: &'static str, expects: &'static str) -> Key {
    Key { name, expects: Expects::Form(expects) }
}

const fn whole(name: &'static str, min: u64, max: u64) -> Key {
    Key { name, expects: Expects::Whole(min, max) }
}

impl Key {
    /// Name of its environment variable.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// The sentence that an error message ends with.
    pub(crate) fn expected(&self) -> String {
        match self.expects {
            Expects::Whole(min, max) => format!("expected a whole number from {min} to {max}"),
            Expects::Form(what) => format!("expected {what}"),
        }
    }
}

/// All environment variables of gristmill begin so.
pub(crate) const PREFIX: &str = "GRISTMILL_";

pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "_").to_uppercase())
}

/// The key of this name in the file.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.into_iter().find(|key| key.name == name)
}

/// The names that a typed one is compared with.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.into_iter().map(|key| key.name).chain(FILE_ONLY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let variables: HashSet<String> = names().map(variable).collect();
        assert_eq!(variables.len(), KEYS.len() + FILE_ONLY.len());
        assert_eq!(CHUNK_TOKENS.variable(), "GRISTMILL_CHUNK_TOKENS");
    }

    #[test]
    fn every_section_is_declared() {
        for key in KEYS {
            if let Some((section, _)) = key.name.split_once('.') {
                assert!(SECTIONS.contains(&section), "{}", key.name);
            }
        }
    }
}
