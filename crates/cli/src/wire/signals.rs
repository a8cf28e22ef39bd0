//! SIGINT and SIGTERM: the first asks for a clean end, the second ends at once.

use flow::interrupt::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Exit status after an interrupt, as shells use it.
pub(crate) const INTERRUPTED: i32 = 130;

pub(crate) fn listen(interrupt: &Interrupt) -> std::io::Result<()> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second signal finds the flag that the first one set. Ending at once is safe,
        // because whatever is not committed is as if it had not been begun.
        signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&again))?;
        signal_hook::flag::register(signal, Arc::clone(&again))?;
        signal_hook::flag::register(signal, interrupt.flag())?;
    }
    Ok(())
}
