use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex as Plain};

/// A device whose memory holds so many tokens, and which fails after so many batches.
#[derive(Debug)]
struct Fake {
    name: String,
    planned: usize,
    holds: usize,
    batches_left: usize,
    /// Tokens of each batch that was tried.
    tried: Arc<Plain<Vec<usize>>>,
}

impl Fake {
    fn new(name: &str, planned: usize, holds: usize) -> Self {
        let tried = Arc::default();
        Self { name: name.to_owned(), planned, holds, batches_left: usize::MAX, tried }
    }
}

impl Device for Fake {
    fn name(&self) -> &str {
        &self.name
    }

    fn tokens_max(&self) -> usize {
        self.planned
    }

    /// The row of a sequence is its sum.
    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        let tokens: usize = sequences.iter().map(|ids| ids.len()).sum();
        self.tried.lock().unwrap().push(tokens);
        if tokens > self.holds {
            return Err(DeviceError::OutOfMemory);
        }
        if self.batches_left == 0 {
            return Err(DeviceError::Failed { message: "fell off the bus".to_owned() });
        }
        self.batches_left -= 1;
        Ok(sequences.iter().map(|ids| ids.iter().sum::<u32>() as f32).collect())
    }
}

fn devices(fakes: Vec<Fake>) -> (Devices, Arc<Plain<Vec<String>>>) {
    let told: Arc<Plain<Vec<String>>> = Arc::default();
    let ear = Arc::clone(&told);
    let fakes = fakes.into_iter().map(|fake| Box::new(fake) as Box<dyn Device>).collect();
    let notice: Notice = Arc::new(move |text| ear.lock().unwrap().push(text.to_owned()));
    (Devices::new(fakes, notice), told)
}

/// All rows, batch after batch, and how many sequences no device took.
fn all(devices: &Devices, mut sequences: &[&[u32]]) -> (Vec<f32>, usize) {
    let mut rows = Vec::new();
    while let Some(pooled) = devices.pool_next(sequences) {
        rows.extend(pooled.rows);
        sequences = &sequences[pooled.texts..];
    }
    (rows, sequences.len())
}

fn sequences(count: usize, length: usize) -> Vec<Vec<u32>> {
    (0..count).map(|n| vec![n as u32; length]).collect()
}

fn sums(sequences: &[Vec<u32>]) -> Vec<f32> {
    sequences.iter().map(|ids| ids.iter().sum::<u32>() as f32).collect()
}

fn slices(sequences: &[Vec<u32>]) -> Vec<&[u32]> {
    sequences.iter().map(Vec::as_slice).collect()
}

#[test]
fn a_batch_that_does_not_fit_is_halved_and_the_device_remembers() {
    let fake = Fake::new("a", 1000, 300);
    let tried = Arc::clone(&fake.tried);
    let (devices, told) = devices(vec![fake]);
    let texts = sequences(100, 20);
    assert_eq!(all(&devices, &slices(&texts)), (sums(&texts), 0));
    let tried = tried.lock().unwrap().clone();
    assert_eq!(tried[..4], [1000, 500, 240, 240], "250 tokens are 12 texts of 20");
    assert!(tried[4..].iter().all(|&tokens| tokens <= 240), "{tried:?}");
    let report = &devices.reports()[0];
    assert_eq!((report.texts, report.tokens), (100, 2000));
    assert_eq!((report.out_of_memory, report.tokens_max), (2, 250));
    assert_eq!(report.given_up, None);
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn a_device_without_room_for_one_text_is_given_up_and_its_text_goes_elsewhere() {
    let (both, told) = devices(vec![Fake::new("small", 64, 5), Fake::new("large", 64, 64)]);
    let texts = sequences(9, 10);
    assert_eq!(all(&both, &slices(&texts)), (sums(&texts), 0));
    let message = "small is not used any more: out of memory with one text of 10 tokens";
    assert_eq!(*told.lock().unwrap(), [message]);
    assert!(both.reports()[0].given_up.is_some() && both.reports()[1].given_up.is_none());
    let (alone, _) = devices(vec![Fake::new("small", 64, 5)]);
    assert_eq!(all(&alone, &slices(&texts)), (Vec::new(), 9), "the processor's");
}

#[test]
fn a_device_that_fails_is_given_up_without_losing_its_batch() {
    let mut fake = Fake::new("a", 30, 30);
    fake.batches_left = 2;
    let (devices, told) = devices(vec![fake]);
    let texts = sequences(10, 10);
    let (rows, left) = all(&devices, &slices(&texts));
    assert_eq!((rows.as_slice(), left), (&sums(&texts)[..6], 4));
    assert_eq!(*told.lock().unwrap(), ["a is not used any more: fell off the bus"]);
    assert_eq!(devices.pool_next(&slices(&texts)), None);
    assert_eq!(devices.reports()[0].given_up.as_deref(), Some("fell off the bus"));
}

#[test]
fn a_text_longer_than_the_budget_is_tried_alone() {
    let (devices, _) = devices(vec![Fake::new("a", 8, 100)]);
    let texts = sequences(3, 20);
    let pooled = devices.pool_next(&slices(&texts)).unwrap();
    assert_eq!(pooled.texts, 1);
    assert_eq!(devices.pool_next(&[]), None);
}

/// Waits in its batch for the other device.
#[derive(Debug)]
struct Together(Arc<Barrier>, usize);

impl Device for Together {
    fn name(&self) -> &'static str {
        "together"
    }

    fn tokens_max(&self) -> usize {
        4
    }

    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        self.0.wait();
        Ok(vec![self.1 as f32; sequences.len()])
    }
}

#[test]
fn several_devices_work_at_once_and_each_has_one_batch_at_a_time() {
    let meet = Arc::new(Barrier::new(2));
    let pair = (0..2).map(|n| Box::new(Together(Arc::clone(&meet), n)) as Box<dyn Device>);
    let devices = Devices::new(pair.collect(), Arc::new(|_| {}));
    let done = AtomicUsize::new(0);
    let text = [1u32, 2, 3];
    // Would not end if both batches could go to one device, or the second had to wait for the first.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..50 {
                    done.fetch_add(devices.pool_next(&[&text]).unwrap().texts, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(done.into_inner(), 100);
    assert_eq!(devices.reports().iter().map(|report| report.texts).sum::<u64>(), 100);
}

#[derive(Debug)]
struct Panics;

impl Device for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn tokens_max(&self) -> usize {
        4
    }

    fn pooled(&mut self, _: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        panic!("as a test wants it")
    }
}

#[test]
fn a_panic_in_a_device_does_not_make_others_wait_for_it() {
    let devices = Devices::new(vec![Box::new(Panics)], Arc::new(|_| {}));
    let text = [1u32];
    let panicked = std::thread::scope(|scope| scope.spawn(|| devices.pool_next(&[&text])).join());
    assert!(panicked.is_err());
    assert_eq!(devices.pool_next(&[&text]), None);
    assert_eq!(devices.reports()[0].given_up.as_deref(), Some("its thread panicked"));
}
