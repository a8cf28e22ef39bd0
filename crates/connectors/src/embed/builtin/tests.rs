//! The workers, not the model: its vectors are tested where it lives.

use super::*;
use std::future::Future;
use std::task::{Context, Waker};

fn started(workers: usize) -> BuiltinEmbedder {
    BuiltinEmbedder::new(workers).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn it_is_named_by_its_provider_alone() {
    let embedder = started(1);
    assert_eq!(embedder.model().to_string(), "builtin");
    assert_eq!(embedder.model().dimensions, 256);
    assert!(embedder.fingerprint().starts_with("static256-"));
}

#[test]
fn each_text_gets_its_own_outcome_in_order() {
    let embedder = started(2);
    let texts = ["a swarm of bees", "", "the tide at sea", "—", "a swarm of bees"];
    let outcomes = block_on(embedder.embed(Purpose::Document, &texts)).unwrap().vectors;
    assert_eq!(outcomes.len(), texts.len());
    let (model, mut scratch) = (Builtin::load(), Scratch::default());
    for (text, outcome) in texts.iter().zip(&outcomes) {
        let expected = model.embed(text, &mut scratch);
        assert_eq!(outcome.as_ref().ok().map(Embedding::values), expected.as_deref());
    }
    assert_eq!(outcomes[1], Err(NoVector));
}

#[test]
fn batches_at_once_do_not_mix() {
    let embedder = started(3);
    let texts: Vec<String> =
        (0..40).map(|n| format!("chapter {n} of the history of Rome")).collect();
    let embed = |text: &str| block_on(embedder.embed(Purpose::Document, &[text])).unwrap();
    let alone: Vec<_> = texts.iter().map(|text| embed(text)).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = texts.iter().map(|text| scope.spawn(|| embed(text))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(together, alone);
}

#[test]
fn a_batch_that_was_given_up_is_not_worked_on() {
    let (model, mut scratch) = (Builtin::load(), Scratch::default());
    let texts = ["a road".to_owned()];
    let (reply, answer) = oneshot::channel();
    assert!(embed_all(&model, &texts, &mut scratch, &reply).is_some());
    drop(answer);
    assert!(embed_all(&model, &texts, &mut scratch, &reply).is_none());
}

#[test]
fn giving_up_a_batch_leaves_the_worker_to_the_next() {
    let embedder = started(1);
    block_on(async {
        let texts = ["the long road to the sea"; 64];
        let mut given_up = embedder.embed(Purpose::Document, &texts);
        let mut context = Context::from_waker(Waker::noop());
        // Begun, and perhaps done already: the worker may be faster than this line.
        drop(given_up.as_mut().poll(&mut context));
        drop(given_up);
        assert!(embedder.embed(Purpose::Query, &["road"]).await.unwrap().vectors[0].is_ok());
    });
}

#[test]
fn dropping_it_ends_its_threads() {
    let embedder = started(4);
    let model = Arc::downgrade(&embedder.model);
    drop(embedder);
    assert!(model.upgrade().is_none(), "a worker still holds the model");
}

#[test]
fn without_workers_a_call_fails_and_does_not_wait() {
    let mut embedder = started(1);
    let (jobs, queue) = mpsc::channel(1);
    drop(queue);
    embedder.jobs = Some(jobs);
    let error = block_on(embedder.embed(Purpose::Query, &["x"])).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Internal, "a worker of the built-in model stopped")
    );
}
