//! Document formats to blocks: text, Markdown, HTML, EPUB, office, CSV, JSON, code, archives.
