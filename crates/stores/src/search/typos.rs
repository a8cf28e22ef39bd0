//! Words that a typing error may have been meant to be.
//!
//! A static table of word pieces and BM25 both miss a mistyped word, the table worse (it knows the pieces of
//! some other word); so words are mended before either is asked. Most typing errors are one letter too much,
//! too few, wrong, or two neighbours in the wrong order (Damerau, 1964).

#[cfg(test)]
mod tests;

/// Shorter words have too many neighbours.
pub(crate) const LETTERS_MIN: usize = 4;
/// Longer words are numbers, hashes, or glued: their neighbours are not worth the look-ups.
pub(crate) const LETTERS_MAX: usize = 32;
/// From here on two errors are looked for.
pub(crate) const LETTERS_FOR_TWO: usize = 8;

/// The letters of a word's script, as [`fold`](super::fold::fold) leaves them; none for a word with anything
/// else in it, or too short or too long to be mended.
pub(crate) fn alphabet(word: &[char]) -> Option<&'static str> {
    const LATIN: &str = "abcdefghijklmnopqrstuvwxyz";
    const CYRILLIC: &str = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґў";
    const GREEK: &str = "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώϊϋΐΰ";
    if !(LETTERS_MIN..=LETTERS_MAX).contains(&word.len()) {
        return None;
    }
    [LATIN, CYRILLIC, GREEK].into_iter().find(|letters| word.iter().all(|c| letters.contains(*c)))
}

/// The word with two neighbours exchanged, each way once.
pub(crate) fn transpositions(word: &[char]) -> Vec<String> {
    distinct(
        word,
        (1..word.len()).map(|at| {
            let mut near = word.to_vec();
            near.swap(at - 1, at);
            near
        }),
    )
}

/// The word with one letter left out, put in, or put in place of another.
pub(crate) fn edits(word: &[char], letters: &str) -> Vec<String> {
    let deletions = (0..word.len()).map(|at| spliced(word, at, at + 1, None));
    let substitutions = (0..word.len())
        .flat_map(|at| letters.chars().map(move |c| spliced(word, at, at + 1, Some(c))));
    let insertions = (0..=word.len())
        .flat_map(|at| letters.chars().map(move |c| spliced(word, at, at, Some(c))));
    distinct(word, deletions.chain(substitutions).chain(insertions))
}

fn spliced(word: &[char], from: usize, to: usize, with: Option<char>) -> Vec<char> {
    word[..from].iter().copied().chain(with).chain(word[to..].iter().copied()).collect()
}

fn distinct(word: &[char], near: impl Iterator<Item = Vec<char>>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    near.filter(|near| near != word)
        .map(|near| near.into_iter().collect::<String>())
        .filter(|near| seen.insert(near.clone()))
        .collect()
}

/// Fewest single errors that make one word of the other, where no place is touched twice; none above `most`.
pub(crate) fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        if row.iter().all(|d| *d > most) {
            return None;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|d| *d <= most)
}
