//! Characters of the codes that a run has shown before.
//!
//! Finding the character of a glyph goes through its name, and is the dearest thing that is done for it; a line
//! of text shows each of its letters some three times. A code means one character within a run, because a run has
//! one font, but not beyond it.

/// One-byte codes; the codes of composite fonts are looked up without names.
const CODES: usize = 256;

#[derive(Debug)]
pub(crate) struct CodeMemo {
    run: u32,
    /// By code: the last run that showed it, and its character there.
    shown: Box<[(u32, char)]>,
}

impl Default for CodeMemo {
    fn default() -> Self {
        Self { run: 0, shown: vec![(0, '\0'); CODES].into_boxed_slice() }
    }
}

impl CodeMemo {
    pub(crate) fn begin_run(&mut self) {
        self.run += 1;
    }

    pub(crate) fn get(&self, code: u32) -> Option<char> {
        let (run, character) = *self.shown.get(code as usize)?;
        (run == self.run).then_some(character)
    }

    pub(crate) fn set(&mut self, code: u32, character: char) {
        if let Some(shown) = self.shown.get_mut(code as usize) {
            *shown = (self.run, character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CodeMemo;

    #[test]
    fn a_code_is_known_within_its_run_only() {
        let mut memo = CodeMemo::default();
        memo.begin_run();
        memo.set(65, 'A');
        memo.set(70_000, 'B');
        assert_eq!((memo.get(65), memo.get(66), memo.get(70_000)), (Some('A'), None, None));
        memo.begin_run();
        assert_eq!(memo.get(65), None);
    }
}
