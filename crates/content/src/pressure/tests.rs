use super::*;
use std::sync::atomic::AtomicU64;

struct Memory(Arc<AtomicU64>);

impl Memory {
    fn of(bytes: u64) -> (Self, Pressure) {
        let held = Arc::new(AtomicU64::new(bytes));
        let seen = Arc::clone(&held);
        (Self(held), Pressure::new(Arc::new(move || seen.load(Ordering::SeqCst)), Some(100), 50))
    }

    async fn after(&self, seconds: u64, bytes: u64) {
        tokio::time::sleep_until(Instant::now() + Duration::from_secs(seconds)).await;
        self.0.store(bytes, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn above_the_maximum_it_waits_for_the_lower_mark_or_for_the_last_other() {
    let (memory, pressure) = Memory::of(90);
    let start = Instant::now();
    pressure.relieved(|| 4).await;
    memory.0.store(101, Ordering::SeqCst);
    pressure.relieved(|| 1).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "below the maximum, and alone, nothing waits");
    let falling = async {
        memory.after(1, 70).await;
        memory.after(1, 50).await;
    };
    tokio::join!(pressure.relieved(|| 2), falling);
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_between_the_marks_waits_on() {
    let (memory, pressure) = Memory::of(101);
    let look = Duration::from_secs(1);
    assert!(tokio::time::timeout(look, pressure.relieved(|| 2)).await.is_err());
    memory.0.store(70, Ordering::SeqCst);
    assert!(tokio::time::timeout(look, pressure.relieved(|| 2)).await.is_err(), "forgotten");
    memory.0.store(50, Ordering::SeqCst);
    pressure.relieved(|| 2).await;
    memory.0.store(100, Ordering::SeqCst);
    pressure.relieved(|| 2).await;
}

#[tokio::test(start_paused = true)]
async fn of_those_who_all_wait_one_goes_on() {
    let (_memory, pressure) = Memory::of(101);
    let second = pressure.relieved(|| 2);
    tokio::pin!(second);
    tokio::select! {
        biased;
        () = pressure.relieved(|| 2) => {}
        () = &mut second => panic!("the second one goes first"),
    }
    let look = Duration::from_secs(1);
    assert!(tokio::time::timeout(look, second).await.is_err(), "the first one is under way");
}
