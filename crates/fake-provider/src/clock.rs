//! The provider's clock: that of the machine, or one that a test moves by hand.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Seconds since the provider started. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Inner);

#[derive(Debug, Clone)]
enum Inner {
    Real(Instant),
    Manual(Arc<watch::Sender<f64>>),
}

impl Clock {
    pub fn real() -> Self {
        Self(Inner::Real(Instant::now()))
    }

    /// Stands at 0 until [`Clock::advance`] moves it. What the provider delays, waits for it too.
    pub fn manual() -> Self {
        Self(Inner::Manual(Arc::new(watch::Sender::new(0.0))))
    }

    /// Moves a manual clock on by `seconds`, at least 0.
    ///
    /// Panics on the clock of the machine, which nobody moves.
    pub fn advance(&self, seconds: f64) {
        let Inner::Manual(time) = &self.0 else { panic!("only a manual clock can be moved") };
        assert!(seconds >= 0.0, "time does not run backwards, asked for {seconds} s");
        time.send_modify(|now| *now += seconds);
    }

    pub fn now(&self) -> f64 {
        match &self.0 {
            Inner::Real(start) => start.elapsed().as_secs_f64(),
            Inner::Manual(time) => *time.borrow(),
        }
    }

    /// Returns once the clock shows `time` or later.
    pub(crate) async fn until(&self, time: f64) {
        if time <= self.now() {
            return;
        }
        match &self.0 {
            Inner::Real(start) => {
                tokio::time::sleep_until(*start + Duration::from_secs_f64(time)).await;
            }
            Inner::Manual(now) => {
                let mut now = now.subscribe();
                now.wait_for(|now| *now >= time).await.expect("the sender lives in this clock");
            }
        }
    }
}
