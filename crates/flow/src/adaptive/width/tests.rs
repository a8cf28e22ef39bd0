use super::*;

/// A callee with so many slots; each call takes 0.4 s, give or take a quarter, and waits for a slot.
fn settle(width: &mut Width, slots: f64, secs: f64) -> f64 {
    let mut rng = fastrand::Rng::with_seed(3);
    let mut now = width.opened;
    let until = now + secs;
    while now < until {
        let limit = width.limit().floor();
        let latency = 0.4 * (limit / slots).max(1.0) * (0.75 + 0.5 * rng.f64());
        now += 0.4 / limit.min(slots) * (0.75 + 0.5 * rng.f64());
        width.sample(now, latency, limit as usize);
    }
    width.limit()
}

#[test]
fn the_width_settles_at_what_the_callee_serves_at_once() {
    for slots in [4.0, 16.0, 60.0] {
        let mut width = Width::new(8, 1000);
        let settled = settle(&mut width, slots, 200.0);
        // An experiment with an eighth fewer, at least one, may be under way.
        assert!((0.75..=1.35).contains(&(settled / slots)), "{slots}: {settled}");
    }
}

#[test]
fn a_callee_that_grows_is_followed() {
    let mut width = Width::new(8, 1000);
    settle(&mut width, 8.0, 120.0);
    let settled = settle(&mut width, 64.0, 200.0);
    assert!(settled >= 55.0, "{settled}");
}

#[test]
fn the_width_stays_within_its_bounds() {
    let mut width = Width::new(50, 12);
    assert!(width.limit() <= 12.0);
    settle(&mut width, 1000.0, 60.0);
    assert!((width.limit() - 12.0).abs() < 1e-9);
    for now in 0..1000 {
        width.overloaded(1000.0 + f64::from(now) * 11.0);
    }
    assert!(width.limit() >= 2.0);
}

/// Latency of about 0.4 s whose logarithm spreads by `spread`; drawn as a sum of twelve, which is nearly normal.
fn spread_latency(rng: &mut fastrand::Rng, spread: f64) -> f64 {
    let normal: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
    0.4 * (spread * normal).exp()
}

/// A callee that serves everybody at once, with every slot in use all the time.
fn free_callee(width: &mut Width, spread: f64, secs: f64) {
    let mut rng = fastrand::Rng::with_seed(7);
    let draw = |rng: &mut fastrand::Rng, now: f64| (now + spread_latency(rng, spread), now);
    let mut under_way: Vec<(f64, f64)> = Vec::new();
    let mut now = 0.0;
    while now < secs {
        while under_way.len() < width.limit().min(64.0) as usize {
            under_way.push(draw(&mut rng, now));
        }
        let next = (0..under_way.len()).min_by(|a, b| under_way[*a].0.total_cmp(&under_way[*b].0));
        let (ended, began) = under_way.swap_remove(next.expect("calls are under way"));
        now = ended;
        width.sample(now, ended - began, under_way.len() + 1);
    }
}

#[test]
fn latencies_that_spread_widely_are_no_queue() {
    let mut width = Width::new(8, 64);
    free_callee(&mut width, 1.0, 900.0);
    assert!(width.limit() >= 32.0, "{}", width.limit());
}

#[test]
fn a_call_that_times_out_now_and_then_does_not_shrink_the_width() {
    let answers = |width: &mut Width, from: u32| {
        (from..from + 200).for_each(|at| width.sample(f64::from(at), 0.4, 1));
    };
    let mut width = Width::new(50, 1000);
    for round in 0..20 {
        answers(&mut width, round * 200);
        width.timed_out(f64::from(round + 1) * 200.0);
    }
    assert!((width.limit() - 50.0).abs() < 1e-9, "{}", width.limit());
    width.timed_out(4000.0);
    assert!(width.limit() < 50.0, "two without an answer between them are a server in trouble");
}

#[test]
fn an_experiment_that_a_wall_interrupts_decides_nothing() {
    let mut width = Width::new(64, 64);
    let mut now = 0.0;
    while matches!(width.step, Step::Start | Step::Rest { .. }) {
        now += 0.4 / 64.0;
        width.sample(now, if now < 5.0 { 0.4 } else { 4.0 }, width.limit() as usize);
        assert!(now < 600.0, "no experiment begins");
    }
    let (Step::Settle { before, .. } | Step::Compare { before }) = width.step else {
        panic!("{:?}", width.step)
    };
    width.interrupted(now);
    assert!((width.limit() - before.width).abs() < 1e-9, "{}", width.limit());
    assert!(matches!(width.step, Step::Rest { .. }));
}
