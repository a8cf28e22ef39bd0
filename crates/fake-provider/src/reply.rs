//! From a decision to the bytes of a reply.

use crate::answer::Answer;
use crate::ask::Ask;
use crate::content::Given;
use crate::desk::{Decision, Ending, Pace};
use crate::dialect::headers::{self, Header};
use crate::dialect::{Dialect, Told};
use crate::plan::{Body, Lie, Plan};
use crate::refusal::Refusal;

/// Far more than any client should take in.
const OVERSIZE_BYTES: usize = 64 << 20;

const GARBAGE: &[u8] = b"<html><body><h1>Bad gateway</h1></body></html>";

/// What goes over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Vec<u8>,
    pub(crate) pace: Pace,
}

impl Reply {
    /// What a route gives in the place of vectors, with the plan's lie about it.
    pub(crate) fn give(&mut self, plan: &Plan, given: Given, lie: Option<Lie>) {
        self.status = given.status;
        self.headers.extend(given.headers);
        self.body = given.body.to_string().into_bytes();
        match lie {
            Some(Lie::Garbage) => GARBAGE.clone_into(&mut self.body),
            Some(Lie::Truncated) => self.body.truncate(self.body.len() / 2),
            Some(Lie::ErrorInside) => self.body = error_inside(plan.dialect, ""),
            Some(Lie::Oversize) => self.body.resize(OVERSIZE_BYTES, b' '),
            _ => {}
        }
    }
}

/// None: there is no reply.
pub(crate) fn render(plan: &Plan, decision: &Decision<'_>) -> Option<Reply> {
    let dialect = plan.dialect;
    let refusal = match &decision.ending {
        Ending::Refuse { refusal, .. } => Some(refusal),
        _ => None,
    };
    let headers = headers::all(dialect, &decision.hints, &decision.states, refusal);
    let (status, body, pace) = match &decision.ending {
        Ending::Answer { ask, pace, .. } if ask.route != "embed" => (200, Vec::new(), *pace),
        Ending::Answer { ask, tokens, lie, pace } => {
            (200, vectors(plan, ask, *tokens, *lie), *pace)
        }
        Ending::Refuse { refusal, model } => {
            let body = decision.hints.body.unwrap_or(Body::Right);
            let (status, body) = dialect.refusal(&Told { refusal, model, body });
            (status, body.into_bytes(), Pace::Whole)
        }
        Ending::Reset | Ending::Silence => return None,
    };
    Some(Reply { status, headers, body, pace })
}

fn vectors(plan: &Plan, ask: &Ask<'_>, tokens: u64, lie: Option<Lie>) -> Vec<u8> {
    let mut answer = Answer::new(ask, tokens, plan.dims);
    let Some(lie) = lie else { return plan.dialect.answer(&answer) };
    answer.spoil(lie);
    let mut body = plan.dialect.answer(&answer);
    match lie {
        Lie::Garbage => GARBAGE.to_vec(),
        Lie::Truncated => {
            body.truncate(body.len() / 2);
            body
        }
        Lie::ErrorInside => error_inside(plan.dialect, &ask.model),
        Lie::Oversize => {
            body.resize(OVERSIZE_BYTES, b' ');
            body
        }
        _ => body,
    }
}

fn error_inside(dialect: Dialect, model: &str) -> Vec<u8> {
    let refusal = Refusal::SlowDown { status: 429, retry_after: None };
    dialect.refusal(&Told { refusal: &refusal, model, body: Body::Right }).1.into_bytes()
}
