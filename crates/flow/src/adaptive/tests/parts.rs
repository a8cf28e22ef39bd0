//! What each part is for: a law that holds with it, and does not without it.

use super::*;
use crate::adaptive::Part;

fn line(without: Option<Part>) -> Line {
    let mut line = Line::new(Bounds::default());
    if let Some(part) = without {
        line.policy = Adaptive::new(Bounds::default(), 1).without(part);
    }
    line
}

fn ten_minutes(without: Option<Part>, server: impl FnMut(f64, usize) -> Outcome) -> Line {
    let mut line = line(without);
    line.run(600.0, server);
    line
}

/// The figure with all parts, and without this one.
fn both<T>(part: Part, figure: impl Fn(Option<Part>) -> T) -> (T, T) {
    (figure(None), figure(Some(part)))
}

#[test]
fn the_ramp_keeps_the_first_wall_cheap() {
    let (with, without) = both(Part::Ramp, |part| ten_minutes(part, log(600, 60.0)).refused.len());
    assert!(with <= 45 && without >= 100, "{with} {without}");
}

#[test]
fn the_canary_alone_is_refused_while_there_is_no_room() {
    let (with, without) =
        both(Part::Canary, |part| ten_minutes(part, bucket(10.0, 600.0)).refused.len());
    assert!(with <= 45 && without >= 1000, "{with} {without}");
}

#[test]
fn the_ledger_spends_after_a_pause_what_a_log_has_freed_meanwhile() {
    let (with, without) = both(Part::Ledger, |part| {
        let mut line = line(part);
        let mut server = log(600, 60.0);
        line.run(300.0, &mut server);
        line.now = 330.0;
        line.hear();
        line.run(360.0, &mut server);
        line.accepted_in(330.0, 360.0)
    });
    assert!(with >= 360 && without <= 310, "{with} {without}");
}

#[test]
fn the_budget_keeps_one_in_a_hundred_at_a_call_a_second() {
    let (with, without) = both(Part::Budget, |part| ten_minutes(part, log(60, 60.0)).refused.len());
    assert!(with <= 6 && without >= 8, "{with} {without}");
}

#[test]
fn acquittal_ends_what_a_wrong_suspect_lets_through() {
    let (with, without) = both(Part::Acquittal, |part| {
        let mut line = line(part);
        let mut server = log(600, 60.0);
        for second in 1..=600_u32 {
            line.cost = Cost::request([20.0, 100.0, 400.0][second as usize / 7 % 3], 1.0);
            line.run(f64::from(second), &mut server);
        }
        line.refused.len()
    });
    assert!(with <= 60 && without >= 100, "{with} {without}");
}

#[test]
fn the_ceiling_bounds_what_a_window_that_opened_in_the_ramp_costs() {
    let (with, without) =
        both(Part::Ceiling, |part| ten_minutes(part, window(600, 60.0, 17.0)).refused.len());
    assert!(with <= 90 && without >= 150, "{with} {without}");
}

#[test]
fn presumption_finds_a_fast_limit_sooner() {
    let (with, without) = both(Part::Presumption, |part| {
        ten_minutes(part, window(100, 1.0, 0.3)).accepted_in(0.0, 60.0)
    });
    assert!(with >= 4500 && without <= 3900, "{with} {without}");
}

#[test]
fn explanations_find_a_window_of_a_length_that_no_wait_has_told() {
    let (with, without) =
        both(Part::Explanation, |part| ten_minutes(part, log(450, 30.0)).accepted_in(60.0, 600.0));
    assert!(with >= 7200 && without <= 5000, "{with} {without}");
}

#[test]
fn counts_pace_windows_of_a_second_near_their_limit() {
    let (with, without) =
        both(Part::Count, |part| ten_minutes(part, window(10, 1.0, 0.3)).accepted_in(60.0, 600.0));
    assert!(with >= 5320 && without <= 5250, "{with} {without}");
}

/// So many in windows of a second, and of a minute; what one of them refuses uses nothing of the other.
fn second_and_minute(
    second: usize,
    minute: usize,
    phase: f64,
) -> impl FnMut(f64, usize) -> Outcome {
    let mut open = [(second, 1.0, f64::MIN, 0), (minute, 60.0, f64::MIN, 0)];
    move |now, _| {
        for (_, length, begun, used) in &mut open {
            let begins = ((now - phase) / *length).floor();
            if begins > *begun {
                (*begun, *used) = (begins, 0);
            }
        }
        let fits = open.iter().all(|(limit, .., used)| used < limit);
        for (.., used) in &mut open {
            *used += usize::from(fits);
        }
        ruling(1, usize::from(fits))
    }
}

#[test]
fn a_limit_per_second_stays_beside_one_per_minute() {
    let (with, without) = both(Part::Second, |part| {
        let lines = [0.3, 17.7, 42.9].map(|at| ten_minutes(part, second_and_minute(20, 900, at)));
        let refused: usize = lines.iter().map(|line| line.refused.len()).sum();
        let accepted: usize = lines.iter().map(|line| line.accepted_in(120.0, 600.0)).sum();
        (accepted, refused)
    });
    assert!(with.0 > without.0 && 3 * with.1 < 2 * without.1, "{with:?} {without:?}");
}
