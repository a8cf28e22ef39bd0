//! `PROVIDER:MODEL[@BASE_URL]`: which model, made by whom, reached where.

use reqwest::Url;
use std::fmt;
use std::net::IpAddr;

/// Whose dialect is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// `OpenAI` and whatever is compatible: Azure, vLLM, TEI, Ollama, LM Studio, gateways.
    OpenAi,
    Gemini,
    Cohere,
    Voyage,
}

impl Provider {
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Gemini, Self::Cohere, Self::Voyage];

    /// The word before the colon; part of the model's identity.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Cohere => "cohere",
            Self::Voyage => "voyage",
        }
    }

    /// Where the provider itself is. What an address must end in is said by [`ProviderSpec::base`].
    fn home(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com",
            Self::Cohere => "https://api.cohere.com",
            Self::Voyage => "https://api.voyageai.com/v1",
        }
    }
}

/// A model of a provider that is reached over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSpec {
    provider: Provider,
    model: String,
    /// Boxed, since errors carry a specification.
    base: Option<Box<Url>>,
}

/// Why a specification of an embedder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSpec {
    #[error("expected openai:, gemini:, cohere: or voyage: and a model's name")]
    Form,
    #[error("the model's name is missing after `{0}:`")]
    NoModel(&'static str),
    #[error("the address after `@` must be http://HOST[:PORT][/PATH] or https://...")]
    Address,
    #[error("user and password in an address are not sent; put the key into the environment")]
    Credentials,
    #[error(
        "an address with `?` or `#` cannot be used; for Azure it is https://NAME.openai.azure.com/openai/v1"
    )]
    Query,
}

impl ProviderSpec {
    /// `openai:MODEL[@BASE_URL]` and so on. The address begins at the last `@http`, since names may hold an `@`.
    pub fn parse(text: &str) -> Result<Self, BadSpec> {
        let (word, rest) = text.split_once(':').ok_or(BadSpec::Form)?;
        let known = Provider::ALL.into_iter().find(|each| each.as_str() == word);
        let provider = known.ok_or(BadSpec::Form)?;
        let (model, base) = match rest.rfind("@http").map(|at| rest.split_at(at)) {
            Some((model, address)) => {
                (model, Some(Box::new(base_url(address.trim_start_matches('@'))?)))
            }
            None => (rest, None),
        };
        // A name is part of a path, a header never: but what is not printable is a mistake.
        if model.trim().is_empty() || model.chars().any(|c| c.is_control() || c == ' ') {
            return Err(BadSpec::NoModel(provider.as_str()));
        }
        Ok(Self { provider, model: model.to_owned(), base })
    }

    pub fn provider(&self) -> Provider {
        self.provider
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names of the provider's models that are known.
    pub fn known_models(&self) -> impl Iterator<Item = &'static str> + use<> {
        super::known::names(self.provider)
    }

    /// Variables of the environment that may hold the key, the first that is set counts.
    pub fn key_variables(&self) -> &'static [&'static str] {
        match self.provider {
            Provider::OpenAi if self.is_azure() => &["AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"],
            Provider::OpenAi => &["OPENAI_API_KEY"],
            Provider::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            Provider::Cohere => &["COHERE_API_KEY", "CO_API_KEY"],
            Provider::Voyage => &["VOYAGE_API_KEY"],
        }
    }

    /// An address that the user gave, rather than the provider's own.
    pub fn has_own_address(&self) -> bool {
        self.base.is_some()
    }

    /// Without a slash at its end. For `openai:` and `voyage:` it ends in `/v1` or the like; for `gemini:` and
    /// `cohere:` it is scheme, host and port, and the API's version follows.
    pub(crate) fn base(&self) -> &str {
        self.base.as_deref().map_or(self.provider.home(), Url::as_str).trim_end_matches('/')
    }

    /// The address stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.as_deref().and_then(Url::host_str).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Nothing on the way can read along.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.base.as_ref().is_none_or(|base| base.scheme() == "https")
    }

    /// Azure wants the key in a header of its own.
    pub(crate) fn is_azure(&self) -> bool {
        let host = self.base.as_deref().and_then(Url::host_str).unwrap_or_default();
        host.ends_with(".azure.com")
    }
}

fn base_url(address: &str) -> Result<Url, BadSpec> {
    let url = Url::parse(address).map_err(|_| BadSpec::Address)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(BadSpec::Address);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadSpec::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BadSpec::Query);
    }
    Ok(url)
}

impl fmt::Display for ProviderSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider.as_str(), self.model)?;
        match &self.base {
            Some(_) => write!(f, "@{}", self.base()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ProviderSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_is_taken_apart_and_written_again() {
        for (text, provider, model, base) in [
            (
                "openai:text-embedding-3-small",
                Provider::OpenAi,
                "text-embedding-3-small",
                "https://api.openai.com/v1",
            ),
            ("openai:m@http://127.0.0.1:9/v1", Provider::OpenAi, "m", "http://127.0.0.1:9/v1"),
            (
                "openai:nomic-embed-text:v1.5@http://localhost:11434/v1",
                Provider::OpenAi,
                "nomic-embed-text:v1.5",
                "http://localhost:11434/v1",
            ),
            (
                "openai:@cf/baai/bge-m3@https://api.example.com/v1",
                Provider::OpenAi,
                "@cf/baai/bge-m3",
                "https://api.example.com/v1",
            ),
            (
                "gemini:gemini-embedding-001",
                Provider::Gemini,
                "gemini-embedding-001",
                "https://generativelanguage.googleapis.com",
            ),
            (
                "cohere:embed-v4.0@http://[::1]:8080",
                Provider::Cohere,
                "embed-v4.0",
                "http://[::1]:8080",
            ),
            ("voyage:voyage-3.5", Provider::Voyage, "voyage-3.5", "https://api.voyageai.com/v1"),
        ] {
            let spec = ProviderSpec::parse(text).unwrap();
            assert_eq!((spec.provider(), spec.model(), spec.base()), (provider, model, base));
            assert_eq!(spec.to_string(), text);
        }
        let slash = ProviderSpec::parse("openai:m@http://localhost:1/v1/").unwrap();
        assert_eq!(slash.base(), "http://localhost:1/v1");
    }

    #[test]
    fn a_bad_specification_is_refused_with_its_reason() {
        for (text, expected) in [
            ("builtin", BadSpec::Form),
            ("other:model", BadSpec::Form),
            ("openai:", BadSpec::NoModel("openai")),
            ("openai:@http://localhost/v1", BadSpec::NoModel("openai")),
            ("openai:a b", BadSpec::NoModel("openai")),
            ("openai:m@http://", BadSpec::Address),
            ("openai:m@httpx://host/v1", BadSpec::Address),
            ("openai:m@http://host:99999/v1", BadSpec::Address),
            ("openai:m@https://me:pa55@host/v1", BadSpec::Credentials),
            (
                "openai:m@https://x.openai.azure.com/openai/deployments/m?api-version=1",
                BadSpec::Query,
            ),
        ] {
            assert_eq!(ProviderSpec::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (base, loopback, encrypted) in [
            ("http://127.0.0.1:9/v1", true, false),
            ("http://127.9.9.9/v1", true, false),
            ("http://localhost/v1", true, false),
            ("http://[::1]:9/v1", true, false),
            ("https://localhost.example.com/v1", false, true),
            ("http://10.0.0.7:8000/v1", false, false),
            ("http://127.0.0.1.example.com/v1", false, false),
        ] {
            let spec = ProviderSpec::parse(&format!("openai:m@{base}")).unwrap();
            assert_eq!((spec.is_loopback(), spec.is_encrypted()), (loopback, encrypted), "{base}");
        }
        let home = ProviderSpec::parse("openai:m").unwrap();
        assert_eq!((home.is_loopback(), home.is_encrypted()), (false, true));
    }
}
