//! Runs parsers in a limited child process.
