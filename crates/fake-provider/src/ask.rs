//! A request, whatever the dialect.

use crate::vector::{self, TextKey};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Texts to embed, borrowed from the body of the request where they need no unescaping.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) model: Cow<'a, str>,
    pub(crate) texts: Vec<Cow<'a, str>>,
    /// One per text.
    pub(crate) keys: Vec<TextKey>,
    pub(crate) dims: Option<usize>,
    pub(crate) encoding: Encoding,
    pub(crate) form: Form,
    /// The word by which faults name it.
    pub(crate) route: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    #[default]
    Float,
    /// Values as little-endian f32, then base64.
    Base64,
}

/// Some paths of a dialect take one text and answer with one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Many,
    One,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(model: Cow<'a, str>, texts: Texts<'a>) -> Self {
        let texts = texts.0;
        let keys = texts.iter().map(|text| vector::key(text)).collect();
        Self {
            model,
            texts,
            keys,
            dims: None,
            encoding: Encoding::Float,
            form: Form::Many,
            route: "embed",
        }
    }
}

/// One text or a list of texts, as most providers take them.
#[derive(Debug)]
pub(crate) struct Texts<'a>(pub(crate) Vec<Cow<'a, str>>);

/// serde borrows a `Cow` only where a field says so.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a text or a list of texts")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Texts(vec![Cow::Borrowed(text)]))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Texts(vec![Cow::Owned(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;
    use std::borrow::Cow;

    #[test]
    fn a_text_and_a_list_are_both_input_and_are_borrowed_where_nothing_is_escaped() {
        let Texts(one) = serde_json::from_str(r#""plain""#).unwrap();
        assert!(matches!(&one[..], [Cow::Borrowed("plain")]));
        let Texts(many) = serde_json::from_str(r#"["plain","a\nb"]"#).unwrap();
        assert!(matches!(&many[..], [Cow::Borrowed("plain"), Cow::Owned(_)]));
        assert_eq!(many[1], "a\nb");
        assert!(serde_json::from_str::<Texts<'_>>("[1,2]").is_err());
        assert!(serde_json::from_str::<Texts<'_>>("7").is_err());
    }
}
