//! What a reply says of the limits, honest or not.

use super::limits::{Ruling, State};
use super::settings::HintSettings;
use quota::{Dimension, Hint, Level};
use serde::Deserialize;

/// What headers say of each limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    None,
    /// Limit, remaining and reset of every limit but calls at once.
    Exact,
    /// The headers are there and hold -1: a parser reads nothing.
    MinusOne,
}

/// The hint that a parser finds in the reply. `states` as at the time of the ruling.
pub fn hint_of_reply(
    settings: &HintSettings,
    states: &[State],
    ruling: Ruling,
    rng: &mut fastrand::Rng,
) -> Hint {
    let mut hint = Hint::default();
    if settings.missing_share > 0.0 && rng.f64() < settings.missing_share {
        return hint;
    }
    if settings.levels == Levels::Exact {
        hint.levels = states
            .iter()
            .filter(|state| state.dimension != Dimension::InFlight)
            .map(level)
            .collect();
    }
    if let Ruling::Refused { dimension, wait } = ruling {
        hint.retry_after = settings
            .retry_after_secs
            .or(settings.retry_after_factor.and_then(|factor| wait.map(|wait| wait * factor)));
        if settings.body {
            hint.refused_by = Some(dimension);
            hint.retry_after = hint.retry_after.or(wait);
            if hint.levels.is_empty() {
                hint.levels =
                    states.iter().filter(|state| state.dimension == dimension).map(level).collect();
            }
        }
    }
    hint
}

fn level(state: &State) -> Level {
    Level {
        dimension: state.dimension,
        limit: Some(state.limit),
        remaining: Some(state.remaining.floor()),
        reset_after: state.reset,
    }
}
