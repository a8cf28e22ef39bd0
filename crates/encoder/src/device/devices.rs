//! The devices of a model, each with one batch at a time, all fed from one place.
#![forbid(unsafe_code)]

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{Device, DeviceError};
use crate::transformer::budget::cut;

/// Tells the user something while work goes on.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// Hands batches to whichever device is idle. A batch that does not fit is halved, and the device remembers; a device
/// that fails is given up, and its batch goes elsewhere.
pub struct Devices {
    shared: Mutex<Shared>,
    freed: Condvar,
    notice: Notice,
}

#[derive(Debug, Default)]
struct Shared {
    idle: VecDeque<Slot>,
    busy: usize,
    /// One for each device there ever was, given up or not.
    reports: Vec<DeviceReport>,
}

/// What a device has done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReport {
    pub name: String,
    pub texts: u64,
    pub tokens: u64,
    /// Batches that did not fit into its memory.
    pub out_of_memory: u64,
    /// Tokens of its largest batch from now on.
    pub tokens_max: usize,
    /// Why it is not used any more.
    pub given_up: Option<String>,
}

#[derive(Debug)]
struct Slot {
    device: Box<dyn Device>,
    /// Place of its report.
    at: usize,
    tokens_max: usize,
}

/// The rows of the first `texts` sequences of those that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    pub texts: usize,
    /// texts × width.
    pub rows: Vec<f32>,
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices").field("shared", &*self.lock()).finish_non_exhaustive()
    }
}

impl Devices {
    /// `notice` is told of every device that is given up.
    pub fn new(devices: Vec<Box<dyn Device>>, notice: Notice) -> Self {
        let mut shared = Shared::default();
        for (at, device) in devices.into_iter().enumerate() {
            let tokens_max = device.tokens_max().max(1);
            shared.reports.push(DeviceReport {
                name: device.name().to_owned(),
                texts: 0,
                tokens: 0,
                out_of_memory: 0,
                tokens_max,
                given_up: None,
            });
            shared.idle.push_back(Slot { device, at, tokens_max });
        }
        Self { shared: Mutex::new(shared), freed: Condvar::new(), notice }
    }

    pub fn reports(&self) -> Vec<DeviceReport> {
        self.lock().reports.clone()
    }

    /// Rows for as many of the next sequences, at least one, as make a batch; waits for an idle device. None if no
    /// device is left, or there is no sequence.
    pub fn pool_next(&self, sequences: &[&[u32]]) -> Option<Pooled> {
        if sequences.is_empty() {
            return None;
        }
        loop {
            let mut taken = self.take()?;
            match self.run(&mut taken, sequences) {
                Ok(pooled) => return Some(pooled),
                Err(why) => self.give_up(&mut taken, why),
            }
        }
    }

    fn run(&self, taken: &mut Taken<'_>, sequences: &[&[u32]]) -> Result<Pooled, String> {
        let slot = taken.slot.as_mut().expect("a slot is there until it is given up");
        loop {
            let texts = cut(sequences.iter().map(|ids| ids.len()), slot.tokens_max);
            let batch = &sequences[..texts];
            let tokens: usize = batch.iter().map(|ids| ids.len()).sum();
            match slot.device.pooled(batch) {
                Ok(rows) => {
                    let report = &mut self.lock().reports[slot.at];
                    report.texts += texts as u64;
                    report.tokens += tokens as u64;
                    return Ok(Pooled { texts, rows });
                }
                Err(DeviceError::OutOfMemory) if texts > 1 => {
                    slot.tokens_max = (tokens / 2).max(1);
                    let report = &mut self.lock().reports[slot.at];
                    report.out_of_memory += 1;
                    report.tokens_max = slot.tokens_max;
                }
                Err(DeviceError::OutOfMemory) => {
                    return Err(format!("out of memory with one text of {tokens} tokens"));
                }
                Err(DeviceError::Failed { message }) => return Err(message),
            }
        }
    }

    /// An idle device, waited for; none if none is left that could become idle.
    fn take(&self) -> Option<Taken<'_>> {
        let mut shared = self.lock();
        loop {
            if let Some(slot) = shared.idle.pop_front() {
                shared.busy += 1;
                return Some(Taken { devices: self, slot: Some(slot) });
            }
            if shared.busy == 0 {
                return None;
            }
            shared = self.freed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_up(&self, taken: &mut Taken<'_>, why: String) {
        let Some(slot) = taken.slot.take() else { return };
        (self.notice)(&format!("{} is not used any more: {why}", slot.device.name()));
        self.lock().reports[slot.at].given_up = Some(why);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device in use; comes back when dropped, unless it was given up, or its thread panicked in the middle of it.
struct Taken<'d> {
    devices: &'d Devices,
    slot: Option<Slot>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut shared = self.devices.lock();
        shared.busy -= 1;
        if let Some(slot) = self.slot.take() {
            if std::thread::panicking() {
                shared.reports[slot.at].given_up = Some("its thread panicked".to_owned());
            } else {
                shared.idle.push_back(slot);
            }
        }
        drop(shared);
        self.devices.freed.notify_all();
    }
}

#[cfg(test)]
mod tests;
