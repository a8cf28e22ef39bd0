use super::*;
use crate::doubles::Shelf;
use flow::dispatch::Role;
use flow::fixed::Fixed;
use flow::policy::Verdict;
use types::seam::llm::{Form, Question};

/// A line to a provider that refuses whoever asks.
fn refused(shelf: &Arc<Shelf>) -> (Line, impl Future<Output = ()> + Send + 'static) {
    Line::new(LineParts {
        llm: Arc::clone(shelf) as Arc<dyn Llm>,
        verdict: |_, _| Outcome::plain(Verdict::Parked),
        routes: Arc::new(|| vec![Route::new(Box::new(Fixed::new(8)), Role::Primary, 1)]),
        patience: Duration::from_mins(1),
        failures_max: 3,
        seed: 1,
    })
}

async fn ask(line: &Line) -> ErrorKind {
    let question = Question { parts: Vec::new(), form: Form::Text };
    let terms = Terms { class: Class::Normal, tokens: 1.0, within: Duration::from_mins(5) };
    line.call(Op::Ask(Arc::new(question)), terms).await.unwrap_err().kind
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_is_not_asked_again_at_once_but_later() {
    let shelf = Arc::new(Shelf::new(0.0));
    let (line, work) = refused(&shelf);
    let mut running = tokio::task::JoinSet::new();
    running.spawn(work);
    let asked = || shelf.asked.lock().unwrap().len();
    assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 1));
    for _ in 0..3 {
        assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 1));
    }
    tokio::time::sleep_until(Instant::now() + 2 * REST).await;
    assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 2));
    assert_eq!(line.counts().requests, 2);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_how_long_to_wait_is_not_asked_earlier() {
    let shelf = Arc::new(Shelf { asks_to_wait: Some(300.0), ..Shelf::new(0.0) });
    let (line, work) = refused(&shelf);
    let mut running = tokio::task::JoinSet::new();
    running.spawn(work);
    let asked = || shelf.asked.lock().unwrap().len();
    assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 1));
    tokio::time::sleep_until(Instant::now() + Duration::from_secs(299)).await;
    assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 1));
    tokio::time::sleep_until(Instant::now() + Duration::from_secs(2)).await;
    assert_eq!((ask(&line).await, asked()), (ErrorKind::NotFound, 2));
}
