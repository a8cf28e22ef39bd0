//! Each bad input: a message with file, cause and hint; the rest goes on.

