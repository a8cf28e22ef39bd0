//! Scores of a transformer from a folder.
#![forbid(unsafe_code)]

use std::{error::Error, path::Path};

use encoder::{
    Transformer,
    kernels::dot_f32,
    transformer::{Memory, Options, Precision, Side, Tokens},
};

use crate::{evaluation::Evaluation, ranking::Scores};

/// Passages of a batch: speed alone depends on it.
const BATCH: usize = 8;

pub(crate) fn scores(
    folder: &Path,
    precision: Precision,
    evaluation: &Evaluation,
) -> Result<Vec<Scores>, Box<dyn Error>> {
    let model = Transformer::load(folder, Options { precision, ..Options::default() })?;
    let passages: Vec<&str> =
        evaluation.passages.iter().map(|passage| passage.text.as_str()).collect();
    let queries: Vec<&str> = evaluation.queries.iter().map(|query| query.text.as_str()).collect();
    let rests: Vec<&str> =
        evaluation.queries.iter().filter_map(|query| query.rest.as_deref()).collect();
    let passages = embed(&model, Side::Document, &passages)?;
    let queries = embed(&model, Side::Query, &queries)?;
    let mut rests = embed(&model, Side::Document, &rests)?.into_iter();
    let mut all = Vec::with_capacity(queries.len());
    for (query, vector) in evaluation.queries.iter().zip(&queries) {
        let score = |passage: &Vec<f32>| f64::from(dot_f32(passage, vector));
        let mut scores: Vec<f64> = passages.iter().map(score).collect();
        if query.rest.is_some() {
            scores[query.relevant[0]] = score(&rests.next().ok_or("a rest without a vector")?);
        }
        all.push(scores);
    }
    Ok(all)
}

fn embed(model: &Transformer, side: Side, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
    let tokens = texts.iter().map(|text| model.tokens(side, text).ok_or("a text without a token"));
    let tokens = tokens.collect::<Result<Vec<Tokens>, _>>()?;
    let mut memory = Memory::default();
    let batches = tokens.chunks(BATCH);
    Ok(batches
        .flat_map(|batch| model.embed(&batch.iter().collect::<Vec<_>>(), &mut memory))
        .collect())
}
