use super::{Case, Met};
use crate::adaptive::edges::Edges;
use crate::adaptive::ledger::Ledger;
use crate::adaptive::shape::Shape;
use crate::cost::Cost;

/// Sends one call in so many seconds to a server for three minutes; after a refusal nothing until `wait` says so.
fn history(mut fits: impl FnMut(f64) -> bool, gap: f64, wait: f64) -> (Ledger, Vec<Met>) {
    let (mut ledger, mut met) = (Ledger::default(), Vec::new());
    let mut now = 0.0;
    while now < 180.0 {
        ledger.push(now, &Cost::request(1.0, 1.0));
        if fits(now) {
            now += gap;
        } else {
            ledger.refuse(now, &Cost::request(1.0, 1.0));
            met.push(Met { at: now, shut: now, open: None });
            now += wait;
        }
    }
    (ledger, met)
}

fn windows(limit: usize, length: f64, phase: f64) -> impl FnMut(f64) -> bool {
    let (mut window, mut used) = (f64::NEG_INFINITY, 0);
    move |now| {
        let begun = ((now - phase) / length).floor();
        if begun > window {
            (window, used) = (begun, 0);
        }
        used += usize::from(used < limit);
        used < limit
    }
}

fn log(limit: usize, length: f64) -> impl FnMut(f64) -> bool {
    let mut sent: Vec<f64> = Vec::new();
    move |now| {
        sent.retain(|at| at + length > now);
        let fits = sent.len() < limit;
        if fits {
            sent.push(now);
        }
        fits
    }
}

#[test]
fn windows_are_found_with_their_length_and_beginning() {
    for (length, phase) in [(10.0, 3.3), (20.0, 17.0), (30.0, 0.4)] {
        let (ledger, met) = history(windows(100, length, phase), 0.03, 2.3);
        let sent = ledger.history(0);
        let case = Case { sent: &sent, met: &met, unit: 1.0 };
        let found = case.fixed(length).expect("they are windows");
        let Shape::Fixed(edges) = found.shape else { panic!("no windows") };
        let begun = (phase - edges.low).rem_euclid(length);
        assert!(begun <= edges.doubt() && edges.doubt() < 3.0, "{length}: {edges:?}");
        assert!((found.rate * length - 100.0).abs() < 3.0, "{length}: {}", found.rate);
        assert!(case.log(length).is_none(), "{length}: no log refuses so");
    }
}

#[test]
fn a_log_is_found_and_no_windows() {
    let (ledger, met) = history(log(100, 30.0), 0.11, 6.3);
    let sent = ledger.history(0);
    let case = Case { sent: &sent, met: &met, unit: 1.0 };
    let found = case.log(30.0).expect("it is a log");
    assert!((found.rate * 30.0 - 100.0).abs() < 2.0, "{}", found.rate);
    assert!(case.log(60.0).is_none() && case.log(10.0).is_none());
    assert!(case.log_holds(30.0, 2) && !case.log_holds(10.0, 2));
}

#[test]
fn refusals_of_a_limit_that_fell_have_no_explanation() {
    let mut before = log(100, 10.0);
    let mut after = log(40, 10.0);
    let server = move |now: f64| if now < 90.0 { before(now) } else { after(now) };
    let (ledger, met) = history(server, 0.05, 7.0);
    let sent = ledger.history(0);
    let case = Case { sent: &sent, met: &met, unit: 1.0 };
    assert!(case.fits().is_empty());
    let late = met.partition_point(|met| met.at < 105.0);
    let case = Case { sent: &sent, met: &met[late..], unit: 1.0 };
    assert!(case.log(10.0).is_some());
}

#[test]
fn what_got_through_while_a_window_was_shut_refutes_it() {
    let (ledger, met) = history(windows(100, 60.0, 0.4), 0.03, 60.0);
    let sent = ledger.history(0);
    let edges = Edges { length: 60.0, low: 0.3, high: 0.5 };
    let open = |met: &Met, secs: f64| Met { open: Some(met.at + secs), ..*met };
    let until_edge = |met: &Met| 60.0 - (met.at - 0.4).rem_euclid(60.0);
    let later: Vec<Met> = met.iter().map(|met| open(met, until_edge(met) + 0.2)).collect();
    let case = Case { sent: &sent, met: &later, unit: 1.0 };
    assert!(case.windows_hold(edges, 2), "{later:?}");
    let sooner: Vec<Met> = met.iter().map(|met| open(met, 0.5)).collect();
    let case = Case { sent: &sent, met: &sooner, unit: 1.0 };
    assert!(!case.windows_hold(edges, 2), "{sooner:?}");
}

#[test]
fn the_first_refusal_counts_since_nothing_was_sent_before_it() {
    let (ledger, met) = history(log(100, 30.0), 0.11, 6.3);
    let sent = ledger.history(0);
    assert!(met[0].at < 30.0);
    let case = Case { sent: &sent, met: &met[..2], unit: 1.0 };
    assert!(case.log(30.0).is_some(), "the first two are enough");
    assert!(!case.not_fixed(30.0), "but not to rule out that windows begin somewhere");
    let case = Case { sent: &sent, met: &met, unit: 1.0 };
    assert!(case.not_fixed(30.0));
}
