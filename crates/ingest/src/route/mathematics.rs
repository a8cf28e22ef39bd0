//! How much of a text is mathematical notation.
//!
//! A text is read as a row of marks: words, and *indicators* of mathematics. The density is the share of indicators
//! among all marks. An indicator is
//!
//! - a character that Unicode calls a mathematical symbol (`∑ ∫ ≤ ∈ × √ ∞ →`), a letter of mathematical alphabets
//!   (`𝑥`, `ℝ`), or a raised or lowered digit or letter (`²`, `ₙ`);
//! - one or two Greek letters alone, in a text whose letters are not mostly Greek (`α`, `Δx`);
//! - a command of LaTeX for mathematics (`\frac`, `\alpha`; not `\section`), `^` with something on both sides, and
//!   `_` behind a single letter or before a brace (`x_1`, `a_{ij}`; not `snake_case`);
//! - one of `= < > + ≈` with numbers, names or brackets on both sides, with or without spaces (`a + b`, `x=1`; not
//!   `C++`, `<b>`, `->`).
//!
//! Lines that read as code hold none: operators mean something else there. Words about mathematics ("theorem") are
//! none either: the question is whether a model must read formulas.

use super::code;

/// More indicators than this share of all marks make a text mathematical.
const MATHEMATICAL_ABOVE: f64 = 0.05;
/// More than this, mixed. Both shares are those of the earlier systems.
const MIXED_ABOVE: f64 = 0.01;

/// Class of a text by its density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mathematics {
    General,
    Mixed,
    Mathematical,
}

impl Mathematics {
    pub const ALL: [Self; 3] = [Self::General, Self::Mixed, Self::Mathematical];

    pub fn of(text: &str) -> Self {
        match density(text) {
            share if share > MATHEMATICAL_ABOVE => Self::Mathematical,
            share if share > MIXED_ABOVE => Self::Mixed,
            _ => Self::General,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Mixed => "mixed",
            Self::Mathematical => "mathematical",
        }
    }
}

/// Indicators among all marks, in 0..=1; 0 for a text without marks.
pub fn density(text: &str) -> f64 {
    let mut marks = Marks { greek_text: is_mostly_greek(text), ..Marks::default() };
    for line in text.lines().filter(|line| !code::is_code(line)) {
        marks.line(line);
    }
    for line in text.lines().filter(|line| code::is_code(line)) {
        marks.quarters += line.split_whitespace().count() as u64 * WORD;
    }
    let (signs, words) = (marks.indicators as f64, marks.quarters as f64 / WORD as f64);
    if signs == 0.0 { 0.0 } else { signs / (signs + words) }
}

/// A word in quarters, since scripts without spaces are counted by characters.
const WORD: u64 = 4;

#[derive(Default)]
struct Marks {
    indicators: u64,
    quarters: u64,
    greek_text: bool,
}

impl Marks {
    fn line(&mut self, line: &str) {
        let letters: Vec<char> = line.chars().collect();
        let mut at = 0;
        while let Some(&c) = letters.get(at) {
            at = match c {
                '\\' => self.command(&letters, at),
                '^' | '_' => self.script(&letters, at),
                '=' | '<' | '>' | '+' => self.operator(&letters, at),
                c if is_sign(c) => {
                    self.indicators += 1;
                    at + 1
                }
                c if c.is_alphanumeric() => self.word(&letters, at),
                _ => at + 1,
            };
        }
    }

    fn word(&mut self, letters: &[char], start: usize) -> usize {
        let length = letters[start..]
            .iter()
            .take_while(|c| (c.is_alphanumeric() || **c == '\'') && !is_sign(**c))
            .count()
            .max(1);
        let word = &letters[start..start + length];
        let greek = word.iter().filter(|c| is_greek(**c)).count();
        if greek > 0 && word.len() <= 2 && !self.greek_text {
            self.indicators += 1;
            return start + length;
        }
        let unspaced: u64 = word.iter().map(|c| quarters_of_unspaced(*c)).sum();
        self.quarters += if unspaced > 0 { unspaced } else { WORD };
        start + length
    }

    /// `\frac` and the like; other commands are marks of layout, which count as nothing.
    fn command(&mut self, letters: &[char], at: usize) -> usize {
        let name: String =
            letters[at + 1..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        if COMMANDS.binary_search(&name.as_str()).is_ok() {
            self.indicators += 1;
        }
        at + 1 + name.len()
    }

    fn script(&mut self, letters: &[char], at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|place| letters.get(place)).copied();
        let behind = letters.get(at + 1).copied();
        let (Some(before), Some(behind)) = (before, behind) else { return at + 1 };
        let holds = before.is_alphanumeric() || matches!(before, ')' | ']' | '}');
        let wanted = behind.is_alphanumeric() || matches!(behind, '{' | '(' | '-' | '\\' | '*');
        let alone = at < 2 || !letters[at - 2].is_alphanumeric() && letters[at - 2] != '_';
        let counts = if letters[at] == '^' {
            holds && wanted
        } else {
            holds && wanted && (behind == '{' || alone && before.is_alphabetic())
        };
        self.indicators += u64::from(counts);
        at + 1
    }

    /// Both neighbours touch it, or both stand one space away.
    fn operator(&mut self, letters: &[char], at: usize) -> usize {
        let left: Option<char> = at.checked_sub(1).map(|place| letters[place]);
        let right = letters.get(at + 1).copied();
        let (left, right) = match (left, right) {
            (Some(' '), Some(' ')) => {
                (at.checked_sub(2).map(|place| letters[place]), letters.get(at + 2).copied())
            }
            touching => touching,
        };
        let ends =
            |c: char| c.is_alphanumeric() || is_sign(c) || matches!(c, ')' | ']' | '}' | '$');
        let begins = |c: char| {
            c.is_alphanumeric() || is_sign(c) || matches!(c, '(' | '[' | '{' | '\\' | '-' | '$')
        };
        self.indicators += u64::from(left.is_some_and(ends) && right.is_some_and(begins));
        at + 1
    }
}

/// One character that says mathematics wherever it stands. Ranges of Unicode 17, charts "Mathematical Operators",
/// "Arrows", "Letterlike Symbols", "Mathematical Alphanumeric Symbols", "Superscripts and Subscripts".
fn is_sign(c: char) -> bool {
    matches!(c,
        '±' | '×' | '÷' | '¬' | '²' | '³' | '¹'
        | '\u{2070}'..='\u{209c}'
        | '\u{2102}' | '\u{210b}'..='\u{2115}' | '\u{2118}'..='\u{211d}' | '\u{2124}' | '\u{2128}'
        | '\u{212c}' | '\u{212d}' | '\u{212f}'..='\u{2131}' | '\u{2133}'..='\u{2138}'
        | '\u{213c}'..='\u{2149}'
        | '\u{2190}'..='\u{2194}' | '\u{21a6}' | '\u{21d0}'..='\u{21d4}'
        | '\u{2200}'..='\u{22ff}'
        | '\u{27c0}'..='\u{27ef}' | '\u{2980}'..='\u{2aff}'
        | '\u{1d400}'..='\u{1d7ff}')
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}

fn is_mostly_greek(text: &str) -> bool {
    let (mut greek, mut others) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        if is_greek(c) {
            greek += 1;
        } else {
            others += 1;
        }
    }
    greek > others
}

/// Quarters of a word that a character of a script without spaces is worth: words of Chinese and Japanese have
/// about two characters, those of Thai, Lao, Khmer and Burmese about four. 0 for all other scripts.
fn quarters_of_unspaced(c: char) -> u64 {
    match c {
        '\u{3041}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}' => WORD / 2,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => WORD / 4,
        _ => 0,
    }
}

/// Commands of LaTeX that stand in formulas only, in bytewise order.
const COMMANDS: [&str; 128] = [
    "Delta",
    "Gamma",
    "Lambda",
    "Leftrightarrow",
    "Omega",
    "Phi",
    "Pi",
    "Psi",
    "Rightarrow",
    "Sigma",
    "Theta",
    "Xi",
    "alpha",
    "approx",
    "arccos",
    "arcsin",
    "arctan",
    "argmax",
    "argmin",
    "bar",
    "beta",
    "bigcap",
    "bigcup",
    "binom",
    "boldsymbol",
    "bot",
    "cap",
    "cdot",
    "cdots",
    "chi",
    "circ",
    "cong",
    "cos",
    "cosh",
    "cup",
    "ddot",
    "delta",
    "det",
    "dfrac",
    "dim",
    "div",
    "dot",
    "ell",
    "emptyset",
    "epsilon",
    "equiv",
    "eta",
    "exists",
    "exp",
    "forall",
    "frac",
    "gamma",
    "gcd",
    "ge",
    "geq",
    "gg",
    "hat",
    "iff",
    "implies",
    "in",
    "inf",
    "infty",
    "int",
    "iota",
    "kappa",
    "lambda",
    "langle",
    "lceil",
    "ldots",
    "le",
    "left",
    "leq",
    "lfloor",
    "lim",
    "limsup",
    "ll",
    "ln",
    "log",
    "mapsto",
    "mathbb",
    "mathbf",
    "mathcal",
    "mathfrak",
    "mathrm",
    "max",
    "mid",
    "min",
    "mu",
    "nabla",
    "ne",
    "neg",
    "neq",
    "notin",
    "nu",
    "oint",
    "omega",
    "oplus",
    "otimes",
    "overline",
    "partial",
    "phi",
    "pi",
    "pm",
    "prod",
    "propto",
    "psi",
    "rangle",
    "rho",
    "right",
    "setminus",
    "sigma",
    "sim",
    "sin",
    "sqrt",
    "subset",
    "subseteq",
    "sum",
    "sup",
    "tan",
    "tau",
    "theta",
    "tilde",
    "times",
    "varepsilon",
    "vec",
    "wedge",
    "xi",
    "zeta",
];

#[cfg(test)]
mod tests;
