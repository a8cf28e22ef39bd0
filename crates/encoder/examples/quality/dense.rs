//! Scores of the table: dot products of unit vectors.
#![forbid(unsafe_code)]

use encoder::{Builtin, Scratch, kernels::dot_f32};

use crate::{evaluation::Evaluation, ranking::Scores};

pub(crate) fn scores(model: &Builtin, evaluation: &Evaluation) -> Result<Vec<Scores>, String> {
    let mut scratch = Scratch::default();
    let mut embed = |text: &str| model.embed(text, &mut scratch).ok_or("a text without a vector");
    let passages = evaluation
        .passages
        .iter()
        .map(|passage| embed(&passage.text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut all = vec![];
    for query in &evaluation.queries {
        let vector = embed(&query.text)?;
        let mut scores: Vec<f64> =
            passages.iter().map(|passage| f64::from(dot_f32(passage, &vector))).collect();
        if let Some(rest) = &query.rest {
            scores[query.relevant[0]] = f64::from(dot_f32(&embed(rest)?, &vector));
        }
        all.push(scores);
    }
    Ok(all)
}
