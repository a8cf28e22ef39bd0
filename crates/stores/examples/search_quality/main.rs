//! How well a real store finds, with and without typing errors: MRR@10 within a query's source, mean of the
//! three tasks of the evaluation set.
//!
//! `cargo run --release -p gristmill-stores --example search_quality [EVAL.json.gz]`
//!
//! Fails if spelling loses the goal. Sentences that were cut out of their passage (task `ict`) are looked for
//! in a second store, whose passages lack them.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

mod evaluation;
mod shelf;

use evaluation::{Evaluation, Question, TASKS, mistyped};
use shelf::{Asked, Shelf};
use std::error::Error;
use types::query::Mode;

const EVALUATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/builtin/eval.json.gz");
const MODES: [Mode; 3] = [Mode::Keyword, Mode::Semantic, Mode::Hybrid];
/// Share of the hybrid's MRR that may be lost when every word of five letters and more is mistyped.
const LOSS_MAX: f64 = 0.2;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| EVALUATION.to_owned());
    let evaluation = Evaluation::read(&path)?;
    let whole = Shelf::fill(&evaluation.whole)?;
    let cut = Shelf::fill(&evaluation.cut)?;
    println!("{} passages, {} queries", evaluation.whole.len(), evaluation.questions.len());
    println!("{:<10}{:>10}{:>10}{:>10}{:>10}", "MRR@10", "typed", "mistyped", "mended", "lost");
    let mut lost = 1.0;
    for mode in MODES {
        let score = |asked: Asked, words: &dyn Fn(&Question) -> String| {
            mean_of_tasks(&evaluation.questions, |question| {
                let shelf = if question.task == "ict" { &cut } else { &whole };
                shelf.reciprocal_rank(mode, asked, &words(question), question)
            })
        };
        let typed = score(Asked::Spelled, &|question| question.words.clone())?;
        let mistyped_ = score(Asked::AsTyped, &|question| mistyped(&question.words))?;
        let mended = score(Asked::Spelled, &|question| mistyped(&question.words))?;
        lost = 1.0 - mended / typed;
        println!(
            "{:<10}{typed:>10.3}{mistyped_:>10.3}{mended:>10.3}{:>9.1}%",
            mode.as_str(),
            100.0 * lost
        );
    }
    if lost > LOSS_MAX {
        return Err(format!("typing errors cost {:.1} % of the hybrid", 100.0 * lost).into());
    }
    Ok(())
}

fn mean_of_tasks(
    questions: &[Question],
    score: impl Fn(&Question) -> Result<f64, Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let mut mean = 0.0;
    for task in TASKS {
        let of_task: Vec<&Question> = questions.iter().filter(|q| q.task == task).collect();
        let mut sum = 0.0;
        for question in &of_task {
            sum += score(question)?;
        }
        mean += sum / of_task.len() as f64 / TASKS.len() as f64;
    }
    Ok(mean)
}
