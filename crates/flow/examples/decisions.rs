//! How many calls per second one core can decide on: `cargo run --release -p gristmill-flow --example decisions`.
//!
//! A decision is asking, noting the call as sent, and taking its outcome. Time is simulated, so nothing waits; the
//! server is a bucket of 6000 requests a minute that is asked for as much as the limiter lets through.

use flow::adaptive::{Adaptive, Bounds};
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Verdict};
use std::collections::VecDeque;
use std::time::Instant;

const CALLS: u64 = 2_000_000;
const LATENCY_SECS: f64 = 0.4;

/// Runs so many calls; returns how often the limiter was asked.
fn asked(rate: f64) -> u64 {
    let mut policy = Adaptive::new(Bounds::default(), 1);
    let mut under_way: VecDeque<(f64, Attempt, Verdict)> = VecDeque::new();
    let cost = Cost::request(500.0, 1.0);
    let (mut now, mut level, mut filled, mut asked, mut id) = (0.0, 60.0 * rate, 0.0, 0, 0);
    while id < CALLS {
        asked += 1;
        let next = match policy.can_send(now, &cost, under_way.len()) {
            Admission::Send => {
                id += 1;
                level = f64::min(level + (now - filled) * rate, 60.0 * rate);
                filled = now;
                let verdict = if level >= 1.0 { Verdict::Answered } else { Verdict::Throttled };
                level -= f64::from(u8::from(verdict == Verdict::Answered));
                let attempt = Attempt { id, sent_at: now, cost, in_flight: under_way.len() + 1 };
                policy.on_sent(&attempt);
                under_way.push_back((now + LATENCY_SECS, attempt, verdict));
                continue;
            }
            Admission::NotBefore(at) => at,
            Admission::Wait => f64::INFINITY,
        };
        let reply = under_way.front().map_or(f64::INFINITY, |call| call.0);
        now = next.min(reply).max(now + 1e-9);
        while let Some((_, attempt, verdict)) = under_way.pop_front_if(|call| call.0 <= now) {
            policy.on_result(now, &attempt, &Outcome::plain(verdict));
        }
    }
    asked
}

#[expect(clippy::print_stdout, reason = "a figure on standard output is what it is for")]
fn main() {
    for rate in [100.0, 1000.0] {
        let start = Instant::now();
        let asked = asked(rate);
        let secs = start.elapsed().as_secs_f64();
        println!(
            "{rate:>5} calls/s: {:.2} M calls/s, {:.2} M questions/s on one core",
            CALLS as f64 / secs / 1e6,
            asked as f64 / secs / 1e6
        );
    }
}
