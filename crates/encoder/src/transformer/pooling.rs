//! How the rows of a text's tokens become one vector.
#![forbid(unsafe_code)]

use serde_json::Value;

use super::{LoadError, json::Document};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The row of the first token.
    Cls,
    Mean,
    /// The largest value of each dimension.
    Max,
    /// The sum over the square root of the number of tokens.
    MeanSqrtLength,
}

/// Keys of older files, each true or false; what is not implemented is listed so that it is refused by name.
const MODES: [(&str, Option<Pooling>); 6] = [
    ("pooling_mode_cls_token", Some(Pooling::Cls)),
    ("pooling_mode_mean_tokens", Some(Pooling::Mean)),
    ("pooling_mode_max_tokens", Some(Pooling::Max)),
    ("pooling_mode_mean_sqrt_len_tokens", Some(Pooling::MeanSqrtLength)),
    ("pooling_mode_weightedmean_tokens", None),
    ("pooling_mode_lasttoken", None),
];

impl Pooling {
    /// Reads `1_Pooling/config.json`, which must agree with the transformer's width.
    pub(super) fn read(document: &Document, width: usize) -> Result<Self, LoadError> {
        if document.size_or("word_embedding_dimension", width)? != width {
            return Err(document.unexpected("word_embedding_dimension", width.to_string()));
        }
        if document.get("include_prompt").as_bool() == Some(false) {
            return Err(document.unexpected("include_prompt", "true"));
        }
        if let Value::String(mode) = document.get("pooling_mode") {
            return match mode.as_str() {
                "cls" => Ok(Self::Cls),
                "mean" => Ok(Self::Mean),
                "max" => Ok(Self::Max),
                "mean_sqrt_len_tokens" => Ok(Self::MeanSqrtLength),
                _ => {
                    Err(document
                        .unexpected("pooling_mode", "cls, mean, max or mean_sqrt_len_tokens"))
                }
            };
        }
        let mut chosen = MODES.iter().filter(|(key, _)| document.get(key).as_bool() == Some(true));
        match (chosen.next(), chosen.next()) {
            (Some((_, Some(pooling))), None) => Ok(*pooling),
            (Some((key, None)), None) => Err(document.unexpected(key, "false")),
            (Some(_), Some((key, _))) => Err(document.unexpected(key, "only one pooling mode")),
            (None, _) => Err(document.unexpected("pooling_mode_mean_tokens", "one pooling mode")),
        }
    }

    /// Shapes: `rows` tokens×`out.len()`, at least one token. Tokens are added in their order.
    pub(super) fn pool(self, rows: &[f32], out: &mut [f32]) {
        let width = out.len();
        let (first, others) = rows.split_at(width);
        out.copy_from_slice(first);
        if self == Self::Cls {
            return;
        }
        for row in others.chunks_exact(width) {
            for (value, &more) in out.iter_mut().zip(row) {
                *value = if self == Self::Max { value.max(more) } else { *value + more };
            }
        }
        let tokens = (rows.len() / width) as f32;
        let divisor = match self {
            Self::Cls | Self::Max => return,
            Self::Mean => tokens,
            Self::MeanSqrtLength => tokens.sqrt(),
        };
        for value in out {
            *value /= divisor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pooling;

    #[test]
    fn each_mode_makes_its_own_vector_of_the_rows() {
        let rows = [1.0, -8.0, 3.0, 2.0, 5.0, 0.0, 7.0, 6.0];
        for (pooling, expected) in [
            (Pooling::Cls, [1.0, -8.0]),
            (Pooling::Mean, [4.0, 0.0]),
            (Pooling::Max, [7.0, 6.0]),
            (Pooling::MeanSqrtLength, [8.0, 0.0]),
        ] {
            let mut out = [0.0; 2];
            pooling.pool(&rows, &mut out);
            assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits), "{pooling:?}");
        }
    }
}
