//! Letters as the full text index holds them: `unicode61 remove_diacritics 2`.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The word in small letters; Latin letters without their marks.
pub(crate) fn fold(word: &str) -> String {
    word.chars()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| !is_combining_mark(*c))
        .map(base)
        .collect()
}

/// The tokeniser takes marks off Latin letters only, and gives the other forms of a letter up.
fn base(c: char) -> char {
    match c {
        'µ' => return 'μ',
        'ς' => return 'σ',
        'ſ' | 'ẛ' => return 's',
        'ϐ' => return 'β',
        'ϑ' => return 'θ',
        'ϕ' => return 'φ',
        'ϖ' => return 'π',
        'ϰ' => return 'κ',
        'ϱ' => return 'ρ',
        'ϵ' => return 'ε',
        '\u{1fbe}' => return 'ι',
        _ => {}
    }
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    first.filter(char::is_ascii_alphabetic).unwrap_or(c)
}
