use super::*;
use proptest::prelude::*;

/// One token per word and one more per eight letters of a long one: additive at white space, like `WordPiece`.
struct Words;

impl TokenCount for Words {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().map(|word| word.chars().count().div_ceil(8)).sum()
    }
}

fn paragraph(text: &str) -> Block {
    Block::Text {
        kind: TextKind::Paragraph,
        text: text.into(),
        span: Span { start: 0, end: text.len() as u64 },
    }
}

fn heading(level: u8, text: &str) -> Block {
    Block::Heading { level, text: text.into(), span: Span::default() }
}

fn cut(blocks: Vec<Block>, tokens: usize, overlap: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut chunker = Chunker::new(
        &Hash([7; 32]),
        ChunkSettings { tokens, overlap, text_tokens: usize::MAX },
        &Words,
    );
    let mut out = |chunk| {
        chunks.push(chunk);
        ControlFlow::Continue(())
    };
    for block in blocks {
        assert_eq!(chunker.push(block, &mut out), ControlFlow::Continue(()));
    }
    assert_eq!(chunker.finish(&mut out), ControlFlow::Continue(()));
    chunks
}

fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

#[test]
fn headings_stand_inside_the_text_and_beside_it() {
    let chunks = cut(
        vec![
            heading(1, "Bees"),
            heading(2, "Swarms"),
            paragraph("Scouts dance for a site."),
            heading(2, "Honey"),
            paragraph("It keeps for years."),
        ],
        40,
        5,
    );
    assert_eq!(
        texts(&chunks),
        ["Bees > Swarms\n\nScouts dance for a site.", "Bees > Honey\n\nIt keeps for years."]
    );
    assert_eq!(chunks[0].section.as_deref(), Some("Swarms"));
    assert_eq!(chunks[1].chapter.as_deref(), Some("Honey"));
    assert_eq!((chunks[0].seq, chunks[1].seq), (0, 1));
}

#[test]
fn a_heading_with_nothing_under_it_is_not_lost() {
    let chunks = cut(
        vec![heading(1, "One"), heading(2, "Two"), heading(2, "Three"), heading(1, "Four")],
        40,
        5,
    );
    assert_eq!(texts(&chunks), ["One\n\nTwo", "One\n\nThree", "One\n\nFour"]);
}

#[test]
fn a_long_section_is_cut_between_sentences_with_overlap() {
    let chunks = cut(vec![paragraph("A b c d. E f g h. I j k l. M n o p.")], 8, 4);
    assert_eq!(texts(&chunks), ["A b c d. E f g h.", "E f g h. I j k l.", "I j k l. M n o p."]);
    assert_eq!(chunks[1].span, Span { start: 9, end: 26 });
}

#[test]
fn a_sentence_longer_than_a_chunk_is_cut_between_words() {
    let chunks = cut(vec![paragraph("a b c d e f g h i j")], 4, 0);
    assert_eq!(texts(&chunks), ["a b c d", "e f g h", "i j"]);
}

#[test]
fn code_keeps_its_lines_and_is_not_repeated() {
    let text = "fn a() {\n    b();\n}\nfn c() {\n    d();\n}\n";
    let block = Block::Text { kind: TextKind::Code, text: text.into(), span: Span::default() };
    let chunks = cut(vec![block], 6, 4);
    assert_eq!(texts(&chunks), ["fn a() {\n    b();\n}", "fn c() {\n    d();\n}"]);
}

#[test]
fn a_page_is_that_of_the_first_new_sentence() {
    let chunks = cut(
        vec![
            Block::Page(1),
            paragraph("A b c d."),
            Block::Page(2),
            paragraph("E f g h."),
            paragraph("I j k l."),
        ],
        8,
        4,
    );
    assert_eq!(chunks.iter().map(|chunk| chunk.page).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[test]
fn records_keep_their_own_labels_and_are_never_joined() {
    let record = |text: &str, domain: &str| {
        Block::Record(Labelled {
            text: text.into(),
            label: OwnLabel { domain: Some(domain.into()), category: None },
            section: Some("S".into()),
            page: Some(3),
            metadata: Metadata("{\"a\":1}".into()),
        })
    };
    let chunks = cut(vec![record("one", "x"), record("two", "y")], 40, 5);
    assert_eq!(texts(&chunks), ["one", "two"]);
    assert_eq!(chunks[1].label.domain.as_deref(), Some("y"));
    assert_eq!((chunks[1].page, chunks[1].metadata.as_json()), (Some(3), "{\"a\":1}"));
}

#[test]
fn ids_depend_on_document_settings_place_and_text() {
    let id = |document: u8, tokens: usize, text: &str| {
        let mut ids = Vec::new();
        let mut chunker = Chunker::new(
            &Hash([document; 32]),
            ChunkSettings { tokens, overlap: 1, text_tokens: usize::MAX },
            &Words,
        );
        let mut out = |chunk: Chunk| {
            ids.push(chunk.id);
            ControlFlow::Continue(())
        };
        assert!(chunker.push(paragraph(text), &mut out).is_continue());
        assert!(chunker.finish(&mut out).is_continue());
        ids[0]
    };
    let first = id(1, 10, "same words");
    assert_eq!(first, id(1, 10, "same words"));
    for other in [id(2, 10, "same words"), id(1, 11, "same words"), id(1, 10, "other words")] {
        assert_ne!(first, other);
    }
    assert_eq!(uuid::Uuid::from_bytes(first).get_version_num(), 8);
}

fn any_block() -> impl Strategy<Value = Block> {
    let text = "[a-zé中。 .!?\n]{0,300}";
    prop_oneof![
        (1u8..5, "[a-z ]{0,40}").prop_map(|(level, text)| heading(level, &text)),
        text.prop_map(|text| paragraph(&text)),
        text.prop_map(|text| Block::Text { kind: TextKind::Code, text, span: Span::default() }),
        (1u32..9).prop_map(Block::Page),
    ]
}

proptest! {
    #[test]
    fn chunks_cover_the_text_and_keep_to_the_limit(
        blocks in proptest::collection::vec(any_block(), 0..12),
        tokens in 8usize..60,
        overlap in 0usize..7,
    ) {
        let chunks = cut(blocks.clone(), tokens, overlap);
        let all: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect::<Vec<_>>().join("\n");
        let squeezed: String = all.chars().filter(|c| !c.is_whitespace()).collect();
        for block in &blocks {
            let (Block::Text { text, .. } | Block::Heading { text, .. }) = block else { continue };
            for word in text.split(|c: char| c.is_whitespace() || ".!?。中".contains(c)).filter(|w| !w.is_empty() && w.len() < 8) {
                prop_assert!(squeezed.contains(word), "{word:?} is lost");
            }
        }
        for (place, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.seq as usize, place);
            prop_assert!(!chunk.text.trim().is_empty());
            // The separators between headings are tokens too.
            prop_assert!(Words.count(&chunk.text) <= tokens, "{:?} has more than {tokens} tokens", chunk.text);
        }
    }
}
