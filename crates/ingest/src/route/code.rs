//! Whether a text is source code.
//!
//! Chunks are text: that a block was code is forgotten by then, and e-mails and PDF files never said so. Each line is
//! asked on its own; what counts is the share of the text's bytes that lies in lines of code.

/// Of a text's bytes, spaces at the ends of lines left out.
const MOSTLY_FROM: f64 = 0.5;

/// Whether more than half of a text is code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    Hardly,
    Mostly,
}

impl Code {
    pub fn of(text: &str) -> Self {
        if share(text) > MOSTLY_FROM { Self::Mostly } else { Self::Hardly }
    }
}

/// Bytes in lines of code among the bytes of all lines, in 0..=1.
pub fn share(text: &str) -> f64 {
    let (mut code, mut all) = (0_usize, 0_usize);
    let mut fenced = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        all += line.len();
        if fenced || is_code(line) {
            code += line.len();
        }
    }
    if all == 0 { 0.0 } else { code as f64 / all as f64 }
}

/// What begins a line of code, with the space behind it, in the languages most written.
const OPENINGS: [&str; 38] = [
    "#define ",
    "#include",
    "#pragma ",
    "@Override",
    "async fn ",
    "await ",
    "case ",
    "class ",
    "const ",
    "def ",
    "elif ",
    "else {",
    "else:",
    "enum ",
    "except ",
    "export ",
    "fn ",
    "for (",
    "from ",
    "func ",
    "function ",
    "if (",
    "impl ",
    "import ",
    "let ",
    "match ",
    "namespace ",
    "package ",
    "private ",
    "pub ",
    "public ",
    "return ",
    "static ",
    "struct ",
    "try:",
    "use ",
    "var ",
    "while (",
];

/// Openings that are also words of prose: their lines must end as code does as well.
const WORDS: [&str; 18] = [
    "await ", "case ", "class ", "const ", "enum ", "except ", "export ", "from ", "import ",
    "let ", "match ", "package ", "private ", "public ", "return ", "static ", "struct ", "use ",
];

/// Signs that prose has no use for.
const SIGNS: [&str; 15] =
    ["!=", "&&", "()", "++;", "+=", "-=", "->", "::", "=>", "==", "});", "]);", "||", "</", "/>"];

/// A line that reads as code; surrounding spaces say nothing.
pub(super) fn is_code(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with("//") || line.starts_with("/*") || line.starts_with("#!") {
        return true;
    }
    let ends = line.ends_with([';', '{', '}']) || line.ends_with("):") || line.ends_with(");");
    let opens = OPENINGS.iter().find(|opening| line.starts_with(**opening));
    if let Some(opening) = opens
        && (!WORDS.contains(opening) || ends || has_call(line) || is_short_statement(line))
    {
        return true;
    }
    // A sentence may end in a semicolon, and LaTeX in a brace: one of them is not enough.
    let signs = SIGNS.iter().filter(|sign| line.contains(**sign)).count();
    let formula = line.contains('\\') || line.contains('$');
    if formula {
        return false;
    }
    matches!(line, "{" | "}" | "};" | "})" | "});")
        || (ends && (signs > 0 || has_call(line) || line.contains(" = ") || line.ends_with('{')))
        || (line.ends_with(':') && (signs > 0 || has_call(line)))
        || (signs > 1)
        || (signs == 1 && has_call(line))
        || (line.contains(" = ") && has_call(line))
}

/// `name(`: a name of several letters that touches its bracket.
fn has_call(line: &str) -> bool {
    let calls = |at: usize| {
        let before = line.get(..at).unwrap_or_default();
        let name = before
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
            .count();
        name > 2 && !line.get(at..).is_some_and(|rest| rest.starts_with("(s)"))
    };
    line.match_indices('(').any(|(at, _)| calls(at))
}

/// `import os`, `use std::fmt`, `return x`: a few words without a full stop.
fn is_short_statement(line: &str) -> bool {
    line.split_whitespace().count() <= 4
        && !line.ends_with(['.', ',', '?', '!', ':'])
        && line.chars().any(|c| matches!(c, '_' | '.' | ':' | '=' | '<' | '('))
}

#[cfg(test)]
mod tests;
