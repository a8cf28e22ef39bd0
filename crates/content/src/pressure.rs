//! The last line against running out of memory: what the system counts, whatever our own budget says.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Resident bytes of the process and its children.
pub type Resident = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How often memory is looked at while it is short.
const LOOK: Duration = Duration::from_millis(100);

/// Above `max` waits until memory is below `low`, or nobody else is left who could give any back.
pub(crate) async fn relieved(resident: &Resident, max: u64, low: u64, others: impl Fn() -> usize) {
    if resident() <= max {
        return;
    }
    while resident() > low && others() > 0 {
        // Nothing tells that memory was given back.
        tokio::time::sleep_until(Instant::now() + LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn above_the_maximum_it_waits_for_the_lower_mark_or_for_the_last_other() {
        let bytes = Arc::new(AtomicU64::new(90));
        let looks = Arc::new(AtomicUsize::new(0));
        let (seen, looked) = (Arc::clone(&bytes), Arc::clone(&looks));
        let resident: Resident = Arc::new(move || {
            looked.fetch_add(1, Ordering::SeqCst);
            seen.load(Ordering::SeqCst)
        });
        relieved(&resident, 100, 50, || 3).await;
        assert_eq!(looks.load(Ordering::SeqCst), 1, "below the maximum nothing waits");
        bytes.store(101, Ordering::SeqCst);
        relieved(&resident, 100, 50, || 0).await;
        let waiting = relieved(&resident, 100, 50, || 1);
        let falling = async {
            tokio::time::sleep_until(Instant::now() + Duration::from_secs(1)).await;
            bytes.store(70, Ordering::SeqCst);
            tokio::time::sleep_until(Instant::now() + Duration::from_secs(1)).await;
            bytes.store(50, Ordering::SeqCst);
        };
        let start = Instant::now();
        tokio::join!(waiting, falling);
        assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    }
}
