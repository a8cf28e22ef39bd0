use super::*;
use crate::testing::at;
use proptest::prelude::*;

fn pushed(step: impl FnOnce(&mut Outlet<'_>) -> Step) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut push = |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    };
    step(&mut Outlet::new(&mut push)).unwrap();
    blocks
}

fn text(block: &Block) -> (&str, Span) {
    match block {
        Block::Text { text, span, .. } => (text, *span),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_text_is_cut_behind_a_sentence() {
    let long = "One sentence here. ".repeat(10_000);
    let span = Span { start: 7, end: 7 + long.len() as u64 };
    let blocks = pushed(|outlet| outlet.text(TextKind::Paragraph, &long, span));
    assert!(blocks.len() > 2);
    for block in &blocks {
        let (text, _) = text(block);
        assert!(text.len() <= TEXT_BYTES_MAX && text.trim_end().ends_with('.'));
    }
}

#[test]
fn code_keeps_its_indentation_and_is_cut_at_line_ends() {
    let long = "    let x = 1;\n".repeat(10_000);
    let blocks = pushed(|outlet| outlet.extracted_text(TextKind::Code, &long));
    for block in &blocks {
        let (text, _) = text(block);
        assert!(text.starts_with("    let") && text.trim_end().ends_with(';'));
    }
}

#[test]
fn a_consumer_that_is_gone_stops_the_parser() {
    let mut push = |_| ControlFlow::Break(());
    let step = Outlet::new(&mut push).title("a");
    assert!(matches!(step, Err(Stop::Gone)));
    assert!(Stop::outcome(step).is_ok());
}

#[test]
fn a_heading_as_long_as_a_text_is_one() {
    let long = "word ".repeat(1000);
    let blocks = pushed(|outlet| outlet.extracted_heading(1, &long));
    assert!(matches!(&blocks[..], [Block::Text { .. }]));
}

proptest! {
    #[test]
    fn cuts_lose_nothing_and_places_are_exact(
        word in "[a-z.é。]{1,9}",
        spaces in 0_usize..3,
        count in 1_usize..30_000,
        start in 0_u64..1000,
    ) {
        let long = format!("{word}{}", " ".repeat(spaces)).repeat(count);
        let span = Span { start, end: start + long.len() as u64 };
        let blocks = pushed(|outlet| outlet.text(TextKind::Paragraph, &long, span));
        for block in &blocks {
            let (text, span) = text(block);
            prop_assert!(text.len() <= TEXT_BYTES_MAX);
            let place = Span { start: span.start - start, end: span.end - start };
            prop_assert_eq!(at(&long, place), text);
        }
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let whole: String = blocks.iter().map(|block| words(text(block).0)).collect();
        prop_assert_eq!(whole, words(&long));
    }
}
