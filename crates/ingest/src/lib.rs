//! The main job: source, parse, chunk, embed, store, consolidate.
