//! Where documents are embedded: on cards, if the user wants it and there are some that agree with the processor, else
//! on the processor. Cards are opened for the first batch of documents, so that a search does not wait for one.

use super::cuda;
use encoder::Transformer;
use encoder::device::{Device, DeviceReport, Devices, Notice};
use encoder::transformer::{Memory, Tokens};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the user wants a local model to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// All cards that can, else the processor.
    #[default]
    Auto,
    Cpu,
    /// All cards; it is an error if there is none.
    Cuda,
    /// One card by its number; it is an error if it is not there.
    CudaNumber(usize),
}

impl DeviceChoice {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "cpu" => Some(Self::Cpu),
            "cuda" => Some(Self::Cuda),
            _ => name.strip_prefix("cuda:")?.parse().ok().map(Self::CudaNumber),
        }
    }

    pub fn name(self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Cpu => "cpu".to_owned(),
            Self::Cuda => "cuda".to_owned(),
            Self::CudaNumber(number) => format!("cuda:{number}"),
        }
    }
}

/// The machine that a model gets.
#[derive(Clone)]
pub struct Machine {
    /// Workers, at least one.
    pub threads: usize,
    pub device: DeviceChoice,
    /// Told when cards are not used, or not any more.
    pub notice: Notice,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("threads", &self.threads)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// The processor alone.
    pub fn processor(threads: usize) -> Self {
        Self { threads, device: DeviceChoice::Cpu, notice: std::sync::Arc::new(|_| {}) }
    }
}

/// What documents have been embedded on so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RanOn {
    /// Empty: on the processor, or on nothing yet.
    pub cards: Vec<DeviceReport>,
    /// Why no card was opened although one would have been welcome.
    pub why_not: Option<String>,
    /// Texts that a card could not express in its numbers, and that the processor embedded.
    pub left_to_processor: u64,
}

impl RanOn {
    /// Cards that are still in use.
    pub fn in_use(&self) -> impl Iterator<Item = &DeviceReport> {
        self.cards.iter().filter(|card| card.given_up.is_none())
    }
}

/// Cards with the model on them, and what is to be said of the others.
#[derive(Debug)]
pub(super) struct Cards {
    pub(super) devices: Vec<Box<dyn Device>>,
    pub(super) refused: Vec<String>,
}

/// Puts a model on the cards that are wanted; the error says why on none.
pub(super) type Open = fn(&Transformer, DeviceChoice) -> Result<Cards, String>;

pub(super) struct Place {
    choice: DeviceChoice,
    notice: Notice,
    open: Open,
    opened: OnceLock<Result<Devices, String>>,
    left_to_processor: AtomicU64,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("choice", &self.choice)
            .field("opened", &self.opened)
            .finish_non_exhaustive()
    }
}

impl Place {
    pub(super) fn new(choice: DeviceChoice, notice: Notice, open: Open) -> Self {
        let (opened, left_to_processor) = (OnceLock::new(), AtomicU64::new(0));
        Self { choice, notice, open, opened, left_to_processor }
    }

    /// Whether batches may be as large as a card wants them.
    pub(super) fn may_have_cards(&self) -> bool {
        self.choice != DeviceChoice::Cpu && cuda::may_have_cards()
    }

    pub(super) fn ran_on(&self) -> RanOn {
        let left_to_processor = self.left_to_processor.load(Ordering::Relaxed);
        match self.opened.get() {
            None => RanOn { left_to_processor, ..RanOn::default() },
            Some(Ok(devices)) => {
                RanOn { cards: devices.reports(), why_not: None, left_to_processor }
            }
            Some(Err(why)) => {
                RanOn { cards: Vec::new(), why_not: Some(why.clone()), left_to_processor }
            }
        }
    }

    /// Vectors of the next batch of documents, taken from `rest`; none if it is the processor's.
    pub(super) fn batch(
        &self,
        transformer: &Transformer,
        rest: &mut &[&Tokens],
        memory: &mut Memory,
    ) -> Option<Vec<Vec<f32>>> {
        let devices = self.devices(transformer)?;
        let sequences: Vec<&[u32]> = rest.iter().map(|tokens| tokens.ids()).collect();
        let pooled = devices.pool_next(&sequences)?;
        let (batch, others) = rest.split_at(pooled.texts);
        *rest = others;
        let mut vectors = transformer.vectors(pooled.rows, memory);
        for (vector, tokens) in vectors.iter_mut().zip(batch) {
            // A half ends at 65,504; a float goes on.
            if vector.iter().any(|value| !value.is_finite()) {
                self.left_to_processor.fetch_add(1, Ordering::Relaxed);
                *vector = transformer.embed(&[tokens], memory).remove(0);
            }
        }
        Some(vectors)
    }

    /// Opened by whoever comes first; the others wait for it.
    fn devices(&self, transformer: &Transformer) -> Option<&Devices> {
        if self.choice == DeviceChoice::Cpu {
            return None;
        }
        let open = || match (self.open)(transformer, self.choice) {
            Ok(Cards { devices, refused }) => {
                for why in &refused {
                    (self.notice)(why);
                }
                Ok(Devices::new(devices, self.notice.clone()))
            }
            Err(why) => {
                (self.notice)(&format!("the model runs on the processor: {why}"));
                Err(why)
            }
        };
        self.opened.get_or_init(open).as_ref().ok()
    }
}

#[cfg(test)]
mod tests;
