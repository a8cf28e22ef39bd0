//! Embedding models that are reached over HTTP.

#[cfg(test)]
mod tests;

use crate::embed::dialect::{self, Call, Dialect};
use crate::embed::estimate;
use crate::embed::estimate::Estimate;
use crate::embed::http::{Answer, Http};
use crate::embed::key::ApiKey;
use crate::embed::known::{self, Cut};
use crate::embed::refusal::{self, Asked, Withheld};
use crate::embed::spec::{Provider, ProviderSpec};
use crate::embed::vector::{Encoding, WireVector};
use quota::{Class, Hint};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use types::embedding::ModelId;
use types::error_kind::ErrorKind;
use types::seam::{BatchLimits, BoxFuture, EmbedError, Embedded, Embedder, Purpose, TokenCount};

/// Larger than any model's vector: bounds the reply to the first call, which asks how many there are.
const DIMENSIONS_MAX: usize = 16_384;

/// The one word that a server is asked about when nobody knows its model.
const PROBE: &str = "water";

/// What may be set besides the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteOptions {
    /// What the vectors must have. Asked of models that can be cut to it, of all others only checked. None: what the
    /// model gives of its own accord.
    pub dimensions: Option<NonZeroUsize>,
    /// Texts per call that a server takes of which nothing is known; none: few.
    pub items: Option<NonZeroUsize>,
    /// Of one call as a whole. Flow control gives up earlier; this bounds those who call without it.
    pub timeout: Duration,
    pub key_over_plain_http: KeyOverPlainHttp,
}

impl RemoteOptions {
    /// Two minutes are what a local model on a slow machine may take for a batch.
    pub const TIMEOUT: Duration = Duration::from_mins(2);
}

/// Where a key may be sent so that anybody on the way can read it. To this machine it always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOverPlainHttp {
    Withhold,
    Send,
}

/// The embedder cannot be used as it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSetup {
    #[error("{spec} needs a key; set {}", variables.join(" or "))]
    NoKey { spec: ProviderSpec, variables: &'static [&'static str] },
    #[error("{spec} gives {own} dimensions and cannot give {asked}")]
    Dimensions { spec: ProviderSpec, own: usize, asked: usize },
    #[error("the dimensions of {spec} are not known")]
    UnknownDimensions { spec: ProviderSpec },
    #[error("{spec}: {cause}")]
    Client { spec: ProviderSpec, cause: String },
}

/// Why [`RemoteEmbedder::open`] failed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Setup(#[from] BadSetup),
    #[error(transparent)]
    Call(#[from] EmbedError),
}

/// An embedder, and what it took to find out its dimensions.
#[derive(Debug)]
pub struct Opened {
    pub embedder: RemoteEmbedder,
    /// Requests to the server.
    pub calls: u64,
    /// Tokens that it charges for them, where it says so.
    pub tokens: u64,
}

/// A model behind HTTP. One call per batch, nothing repeated, nothing waited for.
#[derive(Debug)]
pub struct RemoteEmbedder {
    id: ModelId,
    line: Line,
    limits: BatchLimits,
    estimate: Estimate,
}

/// Everything but the dimensions.
#[derive(Debug)]
struct Line {
    spec: ProviderSpec,
    dialect: &'static dyn Dialect,
    http: Http,
    url: String,
    /// With the key, which the HTTP library does not print.
    headers: HeaderMap,
    key: Option<ApiKey>,
    withheld: Withheld,
    /// Sent with each call, for models that can be cut.
    asked: Option<usize>,
    /// The server gives numbers in decimal, whatever it was asked for.
    decimal: AtomicBool,
}

impl RemoteEmbedder {
    /// For models of which the dimensions are known, by name or from `options`. Sends nothing.
    ///
    /// `key`: from one of [`ProviderSpec::key_variables`]. Over plain `http://` it is sent to this machine only,
    /// unless `options` say otherwise.
    pub fn new(
        spec: &ProviderSpec,
        key: Option<ApiKey>,
        options: &RemoteOptions,
    ) -> Result<Self, BadSetup> {
        let wanted = options.dimensions.map(NonZeroUsize::get);
        let dimensions = match (known::of(spec), wanted) {
            (Some(known), wanted) => wanted.unwrap_or(known.dimensions),
            (None, Some(wanted)) => wanted,
            (None, None) => return Err(BadSetup::UnknownDimensions { spec: spec.clone() }),
        };
        Ok(Self::with(Line::new(spec, key, options)?, dimensions, options))
    }

    /// As [`Self::new`], but asks the server where nothing else tells the dimensions: one call with one word, two
    /// where the server refuses base64.
    pub async fn open(
        spec: &ProviderSpec,
        key: Option<ApiKey>,
        options: &RemoteOptions,
    ) -> Result<Opened, OpenError> {
        if known::of(spec).is_some() || options.dimensions.is_some() {
            return Ok(Opened { embedder: Self::new(spec, key, options)?, calls: 0, tokens: 0 });
        }
        let line = Line::new(spec, key, options)?;
        let (first, mut calls) = (line.call(Purpose::Query, &[PROBE], DIMENSIONS_MAX).await, 1);
        let got = match first {
            Err(_) if line.encoding() == Encoding::Decimal => {
                calls += 1;
                line.call(Purpose::Query, &[PROBE], DIMENSIONS_MAX).await?
            }
            other => other?,
        };
        let dimensions = got.vectors.first().map_or(0, |vector| vector.values.len());
        let tokens = got.tokens.unwrap_or_default();
        // The word's vector is checked like any other: a server that gives nothing but zeros is told at once.
        line.checked(got, &[PROBE], dimensions)?;
        Ok(Opened { embedder: Self::with(line, dimensions, options), calls, tokens })
    }

    fn with(line: Line, dimensions: usize, options: &RemoteOptions) -> Self {
        let id = ModelId {
            provider: line.spec.provider().as_str().to_owned(),
            model: line.spec.model().to_owned(),
            dimensions,
        };
        let mut limits = known::limits(&line.spec);
        if let (None, Some(items)) = (known::of(&line.spec), options.items) {
            // Tokens and bytes bound the batch all the same, in proportion.
            limits.tokens = limits.tokens / limits.items * items.get();
            limits.bytes = limits.bytes / limits.items * items.get();
            limits.items = items.get();
        }
        Self { id, limits, estimate: known::tokens(&line.spec), line }
    }

    /// Changes with the way texts are counted and sent: chunks or vectors of another fingerprint may differ.
    pub fn fingerprint(&self) -> String {
        format!("remote1-{}", estimate::REVISION)
    }

    /// How vectors come. Base64 until the server has shown that it has decimal numbers only, which it may round.
    pub fn encoding(&self) -> Encoding {
        self.line.encoding()
    }

    /// There is a key that is not sent, because the way to the server is not encrypted.
    pub fn withholds_key(&self) -> bool {
        self.line.withheld == Withheld::Yes
    }
}

impl Embedder for RemoteEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn limits(&self) -> BatchLimits {
        self.limits
    }

    fn tokens(&self) -> &dyn TokenCount {
        &self.estimate
    }

    /// All vectors or an error: a reply with one missing, doubled, of wrong length, zero or not finite is an error.
    fn embed<'a>(
        &'a self,
        purpose: Purpose,
        texts: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        Box::pin(async move {
            let got = self.line.call(purpose, texts, self.id.dimensions).await?;
            self.line.checked(got, texts, self.id.dimensions)
        })
    }
}

/// A reply with one vector for each text, not yet checked.
struct Got {
    vectors: Vec<WireVector>,
    tokens: Option<u64>,
    hint: Hint,
}

impl Line {
    fn new(
        spec: &ProviderSpec,
        key: Option<ApiKey>,
        options: &RemoteOptions,
    ) -> Result<Self, BadSetup> {
        if key.is_none() && !spec.has_own_address() {
            let variables = spec.key_variables();
            return Err(BadSetup::NoKey { spec: spec.clone(), variables });
        }
        let safe = spec.is_loopback() || spec.is_encrypted();
        let open = !safe && options.key_over_plain_http == KeyOverPlainHttp::Withhold;
        let withheld = if open && key.is_some() { Withheld::Yes } else { Withheld::No };
        let headers = match (&key, withheld) {
            (Some(key), Withheld::No) => HeaderMap::from_iter([credential(spec, key)]),
            (None, _) | (_, Withheld::Yes) => HeaderMap::new(),
        };
        let dialect = dialect::of(spec.provider());
        let http = Http::new(spec, options.timeout)
            .map_err(|error| BadSetup::Client { spec: spec.clone(), cause: error.to_string() })?;
        Ok(Self {
            url: format!("{}{}", spec.base(), dialect.path(spec.model())),
            asked: asked(spec, options)?,
            spec: spec.clone(),
            dialect,
            http,
            headers,
            key,
            withheld,
            decimal: AtomicBool::new(false),
        })
    }

    fn encoding(&self) -> Encoding {
        // Nothing else depends on it: the worst of an old value is one more refusal.
        if self.decimal.load(Ordering::Relaxed) { Encoding::Decimal } else { Encoding::Base64 }
    }

    fn about<'a>(&'a self, texts: &'a [&'a str]) -> Asked<'a> {
        Asked { spec: &self.spec, key: self.key.as_ref(), withheld: self.withheld, texts }
    }

    async fn call(
        &self,
        purpose: Purpose,
        texts: &[&str],
        dimensions: usize,
    ) -> Result<Got, EmbedError> {
        let encoding = self.encoding();
        let body = self.dialect.body(&Call {
            model: self.spec.model(),
            dimensions: self.asked,
            purpose,
            texts,
            encoding,
        });
        // Cohere sends the texts back.
        let bytes_max = reply_bytes_max(texts.len(), dimensions) + 2 * body.len();
        let sent = self.http.post(&self.url, self.headers.clone(), body, bytes_max).await;
        let answer = sent.map_err(|why| self.about(texts).unanswered(&why))?;
        let reading = refusal::read(&answer);
        if reading.class != Class::Ok {
            return Err(self.refused(answer.status, reading, texts, encoding));
        }
        self.parsed(&answer, texts, reading.hint)
    }

    fn parsed(&self, answer: &Answer, texts: &[&str], hint: Hint) -> Result<Got, EmbedError> {
        match self.dialect.parse(&answer.body, texts.len()) {
            Ok(parsed) => {
                let decimal = parsed.vectors.iter().any(|each| each.encoding == Encoding::Decimal);
                if decimal {
                    self.decimal.store(true, Ordering::Relaxed);
                }
                Ok(Got { vectors: parsed.vectors, tokens: parsed.tokens, hint })
            }
            Err(bad) => Err(self.about(texts).unusable(&bad, hint)),
        }
    }

    fn checked(&self, got: Got, texts: &[&str], dimensions: usize) -> Result<Embedded, EmbedError> {
        match dialect::checked(got.vectors, dimensions) {
            Ok(vectors) => Ok(Embedded {
                vectors: vectors.into_iter().map(Ok).collect(),
                tokens: got.tokens,
                quota: got.hint,
            }),
            Err(bad) => Err(self.about(texts).unusable(&bad, got.hint)),
        }
    }

    /// A server that refuses base64 is not asked for it again. The call has failed all the same: it is told, and
    /// whoever repeats calls repeats it.
    fn refused(
        &self,
        status: u16,
        reading: quota::Reading,
        texts: &[&str],
        encoding: Encoding,
    ) -> EmbedError {
        let input = matches!(reading.class, Class::InvalidInput | Class::TooLarge | Class::Failed);
        let said = reading.said.as_deref().unwrap_or_default();
        let of_encoding = ["encoding_format", "embedding_types", "base64"];
        if input
            && encoding == Encoding::Base64
            && of_encoding.iter().any(|word| said.contains(word))
        {
            self.decimal.store(true, Ordering::Relaxed);
            let told = "refuses vectors in base64; asking for decimal numbers from now on";
            return self.about(texts).error(ErrorKind::Unavailable, told, reading.hint);
        }
        self.about(texts).refused(status, reading)
    }
}

/// Numbers in JSON have up to 25 characters, with white space around them in some replies.
fn reply_bytes_max(texts: usize, dimensions: usize) -> usize {
    64 * 1024 + texts * (1024 + dimensions * 40)
}

pub(crate) fn credential(spec: &ProviderSpec, key: &ApiKey) -> (HeaderName, HeaderValue) {
    match spec.provider() {
        Provider::Gemini => (HeaderName::from_static("x-goog-api-key"), key.header("")),
        Provider::OpenAi if spec.is_azure() => (HeaderName::from_static("api-key"), key.header("")),
        Provider::OpenAi | Provider::Cohere | Provider::Voyage => {
            (AUTHORIZATION, key.header("Bearer "))
        }
    }
}

/// The dimensions to ask for: only other ones than the model's own, and only of a model that can be cut.
fn asked(spec: &ProviderSpec, options: &RemoteOptions) -> Result<Option<usize>, BadSetup> {
    let (Some(known), Some(wanted)) = (known::of(spec), options.dimensions) else {
        return Ok(None);
    };
    let (own, asked) = (known.dimensions, wanted.get());
    match known.cut {
        _ if asked == own => Ok(None),
        Cut::Any | Cut::Only(_) if known.cut.gives(asked, own) => Ok(Some(asked)),
        Cut::Never | Cut::Any | Cut::Only(_) => {
            Err(BadSetup::Dimensions { spec: spec.clone(), own, asked })
        }
    }
}
