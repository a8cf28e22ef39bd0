//! Parsing a document in a child, and in a fresh one after a death that leaves pages to be had.

use super::{Sandbox, Stop, unreadable};
use crate::frame::Op;
use crate::job::Job;
use crate::live::{Live, NoFrame};
use crate::patience::Patience;
use crate::piped::Lost;
use crate::progress::{Next, Progress};
use crate::settings::Budget;
use crate::verdict::{Case, Death};
use crate::wire::{Request, blocks};
use std::io::Seek;
use std::ops::ControlFlow;
use types::block::Block;
use types::document::RawDocument;
use types::failure::Failure;

impl Sandbox {
    /// As `types::seam::parse::Parser::parse`: `memory` is the limit of the child in bytes, `Break` ends with
    /// `Ok`, and `Err` is the verdict about the document, whose blocks pushed so far stand.
    pub fn parse(
        &self,
        job: &Job<'_>,
        raw: &mut RawDocument,
        memory: u64,
        push: &mut dyn FnMut(Block) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let budget = self.settings.parse_budget(raw.size, memory);
        let mut progress = Progress::new(push);
        let mut last = None;
        let fatal = loop {
            let death = match (self.attempt(job, raw, &budget, &mut progress)?, last) {
                // Every page has died: what is left is not an empty document.
                (Attempt::Ended, Some(death)) if !progress.has_content() => break death,
                (Attempt::Ended | Attempt::ConsumerGone, _) => return Ok(()),
                (Attempt::Died(death), _) => death,
            };
            match progress.after(&death) {
                Next::Again => last = Some(death),
                Next::ConsumerGone => return Ok(()),
                Next::GiveUp => break death,
            }
        };
        let case = Case { size: raw.size, budget: &budget, deaths: progress.deaths() };
        Err(case.failure(&fatal))
    }

    fn attempt(
        &self,
        job: &Job<'_>,
        raw: &mut RawDocument,
        budget: &Budget,
        progress: &mut Progress<'_>,
    ) -> Result<Attempt, Failure> {
        raw.body.rewind().map_err(|error| unreadable(&error))?;
        let mut live = self.child(budget)?;
        let request = Request {
            format: job.format.to_owned(),
            name: job.name.to_owned(),
            first_page: progress.first_page(),
            size: raw.size,
            cpu_secs: budget.cpu_secs,
        };
        let mut patience = Patience::of(budget.wall);
        let sent = live.request(&request, &mut raw.body, &mut patience);
        patience.until(self.interrupt());
        let stop = sent.map_or_else(Stop::from, |()| {
            collect(&mut live, patience, budget.output_bytes, progress)
        });
        match stop {
            Stop::Answered(answer) => {
                self.pool.give_back(live, &self.settings);
                answer.map(|()| Attempt::Ended)
            }
            Stop::ConsumerGone => Ok(Attempt::ConsumerGone),
            Stop::Unreadable(error) => Err(unreadable(&error)),
            Stop::NoFrame(why) => Ok(Attempt::Died(live.death(why))),
            Stop::Death(death) => Ok(Attempt::Died(death)),
        }
    }
}

enum Attempt {
    Ended,
    ConsumerGone,
    Died(Death),
}

fn collect(
    live: &mut Live,
    mut patience: Patience,
    output_bytes: u64,
    progress: &mut Progress<'_>,
) -> Stop {
    let mut output_left = output_bytes;
    loop {
        let header = match live.next_frame(&mut patience) {
            Ok(header) => header,
            Err(NoFrame::Lost(Lost::Interrupted)) => match progress.ask() {
                ControlFlow::Continue(()) => continue,
                ControlFlow::Break(()) => return Stop::ConsumerGone,
            },
            Err(why) => return why.into(),
        };
        let Some(left) = output_left.checked_sub(header.length as u64) else {
            return Stop::Death(Death::Output);
        };
        output_left = left;
        if let ControlFlow::Break(stop) = take(header.op, live.payload(header), progress) {
            return stop;
        }
    }
}

fn take(op: Op, payload: &[u8], progress: &mut Progress<'_>) -> ControlFlow<Stop> {
    match op {
        Op::Blocks => blocks(payload).try_for_each(|block| match block {
            Ok(block) => progress.take(block).map_break(|()| Stop::ConsumerGone),
            Err(_) => ControlFlow::Break(NoFrame::Garbled.into()),
        }),
        op => ControlFlow::Break(Stop::last(op, payload)),
    }
}
