use super::*;
use types::block::{Span, TextKind};

/// What one child pushes before it dies of `death`.
type Life = (Vec<Block>, Death);

fn text(word: &str) -> Block {
    Block::Title(word.to_owned())
}

/// What the consumer gets, the first page of each child, and what comes after the last death.
fn run(lives: Vec<Life>) -> (Vec<Block>, Vec<u32>, Next) {
    let mut got = Vec::new();
    let mut firsts = Vec::new();
    let mut push = |block| {
        got.push(block);
        ControlFlow::Continue(())
    };
    let mut progress = Progress::new(&mut push);
    let mut next = Next::Again;
    for (blocks, death) in lives {
        assert_eq!(next, Next::Again);
        firsts.push(progress.first_page());
        for block in blocks {
            assert!(progress.take(block).is_continue());
        }
        next = progress.after(&death);
    }
    (got, firsts, next)
}

fn crash() -> Death {
    Death::Signal(11)
}

fn incomplete(page: u32, death: &Death) -> Block {
    Block::Warning(format!("page {page} is not complete: {death}"))
}

#[test]
fn a_crash_without_pages_is_tried_once_more_and_repeats_no_block() {
    let (got, firsts, next) = run(vec![
        (vec![text("a"), text("b")], crash()),
        (vec![text("a"), text("b"), text("c")], crash()),
    ]);
    assert_eq!(got, [text("a"), text("b"), text("c")]);
    assert_eq!(firsts, [1, 1]);
    assert_eq!(next, Next::GiveUp);
}

#[test]
fn a_limit_without_pages_is_not_tried_again() {
    for death in [Death::Memory, Death::Cpu, Death::Wall, Death::Stack, Death::Output] {
        let (_, _, next) = run(vec![(vec![text("a")], death)]);
        assert_eq!(next, Next::GiveUp);
    }
}

#[test]
fn after_a_death_reading_goes_on_at_the_next_page_without_the_title() {
    for death in [crash(), Death::Memory, Death::Cpu, Death::Wall, Death::Stack] {
        let (got, firsts, next) = run(vec![
            (vec![text("t"), Block::Page(1), text("a"), Block::Page(2)], death.clone()),
            (vec![text("t"), Block::Page(3), text("c"), Block::Page(4)], death.clone()),
        ]);
        let expected = [
            text("t"),
            Block::Page(1),
            text("a"),
            Block::Page(2),
            incomplete(2, &death),
            Block::Page(3),
            text("c"),
            Block::Page(4),
            incomplete(4, &death),
        ];
        assert_eq!(got, expected);
        assert_eq!(firsts, [1, 3]);
        assert_eq!(next, Next::Again);
    }
}

#[test]
fn spans_go_on_where_the_earlier_child_ended() {
    let spanned = |start, end| Block::Text {
        kind: TextKind::Paragraph,
        text: "x".repeat((end - start) as usize),
        span: Span { start, end },
    };
    let (got, _, _) = run(vec![
        (vec![Block::Page(1), spanned(0, 5), spanned(6, 10), Block::Page(2)], crash()),
        (vec![Block::Page(3), spanned(0, 3), Block::Page(4)], crash()),
        (vec![Block::Page(5), spanned(0, 2)], crash()),
    ]);
    let spans: Vec<_> = got
        .iter()
        .filter_map(|block| match block {
            Block::Text { span, .. } => Some((span.start, span.end)),
            _ => None,
        })
        .collect();
    assert_eq!(spans, [(0, 5), (6, 10), (11, 14), (15, 17)]);
}

#[test]
fn a_page_that_dies_before_it_is_announced_is_stepped_over() {
    let (got, firsts, next) = run(vec![
        (vec![Block::Page(1)], crash()),
        (vec![], crash()),
        (vec![Block::Page(4)], crash()),
    ]);
    assert_eq!(firsts, [1, 2, 3]);
    assert_eq!(next, Next::Again);
    assert!(got.contains(&incomplete(2, &crash())));
}

#[test]
fn a_resumed_page_that_meets_a_limit_without_progress_ends_the_document() {
    let (_, _, next) = run(vec![(vec![Block::Page(1)], crash()), (vec![], Death::Memory)]);
    assert_eq!(next, Next::GiveUp);
}

#[test]
fn the_fourth_bad_page_is_the_last() {
    let lives = (1..=4).map(|page| (vec![Block::Page(page)], crash())).collect();
    let (got, firsts, next) = run(lives);
    assert_eq!(firsts, [1, 2, 3, 4]);
    assert_eq!(next, Next::GiveUp);
    assert_eq!(got.iter().filter(|block| matches!(block, Block::Warning(_))).count(), 3);
}

#[test]
fn a_flood_and_an_attack_end_a_paged_document() {
    for death in [Death::Output, Death::ForbiddenCall, Death::Garbled] {
        let (_, _, next) = run(vec![(vec![Block::Page(1)], death)]);
        assert_eq!(next, Next::GiveUp);
    }
}

#[test]
fn a_consumer_that_breaks_at_the_warning_ends_it() {
    let mut push = |block| match block {
        Block::Warning(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut progress = Progress::new(&mut push);
    assert!(progress.take(Block::Page(1)).is_continue());
    assert_eq!(progress.after(&crash()), Next::ConsumerGone);
}
