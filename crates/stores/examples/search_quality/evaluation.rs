//! The evaluation set, and its queries mistyped.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::error::Error;
use std::fs::File;

pub(crate) const TASKS: [&str; 3] = ["head", "gloss", "ict"];

pub(crate) struct Passage {
    pub(crate) source: String,
    pub(crate) text: String,
}

pub(crate) struct Question {
    pub(crate) task: String,
    pub(crate) source: String,
    pub(crate) words: String,
    /// Places of relevant passages.
    pub(crate) relevant: Vec<usize>,
}

pub(crate) struct Evaluation {
    pub(crate) whole: Vec<Passage>,
    /// Without the sentences that the task `ict` asks for.
    pub(crate) cut: Vec<Passage>,
    pub(crate) questions: Vec<Question>,
}

impl Evaluation {
    pub(crate) fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let value: Value = serde_json::from_reader(GzDecoder::new(File::open(path)?))?;
        let mut all =
            Self { whole: passages(&value)?, cut: passages(&value)?, questions: Vec::new() };
        for q in list(&value, "q")? {
            let places = list(q, "rel")?.iter().filter_map(Value::as_u64);
            let relevant: Vec<usize> = places.map(|place| place as usize).collect();
            if let (Some(rest), [place]) = (q["rest"].as_str(), &relevant[..]) {
                rest.clone_into(&mut all.cut[*place].text);
            }
            let [task, source, words] = [text(q, "task")?, text(q, "src")?, text(q, "q")?];
            all.questions.push(Question { task, source, words, relevant });
        }
        Ok(all)
    }
}

fn passages(value: &Value) -> Result<Vec<Passage>, Box<dyn Error>> {
    list(value, "pool")?
        .iter()
        .map(|p| Ok(Passage { source: text(p, "src")?, text: text(p, "text")? }))
        .collect()
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v Vec<Value>, Box<dyn Error>> {
    value[key].as_array().ok_or_else(|| format!("the evaluation has no list {key:?}").into())
}

fn text(value: &Value, key: &str) -> Result<String, Box<dyn Error>> {
    let text = value[key].as_str().ok_or_else(|| format!("an entry has no text {key:?}"))?;
    Ok(text.to_owned())
}

/// Exchanges two neighbouring letters, neither the first nor the last, in every word of at least five.
pub(crate) fn mistyped(words: &str) -> String {
    let swapped = words.split(' ').enumerate().map(|(place, word)| {
        let mut letters: Vec<char> = word.chars().collect();
        if letters.len() >= 5 {
            // A place that looks random and is the same every time.
            let hash = letters
                .iter()
                .fold(place, |hash, c| hash.wrapping_mul(31).wrapping_add(*c as usize));
            let at = 1 + (hash >> 3) % (letters.len() - 3);
            letters.swap(at, at + 1);
        }
        letters.into_iter().collect::<String>()
    });
    swapped.collect::<Vec<_>>().join(" ")
}
