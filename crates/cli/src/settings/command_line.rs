//! A user's program with its arguments.

use std::fmt;

/// The arguments may hold secrets: only their number is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CommandLine {
    pub program: String,
    pub arguments: Vec<String>,
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        match self.arguments.len() {
            0 => Ok(()),
            1 => f.write_str(" (1 argument)"),
            many => write!(f, " ({many} arguments)"),
        }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
