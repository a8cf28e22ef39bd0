//! Who may go on with an open version: one run, until its time has run out.

use super::Law;
use super::draft::{Draft, apply, sweep_all, texts};
use std::time::Duration;
use types::lease::{LEASE, Lease};
use types::ledger::{Applied, DocumentId};
use types::seam::Store;

pub(super) const LAWS: &[Law] = &[
    (
        "a_long_document_is_leased_until_it_is_finished",
        a_long_document_is_leased_until_it_is_finished,
    ),
    ("a_fenced_out_run_cannot_commit", a_fenced_out_run_cannot_commit),
    ("a_lease_that_ran_out_is_anybodys", a_lease_that_ran_out_is_anybodys),
    ("a_run_takes_over_what_a_dead_one_held", a_run_takes_over_what_a_dead_one_held),
    ("what_is_given_back_counts_no_crash", what_is_given_back_counts_no_crash),
    ("the_dead_stay_dead_until_they_are_retried", the_dead_stay_dead_until_they_are_retried),
    ("what_is_done_or_gone_cannot_be_claimed", what_is_done_or_gone_cannot_be_claimed),
];

const LOST: Applied = Applied { written: 0, removed: 0, refused: 0, lost: true };

/// A document of six chunks, of which the run has written two.
fn begun(store: &dyn Store, run: i64) -> (Draft, DocumentId) {
    let draft = Draft::new("a.md", "1/2/3/4/5/6").by_run(run);
    assert_eq!(apply(store, draft.segment(store, 0..2)).written, 2);
    let document = draft.state(store).unwrap().id;
    (draft, document)
}

fn claim(store: &dyn Store, document: DocumentId, run: i64) -> Option<Lease> {
    store.claim(&[document], run, LEASE).unwrap()[0]
}

/// As after [`LEASE`] without a word of the run.
fn let_it_run_out(store: &dyn Store, run: i64) {
    store.renew_leases(run, Duration::ZERO).unwrap();
}

fn a_long_document_is_leased_until_it_is_finished(store: &dyn Store) {
    let (draft, document) = begun(store, 7);
    assert_eq!(claim(store, document, 8), None);
    assert_eq!(store.renew_leases(7, LEASE).unwrap(), 1);
    assert_eq!(store.renew_leases(8, LEASE).unwrap(), 0);
    apply(store, draft.segment(store, 2..6));
    assert_eq!(store.renew_leases(7, LEASE).unwrap(), 0, "the last segment gives it back");
    let whole = Draft::new("b.md", "one/two").by_run(7);
    apply(store, whole.whole(store));
    assert_eq!(store.renew_leases(7, LEASE).unwrap(), 0, "it was never held");
}

fn a_fenced_out_run_cannot_commit(store: &dyn Store) {
    let (old, document) = begun(store, 7);
    let_it_run_out(store, 7);
    let lease = claim(store, document, 8).unwrap();
    assert_eq!(lease.open, Some((old.key(), 2)), "the cursor is kept");
    assert_eq!(apply(store, old.segment(store, 2..4)), LOST, "it continues");
    assert_eq!(apply(store, old.segment(store, 0..6)), LOST, "it begins anew");
    assert_eq!(apply(store, old.failed(store)), LOST);
    assert_eq!(store.dead_letters().unwrap(), []);
    assert_eq!(claim(store, document, 7), None);
    assert_eq!(old.state(store).unwrap().open, Some((old.key(), 2)));
    let new = old.clone().by_run(8);
    assert_eq!(apply(store, new.segment(store, 2..6)).written, 4);
    assert_eq!(apply(store, old.segment(store, 2..6)), LOST, "it is finished");
    assert_eq!(texts(store, &new.label), ["1", "2", "3", "4", "5", "6"]);
}

/// A commit after the time, but before anybody claims, is good: nobody else was there.
fn a_lease_that_ran_out_is_anybodys(store: &dyn Store) {
    let (draft, document) = begun(store, 7);
    let_it_run_out(store, 7);
    apply(store, draft.segment(store, 2..4));
    assert_eq!(claim(store, document, 8), None, "a commit prolongs it");
    let_it_run_out(store, 7);
    let first = claim(store, document, 8).unwrap();
    assert_eq!((first.crashes, claim(store, document, 9)), (1, None));
    let_it_run_out(store, 8);
    let second = claim(store, document, 9).unwrap();
    assert_eq!((second.crashes, second.attempts), (2, 3));
    assert!(second.fence > first.fence);
    let_it_run_out(store, 9);
    let other = Draft::new("a.md", "other/text").by_run(10);
    assert_eq!(apply(store, other.whole(store)).written, 2, "written whole, nothing needs a claim");
    sweep_all(store);
    assert_eq!(apply(store, draft.segment(store, 4..6)), LOST);
}

fn a_run_takes_over_what_a_dead_one_held(store: &dyn Store) {
    let dead = store.begin_run("dead").unwrap();
    let (draft, document) = begun(store, dead);
    let before = claim(store, document, dead).unwrap();
    assert_eq!(before.crashes, 0, "its own lease, claimed again");
    let next = store.begin_run("next").unwrap();
    let lease = claim(store, document, next).unwrap();
    assert!(lease.fence > before.fence);
    assert_eq!((lease.crashes, lease.open), (1, Some((draft.key(), 2))));
    assert_eq!(apply(store, draft.segment(store, 2..6)), LOST);
    apply(store, draft.clone().by_run(next).segment(store, 2..6));
    let changed = Draft::new("a.md", "7/8/9").by_run(next);
    apply(store, changed.segment(store, 0..2));
    assert_eq!(claim(store, document, next).unwrap().crashes, 0, "a head forgets them");
}

fn what_is_given_back_counts_no_crash(store: &dyn Store) {
    let (draft, document) = begun(store, 7);
    assert_eq!(store.release_leases(8).unwrap(), 0);
    assert_eq!(store.release_leases(7).unwrap(), 1);
    store.begin_run("next").unwrap();
    let lease = claim(store, document, 8).unwrap();
    assert_eq!((lease.crashes, lease.open), (0, Some((draft.key(), 2))));
}

fn the_dead_stay_dead_until_they_are_retried(store: &dyn Store) {
    let (draft, document) = begun(store, 7);
    apply(store, draft.failed(store));
    assert_eq!(store.renew_leases(7, LEASE).unwrap(), 0, "a failure gives it back");
    assert_eq!(claim(store, document, 7), None);
    store.begin_run("next").unwrap();
    assert_eq!(claim(store, document, 8), None);
    let letters: Vec<i64> = store.dead_letters().unwrap().iter().map(|letter| letter.id).collect();
    store.mark_for_retry(&letters).unwrap();
    let lease = claim(store, document, 8).unwrap();
    assert_eq!((lease.failures, lease.crashes, lease.open), (1, 0, None));
}

fn what_is_done_or_gone_cannot_be_claimed(store: &dyn Store) {
    let (draft, document) = begun(store, 7);
    apply(store, draft.segment(store, 2..6));
    assert_eq!(store.claim(&[document, DocumentId(-1)], 7, LEASE).unwrap(), [None, None]);
}
