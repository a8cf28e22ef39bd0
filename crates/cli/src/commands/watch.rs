//! What is looked at while sections are under way: memory, and a provider that says nothing.

use crate::display;
use crate::memory::Sampler;
use content::Extractor;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// Often enough to see short peaks of memory.
const LOOK: Duration = Duration::from_millis(50);

/// Nothing is said of a provider that is away for a moment.
const SILENT: Duration = Duration::from_secs(3);

/// And then again after so long.
const AGAIN: Duration = Duration::from_secs(15);

/// Never returns. Said also to those who want no progress: a command that waits in silence looks dead.
pub(super) async fn watch(extractor: &Extractor, sampler: &Sampler) -> Infallible {
    let mut look = tokio::time::interval(LOOK);
    let mut told: Option<Instant> = None;
    loop {
        look.tick().await;
        sampler.sample();
        let Some(trouble) = extractor.trouble() else { continue };
        let silent = trouble.since.elapsed();
        if silent >= SILENT && told.is_none_or(|at| at.elapsed() >= AGAIN) {
            told = Some(Instant::now());
            let (secs, message) = (silent.as_secs_f64(), trouble.error.message);
            display::note(&format!("no answer for {secs:.0} s: {message}"));
        }
    }
}
