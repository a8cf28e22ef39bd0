//! Numbered fault points for crash tests; empty unless its feature is on.
