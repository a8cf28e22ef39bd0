//! The workers, not the model: its vectors are tested where it lives.

use super::*;
use std::path::PathBuf;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../encoder/tests/models/bert")
}

fn started(workers: usize) -> LocalEmbedder {
    LocalEmbedder::open(&folder(), Options::default(), Machine::processor(workers)).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn it_is_named_by_a_hash_of_all_that_its_vectors_depend_on() {
    let embedder = started(1);
    let name = embedder.model().to_string();
    assert!(name.starts_with("local:") && name.len() == "local:".len() + NAME_DIGITS, "{name}");
    assert_eq!(embedder.model().dimensions, 24);
    let i16 = Options { precision: Precision::I16, ..Options::default() };
    let other = LocalEmbedder::open(&folder(), i16, Machine::processor(1)).unwrap();
    assert_ne!(other.model(), embedder.model());
    assert_eq!(started(2).model(), embedder.model());
}

#[test]
fn each_text_gets_its_own_outcome_in_order_whatever_else_is_asked() {
    let embedder = started(3);
    let model = Transformer::load(&folder(), Options::default()).unwrap();
    let texts: Vec<String> = (0..90)
        .map(|n| if n % 7 == 3 { "?".to_owned() } else { format!("cat {}", "dog ".repeat(n % 20)) })
        .collect();
    let expected: Vec<Option<Vec<f32>>> = texts
        .iter()
        .map(|text| {
            let tokens = model.tokens(Side::Document, text)?;
            Some(model.embed(&[&tokens], &mut Memory::default()).remove(0))
        })
        .collect();
    let calls: Vec<Vec<Option<Vec<f32>>>> = std::thread::scope(|scope| {
        let call = || {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let got = block_on(embedder.embed(Purpose::Document, &texts)).unwrap().vectors;
            got.into_iter().map(|v| v.ok().map(|v| v.values().to_vec())).collect()
        };
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(expected.iter().any(Option::is_none));
    assert!(calls.iter().all(|call| *call == expected));
}

#[test]
fn a_document_that_is_too_long_is_refused_and_a_query_is_cut() {
    let embedder = started(1);
    let long = "dog ".repeat(29);
    assert_eq!(embedder.limits().text_tokens, 28);
    let refused = block_on(embedder.embed(Purpose::Document, &[&long])).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge);
    assert_eq!(refused.message, "text is 1 tokens longer than the 28 that the local model takes");
    let fits = "dog ".repeat(28);
    let whole = block_on(embedder.embed(Purpose::Document, &[&fits])).unwrap();
    let cut = block_on(embedder.embed(Purpose::Query, &[&long])).unwrap();
    assert_eq!(whole.vectors, cut.vectors);
}

#[test]
fn a_waiting_query_is_served_between_the_batches_of_a_bulk_call() {
    let transformer = Transformer::load(&folder(), Options::default()).unwrap();
    let place = Place::new(DeviceChoice::Cpu, Arc::new(|_| {}), cuda::open);
    let model = Model { transformer, budget: Mutex::default(), place };
    let line = Line::new(1);
    let (bulk_reply, mut bulk) = oneshot::channel();
    let (query_reply, mut query) = oneshot::channel();
    let words = |text: &str, count| vec![text.to_owned(); count];
    let query_job = Job { purpose: Purpose::Query, texts: words("fox", 1), reply: query_reply };
    block_on(line.enter(query_job));
    let texts = words("the cat sat", 3);
    let job = Job { purpose: Purpose::Document, texts, reply: bulk_reply };
    model.serve(job, &mut Memory::default(), &line);
    assert_eq!(query.try_recv().unwrap().unwrap().vectors.len(), 1);
    assert_eq!(bulk.try_recv().unwrap().unwrap().vectors.len(), 3);
}

#[test]
fn a_call_that_was_given_up_is_not_worked_on() {
    let transformer = Transformer::load(&folder(), Options::default()).unwrap();
    let place = Place::new(DeviceChoice::Cpu, Arc::new(|_| {}), cuda::open);
    let model = Model { transformer, budget: Mutex::default(), place };
    let (reply, answer) = oneshot::channel();
    drop(answer);
    let line = Line::new(1);
    let (query_reply, mut query) = oneshot::channel();
    let waiting = Job { purpose: Purpose::Query, texts: Vec::new(), reply: query_reply };
    block_on(line.enter(waiting));
    let job = Job { purpose: Purpose::Document, texts: vec!["cat".to_owned()], reply };
    model.serve(job, &mut Memory::default(), &line);
    assert!(query.try_recv().is_err(), "the batch, and with it the letting pass, was not begun");
}
