//! A vector as it travels: numbers in JSON, or the bytes of little-endian f32 in base64.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// How vectors are asked for, or came.
///
/// Base64 is a quarter of the bytes and exact; numbers in decimal may be rounded by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Base64,
    Decimal,
}

/// Servers differ in whether they pad.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Debug, PartialEq)]
pub(crate) struct WireVector {
    pub values: Vec<f32>,
    pub encoding: Encoding,
}

impl<'de> Deserialize<'de> for WireVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = WireVector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers or base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WireVector, E> {
        let bytes = LENIENT.decode(text).map_err(|_| E::custom("not base64"))?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("not a whole number of f32"));
        }
        let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(WireVector { values, encoding: Encoding::Base64 })
    }

    /// `null` is how JSON writes what is not a number: it is kept as such, so that it is refused by its name.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<WireVector, A::Error> {
        let mut values = Vec::with_capacity(list.size_hint().unwrap_or(1024));
        while let Some(value) = list.next_element::<Option<f32>>()? {
            values.push(value.unwrap_or(f32::NAN));
        }
        values.shrink_to_fit();
        Ok(WireVector { values, encoding: Encoding::Decimal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    fn read(json: &str) -> Option<WireVector> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn both_forms_give_the_same_values() {
        let values = vec![0.5_f32, -1.25, 3.0e-8];
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for text in [STANDARD_NO_PAD.encode(&bytes), LENIENT.encode(&bytes)] {
            let got = read(&format!("{text:?}")).unwrap();
            assert_eq!(got, WireVector { values: values.clone(), encoding: Encoding::Base64 });
            // Some servers escape the slash.
            assert_eq!(read(&format!("{text:?}").replace('/', "\\/")).unwrap().values, values);
        }
        let got = read("[0.5, -1.25, 3.0e-8]").unwrap();
        assert_eq!(got, WireVector { values, encoding: Encoding::Decimal });
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for json in
            ["7", "null", "{}", "\"????\"", "\"AAAA\"", "[1, \"2\"]", "[1e999]", "[NaN]", "[1"]
        {
            assert_eq!(read(json), None, "{json}");
        }
        assert!(read("[1.0, null]").unwrap().values[1].is_nan());
    }
}
