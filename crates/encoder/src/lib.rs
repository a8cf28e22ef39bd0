//! Text to vectors on this machine: WordPiece, the built-in static table, kernels.
