//! One lane for each model of a run: its own batches, limits and retries.

use super::callee::{Failed, Model};
use super::{BATCHES_WAITING, Waiting, caps, dispatcher};
use crate::model::ModelAccess;
use crate::progress::Calls;
use crate::settings::{self, Batch};
use flow::dispatch::Counts;
use flow::fair::Class;
use flow::lane::{Finished, Halted, Lane};
use std::sync::Arc;

type Turn = Result<Option<Finished<Model<Waiting>>>, Halted<Failed>>;

/// In the order of the models; the first is the store's own.
pub(super) struct Lanes {
    all: Vec<OfModel>,
    /// Asked first next time: a lane that always has something must not keep the others from going on.
    turn: usize,
}

struct OfModel {
    lane: Lane<Model<Waiting>>,
    /// Items in line beyond which no more are taken in.
    waiting_max: usize,
    /// Nothing more comes out of it.
    ended: bool,
}

impl Lanes {
    pub(super) fn new<'m>(
        models: impl Iterator<Item = (&'m ModelAccess, &'m settings::Calls)>,
        batch: Batch,
    ) -> Self {
        let of_model = |(model, calls): (&ModelAccess, &settings::Calls)| {
            let caps = caps(model.embedder.limits(), batch);
            let lane = Lane::new(dispatcher(model, caps, calls), Arc::new(Model::new(model)));
            OfModel { lane, waiting_max: caps.items * BATCHES_WAITING, ended: false }
        };
        Self { all: models.map(of_model).collect(), turn: 0 }
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        let of_model = &mut self.all[waiting.model];
        of_model.ended = false;
        of_model.lane.push(Class::Normal, waiting.size(), waiting);
    }

    /// Whether more may be taken in. Together, since steps come in one row: a slow model fills the row up before
    /// the others run dry, and memory has its own bound.
    pub(super) fn have_room(&self) -> bool {
        let waiting: usize = self.all.iter().map(|each| each.lane.waiting()).sum();
        waiting < self.all.iter().map(|each| each.waiting_max).sum()
    }

    pub(super) fn close(&mut self) {
        self.all.iter_mut().for_each(|each| each.lane.close());
    }

    /// Starts nothing more: calls in flight end.
    pub(super) fn stop(&mut self) {
        self.all.iter_mut().for_each(|each| each.lane.stop());
    }

    pub(super) fn have_ended(&self) -> bool {
        self.all.iter().all(|each| each.ended)
    }

    /// What will not be sent.
    pub(super) fn take_waiting(&mut self) -> Vec<Waiting> {
        self.all.iter_mut().flat_map(|each| each.lane.take_waiting()).collect()
    }

    /// What is finished next, with the index of its model; none when all lanes have ended. Dropping the future
    /// loses nothing.
    pub(super) async fn next(
        &mut self,
    ) -> Result<Option<(usize, Finished<Model<Waiting>>)>, (usize, Halted<Failed>)> {
        loop {
            let Some((index, turn)) = self.one_turn().await else { return Ok(None) };
            match turn {
                Ok(Some(finished)) => return Ok(Some((index, finished))),
                Ok(None) => self.all[index].ended = true,
                Err(halted) => {
                    self.all[index].ended = true;
                    return Err((index, halted));
                }
            }
        }
    }

    async fn one_turn(&mut self) -> Option<(usize, Turn)> {
        self.turn = (self.turn + 1) % self.all.len();
        let first = self.turn;
        let mut open: Vec<(usize, &mut OfModel)> =
            self.all.iter_mut().enumerate().filter(|(_, each)| !each.ended).collect();
        if let [(index, only)] = open.as_mut_slice() {
            return Some((*index, only.lane.next().await));
        }
        let start = open.iter().position(|(index, _)| *index >= first).unwrap_or(0);
        open.rotate_left(start);
        if open.is_empty() {
            return None;
        }
        let turns = open
            .into_iter()
            .map(|(index, each)| Box::pin(async move { (index, each.lane.next().await) }));
        Some(futures_util::future::select_all(turns).await.0)
    }

    /// Of each model.
    pub(super) fn counts(&self) -> impl Iterator<Item = Counts> {
        self.all.iter().map(|each| each.lane.counts())
    }

    /// Of all models, with the limit in force of the first.
    pub(super) fn calls(&self) -> Calls {
        let mut sum = Counts::default();
        for Counts { requests, throttled, retried, failed, tokens } in self.counts() {
            sum.requests += requests;
            sum.throttled += throttled;
            sum.retried += retried;
            sum.failed += failed;
            sum.tokens += tokens;
        }
        Calls {
            counts: sum,
            in_flight: self.all.iter().map(|each| each.lane.in_flight()).sum(),
            limit: self.all.first().and_then(|each| each.lane.readings().next()),
        }
    }
}
