//! Progress on the terminal: one line that is rewritten, or plain lines every few seconds.

use crate::memory::Sampler;
use ingest::progress::{Calls, Progress};
use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Often enough to look alive, and to see short peaks of memory.
const TERMINAL_EVERY: Duration = Duration::from_millis(200);
/// Lines of a log are read later.
const LINES_EVERY: Duration = Duration::from_secs(5);
const SAMPLE_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Shown,
}

/// Shows progress until it is dropped.
pub(crate) struct Display {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    pub(crate) fn start(progress: Arc<Progress>, sampler: Sampler, verbosity: Verbosity) -> Self {
        let (stop, stopped) = sync_channel::<()>(0);
        let style = match verbosity {
            Verbosity::Quiet => Style::None,
            Verbosity::Shown if stderr().is_terminal() => Style::Terminal,
            Verbosity::Shown => Style::Lines,
        };
        let thread = std::thread::spawn(move || {
            let started = Instant::now();
            let mut last = started;
            while stopped.recv_timeout(SAMPLE_EVERY) == Err(RecvTimeoutError::Timeout) {
                sampler.sample();
                style.tell(&progress);
                if last.elapsed() >= style.every() {
                    last = Instant::now();
                    style.show(&line(&progress, started.elapsed()));
                }
            }
            style.clear();
            style.tell(&progress);
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A display that panicked has nothing more to show.
            drop(thread.join());
        }
    }
}

/// Something that a user has to know besides the result.
pub(crate) fn tell(message: &str, hint: &str) {
    // There is nowhere left to say that stderr is closed.
    drop(writeln!(stderr().lock(), "gristmill: {message}\nhint: {hint}"));
}

/// Something that is as it should be, and that a user may not expect.
pub(crate) fn note(message: &str) {
    drop(writeln!(stderr().lock(), "gristmill: {message}"));
}

#[derive(Clone, Copy)]
enum Style {
    None,
    Terminal,
    Lines,
}

impl Style {
    fn every(self) -> Duration {
        match self {
            Self::None => Duration::MAX,
            Self::Terminal => TERMINAL_EVERY,
            Self::Lines => LINES_EVERY,
        }
    }

    fn show(self, line: &str) {
        let mut err = stderr().lock();
        // Progress that cannot be shown (closed terminal) must not stop the work.
        drop(match self {
            Self::None => Ok(()),
            Self::Terminal => write!(err, "\r\x1b[2K{line}").and_then(|()| err.flush()),
            Self::Lines => writeln!(err, "{line}"),
        });
    }

    /// What the run has to say beside its progress; said to those too who want no progress.
    fn tell(self, progress: &Progress) {
        for message in progress.take_told() {
            self.clear();
            drop(writeln!(stderr().lock(), "gristmill: {message}"));
        }
    }

    fn clear(self) {
        if matches!(self, Self::Terminal) {
            let mut err = stderr().lock();
            drop(write!(err, "\r\x1b[2K").and_then(|()| err.flush()));
        }
    }
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let documents = progress.documents();
    let chunks = progress.chunks();
    let seconds = elapsed.as_secs_f64().max(0.001);
    let line = format!(
        "{} files, {} documents ({} unchanged, {} failed), {} chunks, {:.0} chunks/s, {:.0} tokens/s, {:.0} s",
        progress.files_listed.get(),
        documents.seen,
        documents.unchanged,
        documents.failed,
        chunks.written,
        chunks.written as f64 / seconds,
        progress.tokens_embedded.get() as f64 / seconds,
        seconds,
    );
    line + &left(progress, seconds) + &calls(&progress.calls())
}

/// How long the rest takes at the pace so far; unknown while files are still being listed.
fn left(progress: &Progress, seconds: f64) -> String {
    let (done, known) = (progress.work_done.get(), progress.work_known.get());
    if progress.listings_done.get() == 0 || done == 0 || done >= known {
        return String::new();
    }
    format!(", about {:.0} s left", seconds * (known - done) as f64 / done as f64)
}

/// Calls in flight and the limits in force, once something was called.
fn calls(calls: &Calls) -> String {
    let Some(limit) = calls.limit.filter(|_| calls.counts.requests > 0) else {
        return String::new();
    };
    let width = limit.in_flight.map_or_else(String::new, |width| format!(" of {width:.0}"));
    let names = ["requests", "tokens", "output tokens", "texts"];
    let rates = limit.rates.iter().zip(names).filter_map(|(rate, name)| {
        rate.map(|per_second| format!(", limit {:.0} {name}/min", per_second * 60.0))
    });
    let throttled = match calls.counts.throttled {
        0 => String::new(),
        n => format!(", {n} throttled"),
    };
    format!("; {} in flight{width}{}{throttled}", calls.in_flight, rates.collect::<String>())
}
