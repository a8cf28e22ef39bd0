//! SIGHUP: the configuration is read again, and what can change in the middle of a run does.

use super::load::Change;
use crate::config::key;
use crate::config::{Effective, Reading, Reread};
use signal_hook::consts::SIGHUP;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct Reload {
    wanted: Arc<AtomicBool>,
    reread: Arc<Reread>,
    /// What holds, as it was read last.
    known: Mutex<Vec<Effective>>,
}

impl Reload {
    pub(crate) fn listen(reread: Arc<Reread>) -> std::io::Result<Self> {
        // Before the signal is listened to: what changes from then on is a change.
        let known = Mutex::new(reread.read().effective);
        let wanted = Arc::default();
        signal_hook::flag::register(SIGHUP, Arc::clone(&wanted))?;
        Ok(Self { wanted, reread, known })
    }

    /// What the user changed, if a signal came since the last call.
    pub(crate) fn change(&self) -> Option<Change> {
        if !self.wanted.swap(false, Ordering::SeqCst) {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = self.reread.read();
        let change = between(&known, &reading);
        if reading.settings.is_ok() {
            *known = reading.effective;
        }
        Some(change)
    }
}

fn between(known: &[Effective], reading: &Reading) -> Change {
    let settings = match &reading.settings {
        Ok(settings) => settings,
        Err(mistakes) => {
            let each: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
            let said =
                format!("the configuration has mistakes, and nothing changes: {}", each.join("; "));
            return Change { workers: None, said };
        }
    };
    let differs = |row: &&Effective| {
        known.iter().find(|old| old.key == row.key).is_none_or(|old| old.text != row.text)
    };
    let keys: Vec<&str> =
        reading.effective.iter().filter(differs).map(|row| row.key.as_str()).collect();
    let now = keys.contains(&key::WORKERS.name);
    let later: Vec<&str> = keys.into_iter().filter(|name| *name != key::WORKERS.name).collect();
    let mut said = vec!["the configuration was read again".to_owned()];
    if now {
        said.push(format!("workers = {}", settings.workers));
    }
    if !later.is_empty() {
        said.push(format!("with the next run: {}", later.join(", ")));
    }
    if !now && later.is_empty() {
        said.push("nothing changed".to_owned());
    }
    Change { workers: now.then_some(settings.workers.get()), said: said.join("; ") }
}
