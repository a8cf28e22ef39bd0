//! The language that a text is written in, where it can be told.
//!
//! By scripts and trigrams (crate `whatlang`): exact for scripts of one language, and good from two or three sentences on
//! for those that many share. What it does not call reliable has no language, and no rule about languages holds.

use std::fmt;
use whatlang::Lang;

/// One of 70 languages.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(Lang);

impl Language {
    /// None for a text that is too short, of several languages, or no language.
    pub fn of(text: &str) -> Option<Self> {
        let found = whatlang::detect(text)?;
        found.is_reliable().then(|| Self(found.lang()))
    }

    /// By its code in ISO 639-1 (`en`) or 639-3 (`eng`).
    pub fn from_code(code: &str) -> Option<Self> {
        let long = SHORT.iter().find(|(short, _)| *short == code).map_or(code, |(_, long)| long);
        Lang::from_code(long).map(Self)
    }

    /// The shortest that [`Language::from_code`] takes.
    pub fn code(self) -> &'static str {
        let long = self.0.code();
        SHORT.iter().find(|(_, known)| *known == long).map_or(long, |(short, _)| *short)
    }

    /// Codes of all that can be told.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        Lang::all().iter().map(|lang| Self(*lang).code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialOrd for Language {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Language {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

/// ISO 639-1 and the codes that the detector has for them; the individual language stands for its macrolanguage
/// (`zh`, `fa`, `no`).
const SHORT: [(&str, &str); 70] = [
    ("af", "afr"),
    ("ak", "aka"),
    ("am", "amh"),
    ("ar", "ara"),
    ("az", "aze"),
    ("be", "bel"),
    ("bg", "bul"),
    ("bn", "ben"),
    ("ca", "cat"),
    ("cs", "ces"),
    ("cy", "cym"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("eo", "epo"),
    ("es", "spa"),
    ("et", "est"),
    ("fa", "pes"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("gu", "guj"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("hy", "hye"),
    ("id", "ind"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("jv", "jav"),
    ("ka", "kat"),
    ("km", "khm"),
    ("kn", "kan"),
    ("ko", "kor"),
    ("la", "lat"),
    ("lt", "lit"),
    ("lv", "lav"),
    ("mk", "mkd"),
    ("ml", "mal"),
    ("mr", "mar"),
    ("my", "mya"),
    ("ne", "nep"),
    ("nl", "nld"),
    ("no", "nob"),
    ("or", "ori"),
    ("pa", "pan"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("si", "sin"),
    ("sk", "slk"),
    ("sl", "slv"),
    ("sn", "sna"),
    ("sr", "srp"),
    ("sv", "swe"),
    ("ta", "tam"),
    ("te", "tel"),
    ("th", "tha"),
    ("tk", "tuk"),
    ("tl", "tgl"),
    ("tr", "tur"),
    ("uk", "ukr"),
    ("ur", "urd"),
    ("uz", "uzb"),
    ("vi", "vie"),
    ("yi", "yid"),
    ("zh", "cmn"),
    ("zu", "zul"),
];

#[cfg(test)]
mod tests;
