//! From a model to devices that run it: looks for the driver and its cards, and says why one is not used.
#![forbid(unsafe_code)]

use encoder::{
    Transformer,
    device::{Device, Disagreement, agrees},
    transformer::Parts,
};

use crate::{
    driver::{self, CAPABILITY_LEAST, DriverCard, Found, VERSION_LEAST},
    forward::Loaded,
};

/// The cards that a user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    /// By its number in the driver's order.
    One(usize),
}

/// Why no card runs the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("no CUDA driver")]
    NoDriver,
    #[error(
        "the CUDA driver is too old: it speaks {}, {} is needed",
        dotted(*version),
        dotted(VERSION_LEAST)
    )]
    OldDriver { version: i32 },
    #[error("the CUDA driver does not answer: {why}")]
    Driver { why: String },
    #[error("no CUDA card")]
    NoCard,
    #[error("there is no cuda:{number}: the driver counts {cards}")]
    NoSuchCard { number: usize, cards: usize },
    #[error("the cards multiply floats: precision {precision} runs on the processor alone")]
    Precision { precision: &'static str },
    #[error("{}", refused.join("; "))]
    Refused { refused: Vec<String> },
}

/// Devices that agreed with the processor.
#[derive(Debug)]
pub struct Opened {
    pub devices: Vec<Box<dyn Device>>,
    /// Cards that were looked at and are not used, with the reason.
    pub refused: Vec<String>,
}

/// Whether there is a driver. Costs one look at the file system, and wakes no card.
pub fn has_driver() -> bool {
    driver::is_present()
}

/// Whether the cards that are wanted are there and can multiply the model's numbers, as far as is known before it is
/// put on them.
pub fn check(model: &Transformer, which: Which) -> Result<(), Unavailable> {
    numbers(which, cards()?)?;
    if model.parts().is_none() {
        return Err(Unavailable::Precision { precision: model.precision().name() });
    }
    Ok(())
}

/// How many cards there are, as far as the driver says.
fn cards() -> Result<usize, Unavailable> {
    if !driver::is_present() {
        return Err(Unavailable::NoDriver);
    }
    let version = driver::version().map_err(|error| silent(&error))?;
    if version < VERSION_LEAST {
        return Err(Unavailable::OldDriver { version });
    }
    match driver::count().map_err(|error| silent(&error))? {
        0 => Err(Unavailable::NoCard),
        cards => Ok(cards),
    }
}

/// Puts the model on the cards, and compares some vectors with the processor's before any are kept.
pub fn open(model: &Transformer, which: Which) -> Result<Opened, Unavailable> {
    let mut opened = Opened { devices: Vec::new(), refused: Vec::new() };
    let numbers = numbers(which, cards()?)?;
    let precision = model.precision().name();
    let parts = model.parts().ok_or(Unavailable::Precision { precision })?;
    for number in numbers {
        match open_one(model, &parts, number) {
            Ok(device) => opened.devices.push(device),
            Err(why) => opened.refused.push(format!("cuda:{number} is not used: {why}")),
        }
    }
    if opened.devices.is_empty() {
        return Err(Unavailable::Refused { refused: opened.refused });
    }
    Ok(opened)
}

fn numbers(which: Which, cards: usize) -> Result<std::ops::Range<usize>, Unavailable> {
    match which {
        Which::All => Ok(0..cards),
        Which::One(number) if number < cards => Ok(number..number + 1),
        Which::One(number) => Err(Unavailable::NoSuchCard { number, cards }),
    }
}

fn open_one(
    model: &Transformer,
    parts: &Parts<'_>,
    number: usize,
) -> Result<Box<dyn Device>, String> {
    let found = driver::look(number).map_err(|error| error.to_string())?;
    suits(&found)?;
    let name = format!("cuda:{number} {}", found.name);
    let card = DriverCard::open(number).map_err(|error| error.to_string())?;
    let mut device = Loaded::new(card, name, parts).map_err(|error| error.to_string())?;
    agrees(model, &mut device).map_err(|why: Disagreement| why.to_string())?;
    Ok(Box::new(device))
}

/// Errors: the card is too old.
fn suits(found: &Found) -> Result<(), String> {
    if found.capability >= CAPABILITY_LEAST {
        return Ok(());
    }
    let ((major, minor), (least, _)) = (found.capability, CAPABILITY_LEAST);
    let Found { name, .. } = found;
    Err(format!("{name} has compute capability {major}.{minor}, {least}.0 is needed"))
}

fn silent(error: &encoder::device::DeviceError) -> Unavailable {
    Unavailable::Driver { why: error.to_string() }
}

fn dotted(version: i32) -> String {
    format!("CUDA {}.{}", version / 1000, version % 1000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_too_old_is_said_in_words() {
        let old = Unavailable::OldDriver { version: 11_080 };
        let said = "the CUDA driver is too old: it speaks CUDA 11.8, CUDA 12.1 is needed";
        assert_eq!(old.to_string(), said);
        let turing = Found { name: "Tesla T4".to_owned(), capability: (7, 5) };
        let said = "Tesla T4 has compute capability 7.5, 8.0 is needed";
        assert_eq!(suits(&turing), Err(said.to_owned()));
        assert_eq!(suits(&Found { capability: (8, 0), ..turing.clone() }), Ok(()));
        assert_eq!(suits(&Found { capability: (12, 0), ..turing }), Ok(()));
        let missing = numbers(Which::One(2), 2).unwrap_err();
        assert_eq!(missing.to_string(), "there is no cuda:2: the driver counts 2");
        assert_eq!(numbers(Which::One(1), 2), Ok(1..2));
        assert_eq!(numbers(Which::All, 2), Ok(0..2));
    }
}
