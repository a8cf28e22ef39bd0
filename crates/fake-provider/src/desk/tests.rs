use super::{Decision, Desk, Ending};
use crate::ask::{Ask, Texts};
use crate::plan::Plan;
use crate::refusal::Refusal;
use std::borrow::Cow;
use std::sync::Arc;

fn desk(plan: &str) -> Desk {
    Desk::new(Arc::new(Plan::from_toml(plan).unwrap()))
}

fn ask(text: &str) -> Ask<'_> {
    Ask::new(Cow::Borrowed("m"), Texts(vec![Cow::Borrowed(text)]))
}

fn status(decision: &Decision<'_>) -> &'static str {
    match &decision.ending {
        Ending::Answer { .. } => "ok",
        Ending::Refuse { refusal, .. } => refusal.name(),
        Ending::Reset | Ending::Silence => "none",
    }
}

/// One call that is over at once.
fn call(desk: &mut Desk, now: f64, key: Option<&str>) -> &'static str {
    let decision = desk.arrive(now, key, Ok(ask("text")));
    desk.leave(decision.ticket);
    status(&decision)
}

fn calls(desk: &mut Desk, now: f64, key: &str, sent: usize) -> usize {
    (0..sent).filter(|_| call(desk, now, Some(key)) == "ok").count()
}

#[test]
fn keys_of_a_group_share_limits_and_others_do_not() {
    let limit = "[[limit]]\ndimension = 'requests'\nkind = 'bucket'\nlimit = 4\n";
    let known = "key = [{ key = 'a', group = 'g' }, { key = 'b', group = 'g' }, { key = 'c' }, { key = 'd' }]";
    let mut own = desk(&format!("{limit}[keys]\nshare = 'key'\n{known}"));
    assert_eq!(calls(&mut own, 0.0, "a", 3), 3);
    assert_eq!(calls(&mut own, 0.0, "b", 3), 1);
    assert_eq!(calls(&mut own, 0.0, "c", 9), 4);
    assert_eq!(calls(&mut own, 0.0, "d", 9), 4);
    let mut shared = desk(limit);
    assert_eq!(calls(&mut shared, 0.0, "a", 3), 3);
    assert_eq!(calls(&mut shared, 0.0, "b", 3), 1);
}

#[test]
fn an_account_is_spent_after_so_many_accepted_calls_and_stays_so() {
    let mut desk =
        desk("[keys]\nkey = [{ key = 'a', spent_after = 2 }, { key = 'b' }]\nshare = 'key'");
    assert_eq!(calls(&mut desk, 0.0, "a", 5), 2);
    assert_eq!(call(&mut desk, 1e6, Some("a")), "insufficient_quota");
    assert_eq!(calls(&mut desk, 0.0, "b", 5), 5);
    assert_eq!(call(&mut desk, 0.0, Some("unknown")), "unauthorized");
    assert_eq!(call(&mut desk, 0.0, None), "unauthorized");
}

#[test]
fn every_limit_must_let_a_call_pass_and_a_refused_call_costs_nothing() {
    let mut desk = desk(
        "[[limit]]\ndimension = 'requests'\nkind = 'sliding_window'\nlimit = 3\n\
         [[limit]]\ndimension = 'input_tokens'\nkind = 'bucket'\nlimit = 10",
    );
    let long = "x".repeat(36);
    let mut walls = Vec::new();
    for (text, expected) in
        [(long.as_str(), "ok"), (&long, "limited"), ("a", "ok"), ("a", "limited")]
    {
        let decision = desk.arrive(0.0, None, Ok(ask(text)));
        desk.leave(decision.ticket);
        assert_eq!(status(&decision), expected);
        if let Ending::Refuse { refusal: Refusal::Limited(wall), .. } = &decision.ending {
            assert_eq!(wall.state.dimension, quota::Dimension::InputTokens);
            walls.push([wall.state.limit, wall.used, wall.requested]);
        }
    }
    assert_eq!(walls, [[10.0, 9.0, 9.0], [10.0, 10.0, 1.0]]);
    assert_eq!(call(&mut desk, 30.0, None), "ok");
    assert_eq!(call(&mut desk, 59.0, None), "limited", "three calls within the last minute");
    assert_eq!(call(&mut desk, 60.5, None), "ok");
}

#[test]
fn refusals_that_count_keep_a_hammering_client_out() {
    let plan = |count: bool| {
        format!(
            "[[limit]]\ndimension = 'requests'\nkind = 'bucket'\nlimit = 60\nrefusals_count = {count}"
        )
    };
    let accepted = |count| {
        let mut desk = desk(&plan(count));
        (0..1200).map(|tick| calls(&mut desk, f64::from(tick) * 0.25, "k", 1)).sum::<usize>()
    };
    assert_eq!(accepted(false), 60 + 299);
    assert!(accepted(true) < 100, "{}", accepted(true));
}

#[test]
fn a_limit_changes_at_its_time() {
    let mut desk = desk(
        "[[limit]]\ndimension = 'requests'\nkind = 'fixed_window'\nlimit = 10\nfirst_edge_secs = 60\n\
         change = [{ at_secs = 60, limit = 3 }, { at_secs = 120, limit = 20 }]",
    );
    for (now, passed) in [(0.0, 10), (59.0, 0), (60.0, 3), (119.0, 0), (120.0, 20)] {
        assert_eq!(calls(&mut desk, now, "k", 30), passed, "at {now}");
    }
}

#[test]
fn calls_beyond_the_limit_at_once_are_refused_until_one_leaves() {
    let mut desk = desk("limit = [{ dimension = 'in_flight', kind = 'in_flight', limit = 2 }]");
    let first = desk.arrive(0.0, None, Ok(ask("a"))).ticket;
    let second = desk.arrive(0.0, None, Ok(ask("b"))).ticket;
    let third = desk.arrive(0.0, None, Ok(ask("c")));
    assert_eq!(status(&third), "limited");
    desk.leave(third.ticket);
    desk.leave(first);
    let fourth = desk.arrive(0.0, None, Ok(ask("c")));
    assert_eq!(status(&fourth), "ok");
    desk.leave(second);
    desk.leave(fourth.ticket);
    let stats = desk.records.stats(0.0);
    assert_eq!((stats.in_flight, stats.in_flight_max), (0, 3));
}

#[test]
fn slots_serve_first_come_first_served() {
    let mut desk = desk("[service]\nlatency_secs = 1.0\nslots = 2\nrefusal_secs = [0.25, 0.25]");
    let due: Vec<f64> = (0..5).map(|_| desk.arrive(0.0, None, Ok(ask("text"))).due).collect();
    assert_eq!(due, [1.0, 1.0, 2.0, 2.0, 3.0]);
    let refused = desk.arrive(7.0, None, Err(Refusal::NoSuchPath));
    assert!((refused.due - 7.25).abs() < 1e-9);
}

#[test]
fn an_outage_refuses_all_calls_of_its_time_and_charges_nothing() {
    let mut desk = desk(
        "limit = [{ dimension = 'requests', kind = 'bucket', limit = 2 }]\n[service]\n\
         trouble = [{ from_secs = 10, until_secs = 20, overloaded_share = 1.0 }]",
    );
    for now in [10.0, 15.0, 19.0] {
        assert_eq!(call(&mut desk, now, None), "broken", "at {now}");
    }
    assert_eq!(calls(&mut desk, 20.0, "k", 3), 2);
}

#[test]
fn faults_strike_by_number_time_marker_and_as_often_as_said() {
    let mut desk = desk(
        "[[fault]]\nwhat = { status = { code = 500 } }\nwhen = { nth = [2, 4] }\n\
         [[fault]]\nwhat = { status = { code = 503 } }\nwhen = { from = 10, until = 20, times = 2 }",
    );
    let seen: Vec<&str> = (0..5).map(|_| call(&mut desk, 0.0, None)).collect();
    assert_eq!(seen, ["ok", "broken", "ok", "broken", "ok"]);
    let seen: Vec<&str> = (0..5).map(|at| call(&mut desk, 9.0 + f64::from(at), None)).collect();
    assert_eq!(seen, ["ok", "broken", "broken", "ok", "ok"]);
    assert_eq!(desk.records.stats(0.0).faults["status"], 4);
}

#[test]
fn faults_by_chance_come_in_their_share_and_are_the_same_for_the_same_seed() {
    let plan = "[[fault]]\nwhat = { status = { code = 500 } }\nwhen = { probability = 0.25 }";
    let run = |seed: u64| {
        let mut desk = desk(&format!("seed = {seed}\n{plan}"));
        (0..4000).map(|_| call(&mut desk, 0.0, None)).collect::<Vec<_>>()
    };
    let broken = run(1).iter().filter(|status| **status == "broken").count();
    assert!((850..1150).contains(&broken), "{broken}");
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn what_a_failed_call_cost_stays_charged_but_is_not_paid() {
    let mut desk = desk(
        "limit = [{ dimension = 'requests', kind = 'bucket', limit = 3 }]\n\
         fault = [{ what = { status = { code = 500 } }, when = { nth = [1] } }]",
    );
    assert_eq!(call(&mut desk, 0.0, None), "broken");
    assert_eq!(calls(&mut desk, 0.0, "k", 5), 2);
    assert_eq!(desk.records.paid("text"), 2);
}
