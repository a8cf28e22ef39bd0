//! Sources and embedders: what reads from outside.
