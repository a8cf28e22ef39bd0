//! NVIDIA cards, where this program was built with them.

use super::place::{Cards, DeviceChoice};
use encoder::Transformer;

/// Whether looking for cards could be worth while. Cheap: no card is woken.
#[cfg(feature = "cuda")]
pub(super) fn may_have_cards() -> bool {
    encoder_cuda::has_driver()
}

/// Errors: the card that is asked for is not there, or cannot run the model.
#[cfg(feature = "cuda")]
pub(super) fn check(transformer: &Transformer, choice: DeviceChoice) -> Result<(), String> {
    let Some(which) = wanted(choice) else { return Ok(()) };
    encoder_cuda::check(transformer, which).map_err(|error| error.to_string())
}

#[cfg(feature = "cuda")]
pub(super) fn open(transformer: &Transformer, choice: DeviceChoice) -> Result<Cards, String> {
    let which = match choice {
        DeviceChoice::CudaNumber(number) => encoder_cuda::Which::One(number),
        DeviceChoice::Auto | DeviceChoice::Cuda | DeviceChoice::Cpu => encoder_cuda::Which::All,
    };
    let opened = encoder_cuda::open(transformer, which).map_err(|error| error.to_string())?;
    Ok(Cards { devices: opened.devices, refused: opened.refused })
}

/// What must be there; none: whatever is there will do.
#[cfg(feature = "cuda")]
fn wanted(choice: DeviceChoice) -> Option<encoder_cuda::Which> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => None,
        DeviceChoice::Cuda => Some(encoder_cuda::Which::All),
        DeviceChoice::CudaNumber(number) => Some(encoder_cuda::Which::One(number)),
    }
}

#[cfg(not(feature = "cuda"))]
const NOT_BUILT: &str = "this program was built without the feature cuda";

#[cfg(not(feature = "cuda"))]
pub(super) fn may_have_cards() -> bool {
    false
}

#[cfg(not(feature = "cuda"))]
pub(super) fn check(_: &Transformer, choice: DeviceChoice) -> Result<(), String> {
    match choice {
        DeviceChoice::Auto | DeviceChoice::Cpu => Ok(()),
        DeviceChoice::Cuda | DeviceChoice::CudaNumber(_) => Err(NOT_BUILT.to_owned()),
    }
}

#[cfg(not(feature = "cuda"))]
pub(super) fn open(_: &Transformer, _: DeviceChoice) -> Result<Cards, String> {
    Err(NOT_BUILT.to_owned())
}
