//! How each type of value is written and shown.

use crate::config::confidential::{Confidential, conceal};
use crate::config::quantity::{ByteSize, parse_duration, seconds_to_duration, show_duration};
use crate::config::raw::Raw;
use crate::settings::{DocumentParts, EmbedderChoice, LimitPolicy, OnBadChunk, Profile, Standby};
use connectors::embed::ProviderSpec;
use connectors::embed::local::{DeviceChoice, Precision};
use globset::Glob;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use types::seam::EntryVectors;

/// A type that a key can have.
pub(crate) trait Value: Sized {
    fn read(raw: &Raw) -> Result<Self, Refusal>;

    /// In base units: bytes, seconds, US dollars.
    fn json(&self) -> serde_json::Value;

    /// For people.
    fn text(&self) -> String {
        match self.json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
    }
}

/// Why a value cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The key's own expectation says it.
    Unexpected,
    /// There is more to say.
    Because(String),
}

/// A whole number, as wide as any key needs.
pub(crate) struct Whole(pub u64);

/// US dollars, finite, not negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dollars(pub f64);

/// A memory limit as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemorySpec {
    Bytes(ByteSize),
    /// Per cent of the machine's memory, 1 to 100.
    Share(u8),
}

/// Text with something in it.
pub(crate) struct Label(pub String);

/// Text as it stands, spaces at its ends and all; may be empty.
pub(crate) struct Verbatim(pub String);

fn text(raw: &Raw) -> Result<&str, Refusal> {
    raw.text().map(str::trim).filter(|text| !text.is_empty()).ok_or(Refusal::Unexpected)
}

fn among<T: Copy>(raw: &Raw, words: &[(&str, T)]) -> Result<T, Refusal> {
    let typed = text(raw)?;
    let found = words.iter().find(|(word, _)| *word == typed);
    found.map(|(_, value)| *value).ok_or(Refusal::Unexpected)
}

impl Value for Whole {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let number = match raw {
            Raw::Integer(number) => u64::try_from(*number).ok(),
            Raw::Word(word) => word.trim().parse().ok(),
            _ => None,
        };
        number.map(Self).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        json!(self.0)
    }
}

impl Value for Dollars {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let amount = match raw {
            Raw::Integer(number) => Some(*number as f64),
            Raw::Float(number) => Some(*number),
            Raw::Word(word) => word.trim().parse().ok(),
            _ => None,
        };
        let amount = amount.filter(|usd: &f64| usd.is_finite() && *usd >= 0.0);
        amount.map(Self).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        json!(self.0)
    }
}

impl Value for ByteSize {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let size = match raw {
            Raw::Integer(number) => u64::try_from(*number).ok().map(Self),
            _ => Self::parse(text(raw)?),
        };
        size.ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        json!(self.0)
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Value for MemorySpec {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let share = raw.text().and_then(|text| text.trim().strip_suffix('%'));
        let Some(share) = share else { return ByteSize::read(raw).map(Self::Bytes) };
        let per_cent = share.trim_end().parse().ok().filter(|share| (1..=100).contains(share));
        per_cent.map(Self::Share).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::Bytes(size) => size.json(),
            Self::Share(per_cent) => json!(format!("{per_cent}%")),
        }
    }
}

impl Value for Duration {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let time = match raw {
            Raw::Integer(seconds) => seconds_to_duration(*seconds as f64),
            Raw::Float(seconds) => seconds_to_duration(*seconds),
            _ => parse_duration(text(raw)?),
        };
        time.ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        if self.subsec_nanos() == 0 { json!(self.as_secs()) } else { json!(self.as_secs_f64()) }
    }

    fn text(&self) -> String {
        show_duration(*self)
    }
}

impl Value for bool {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        match raw {
            Raw::Boolean(value) => Ok(*value),
            Raw::Word(word) => match word.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(Refusal::Unexpected),
            },
            _ => Err(Refusal::Unexpected),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!(self)
    }
}

impl Value for DocumentParts {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        among(raw, &[("auto", Self::Auto), ("file", Self::File), ("text", Self::Text)])
    }

    fn json(&self) -> serde_json::Value {
        json!(match self {
            Self::Auto => "auto",
            Self::File => "file",
            Self::Text => "text",
        })
    }
}

impl Value for EntryVectors {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        Ok(if bool::read(raw)? { Self::With } else { Self::Without })
    }

    fn json(&self) -> serde_json::Value {
        json!(*self == Self::With)
    }
}

impl Value for PathBuf {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        text(raw)?;
        Ok(raw.text().map(Self::from).expect("just read"))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.to_string_lossy())
    }
}

impl Value for Label {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        text(raw).map(|text| Self(text.to_owned()))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.0)
    }
}

/// Patterns as in `.gitignore`: the only key of this type.
impl Value for Vec<String> {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let items: Option<Self> = match raw {
            Raw::List(items) => items.iter().map(|item| item.text().map(str::to_owned)).collect(),
            Raw::Word(word) => Some(split_list(word)),
            _ => None,
        };
        let items = items.filter(|items| items.iter().all(|item| !item.trim().is_empty()));
        let items = items.ok_or(Refusal::Unexpected)?;
        for (at, item) in items.iter().enumerate() {
            // Without what only `.gitignore` knows it is a glob as any other.
            let glob = item.trim_start_matches(['!', '/']).trim_end_matches('/');
            if let Err(error) = Glob::new(glob) {
                let message = format!("pattern {} is not valid: {}", at + 1, error.kind());
                return Err(Refusal::Because(message));
            }
        }
        Ok(items)
    }

    fn json(&self) -> serde_json::Value {
        json!(self)
    }
}

/// At commas that are not inside braces, since patterns such as `*.{tmp,bak}` have commas of their own.
fn split_list(word: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = word.split(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

impl Value for Profile {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        among(raw, &Self::ALL.map(|profile| (profile.as_str(), profile)))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.as_str())
    }
}

impl Value for LimitPolicy {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        among(raw, &[("adaptive", Self::Adaptive), ("simple", Self::Simple)])
    }

    fn json(&self) -> serde_json::Value {
        json!(match self {
            Self::Adaptive => "adaptive",
            Self::Simple => "simple",
        })
    }
}

impl Value for Standby {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        match raw {
            Raw::Boolean(true) => Ok(Self::Yes),
            Raw::Boolean(false) => Ok(Self::No),
            _ => Err(Refusal::Unexpected),
        }
    }

    fn json(&self) -> serde_json::Value {
        json!(*self == Self::Yes)
    }
}

impl Value for OnBadChunk {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        among(raw, &[("skip", Self::Skip), ("fail_document", Self::FailDocument)])
    }

    fn json(&self) -> serde_json::Value {
        json!(match self {
            Self::Skip => "skip",
            Self::FailDocument => "fail_document",
        })
    }
}

impl Value for Precision {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        among(raw, &Self::ALL.map(|precision| (precision.name(), precision)))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.name())
    }
}

impl Value for DeviceChoice {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        Self::from_name(text(raw)?).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        json!(self.name())
    }
}

impl Value for Verbatim {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        raw.text().map(|text| Self(text.to_owned())).ok_or(Refusal::Unexpected)
    }

    fn json(&self) -> serde_json::Value {
        json!(self.0)
    }
}

/// Providers that will come; naming them beats "unknown".
const PROVIDERS_TO_COME: [&str; 1] = ["esn"];

impl Value for EmbedderChoice {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let spec = text(raw)?;
        let provider = spec.split_once(':').map_or(spec, |(provider, _)| provider);
        match (spec, provider) {
            ("builtin", _) => Ok(Self::Builtin),
            (_, "local") => match spec.split_once(':') {
                Some((_, folder)) if !folder.is_empty() => Ok(Self::Local(folder.into())),
                _ => Err(Refusal::Because("the folder is missing after `local:`".to_owned())),
            },
            (_, known) if PROVIDERS_TO_COME.contains(&known) => Err(Refusal::Because(format!(
                "`{known}` embedders are not in this version; expected {}",
                "`builtin`, `local:DIR`, or `PROVIDER:MODEL` with openai, gemini, cohere or voyage"
            ))),
            _ => ProviderSpec::read(raw).map(Self::Remote),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Self::OfStore => serde_json::Value::Null,
            Self::Builtin => json!("builtin"),
            Self::Local(folder) => json!(format!("local:{}", folder.display())),
            Self::Remote(spec) => spec.json(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::OfStore => "the store's own, else builtin".to_owned(),
            Self::Builtin => "builtin".to_owned(),
            Self::Local(folder) => format!("local:{}", folder.display()),
            Self::Remote(spec) => spec.to_string(),
        }
    }
}

/// The reason for a refusal never holds the text: an address may hold a password.
impl Value for ProviderSpec {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        Self::parse(text(raw)?).map_err(|error| Refusal::Because(error.to_string()))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.to_string())
    }
}

/// The store's URL: the only key of this type.
impl Value for Confidential {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let url = text(raw)?;
        let file = url.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty());
        if file || url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::new(url))
        } else {
            Err(Refusal::Unexpected)
        }
    }

    fn json(&self) -> serde_json::Value {
        json!(conceal(self.reveal()))
    }
}
