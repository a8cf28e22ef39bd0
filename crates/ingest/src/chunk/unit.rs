//! A block's text in units that a chunk may be cut between: sentences, rows, lines.

use types::block::{Span, TextKind};
use types::seam::TokenCount;

/// The smallest piece that is never cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// With the white space that follows it inside its block.
    pub text: String,
    pub tokens: usize,
    pub span: Span,
    pub kind: TextKind,
    /// First unit of its block.
    pub opens: bool,
}

/// White space to single spaces.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cuts `text` so that no unit has more than `budget` tokens, unless a single character has.
pub(super) fn units(
    kind: TextKind,
    text: &str,
    span: Span,
    budget: usize,
    counter: &dyn TokenCount,
) -> Vec<Unit> {
    let pieces = match kind {
        TextKind::Code => lines(text),
        TextKind::Paragraph | TextKind::ListItem | TextKind::TableRow => sentences(text),
    };
    let mut units = Vec::with_capacity(pieces.len());
    for (start, piece) in pieces {
        if piece.trim().is_empty() {
            continue;
        }
        let tokens = counter.count(piece);
        if tokens <= budget {
            units.push(unit(kind, text, span, (start, piece, tokens)));
        } else {
            for (offset, part) in parts(piece, budget, counter) {
                let tokens = counter.count(part);
                units.push(unit(kind, text, span, (start + offset, part, tokens)));
            }
        }
    }
    if let Some(first) = units.first_mut() {
        first.opens = true;
    }
    units
}

fn unit(
    kind: TextKind,
    whole: &str,
    span: Span,
    (start, text, tokens): (usize, &str, usize),
) -> Unit {
    // Offsets inside the block are known only where its text stands in the source byte by byte.
    let verbatim = span.end.saturating_sub(span.start) == whole.len() as u64;
    let span = if verbatim {
        Span {
            start: span.start + start as u64,
            end: span.start + (start + text.trim_end().len()) as u64,
        }
    } else {
        span
    };
    Unit { text: text.to_owned(), tokens, span, kind, opens: false }
}

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            (start, line)
        })
        .collect()
}

/// Sentences with the white space that follows them: ended by a full stop, question or exclamation mark (also
/// of Chinese, Japanese, Hindi, Arabic) and closing quotes or brackets, before white space and something that
/// may begin a sentence.
fn sentences(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let wide = matches!(c, '。' | '！' | '？' | '।');
        if !(wide || matches!(c, '.' | '!' | '?' | '…' | '؟')) {
            continue;
        }
        while chars
            .next_if(|&(_, c)| matches!(c, '"' | '\'' | '”' | '’' | ')' | ']' | '»' | '」' | '』'))
            .is_some()
        {}
        let mut spaces = 0;
        while chars.next_if(|&(_, c)| c.is_whitespace()).is_some() {
            spaces += 1;
        }
        let Some(&(next, following)) = chars.peek() else { break };
        if wide || (spaces > 0 && !following.is_lowercase()) {
            found.push((start, text.get(start..next).unwrap_or_default()));
            start = next;
        }
    }
    found.push((start, text.get(start..).unwrap_or_default()));
    found
}

/// Cuts a piece that is too long: between words where there are any, else between characters.
fn parts<'t>(piece: &'t str, budget: usize, counter: &dyn TokenCount) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    let (mut start, mut end, mut tokens) = (0, 0, 0);
    for word in piece.split_inclusive(char::is_whitespace) {
        let count = counter.count(word);
        if count > budget {
            if end > start {
                found.push((start, piece.get(start..end).unwrap_or_default()));
            }
            found.extend(halves(word, end, budget, counter));
            end += word.len();
            (start, tokens) = (end, 0);
            continue;
        }
        if tokens + count > budget {
            found.push((start, piece.get(start..end).unwrap_or_default()));
            (start, tokens) = (end, 0);
        }
        end += word.len();
        tokens += count;
    }
    if end > start {
        found.push((start, piece.get(start..end).unwrap_or_default()));
    }
    found.retain(|(_, part)| !part.trim().is_empty());
    found
}

/// Halves a word without white space until every half fits.
fn halves<'t>(
    word: &'t str,
    offset: usize,
    budget: usize,
    counter: &dyn TokenCount,
) -> Vec<(usize, &'t str)> {
    let mut done = Vec::new();
    let mut todo = vec![(offset, word)];
    while let Some((start, part)) = todo.pop() {
        let middle = part.len() / 2;
        let cut = (middle..part.len()).find(|&i| part.is_char_boundary(i)).unwrap_or(part.len());
        if cut == 0 || cut == part.len() || counter.count(part) <= budget {
            done.push((start, part));
            continue;
        }
        let (left, right) = part.split_at(cut);
        todo.push((start + cut, right));
        todo.push((start, left));
    }
    done
}
