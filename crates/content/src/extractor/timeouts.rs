//! Each step has its limit, measured on that step alone.

use super::*;
use crate::doubles::{Knife, Notes, Shelf};
use crate::prompt::Prompts;
use flow::dispatch::{Role, Route};
use flow::fixed::Fixed;
use flow::policy::{Outcome, Verdict};
use std::num::NonZeroUsize;
use tokio::time::Instant;
use types::error_kind::ErrorKind;
use types::pages::PageRange;

fn count(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn routes(timeout: Duration) -> Routes {
    Arc::new(move || {
        let route = Route::new(Box::new(Fixed::new(64)), Role::Primary, 1);
        vec![route.with_timeout_cap(timeout.as_secs_f64())]
    })
}

/// With the limits of the earlier system.
fn extractor(shelf: &Arc<Shelf>, knife: &Arc<Knife>, settings: Settings) -> Extractor {
    let timeouts = settings.timeouts;
    Extractor::start(Parts {
        llm: Arc::clone(shelf) as Arc<dyn Llm>,
        splitter: Arc::clone(knife) as Arc<dyn Splitter>,
        journal: Arc::new(Notes::default()),
        transcriber: None,
        pool: MemoryPool::new(1 << 30),
        resident: Arc::new(|| 0),
        verdict: |kind, _| match kind {
            ErrorKind::NotFound => Outcome::plain(Verdict::Rejected),
            _ => Outcome::plain(Verdict::Failed),
        },
        asking: routes(timeouts.generate),
        filing: routes(timeouts.upload),
        sending: routes(timeouts.upload),
        settings,
    })
}

/// So many sections of one page each.
async fn extracted(extractor: &Extractor, sections: u32) -> Extracted {
    let section = |page| Section {
        name: format!("s{page}"),
        range: PageRange::new(page, page).unwrap(),
        prompts: None,
    };
    let job = Extract {
        document: Arc::new(tempfile::tempfile().unwrap()),
        sections: (1..=sections).map(section).collect(),
        prompts: Some(Arc::new(Prompts::one("x".to_owned(), None).unwrap())),
        keep: Keep::No,
    };
    extractor.extract(job, &Interrupt::default(), &mut |_| {}).await.unwrap()
}

fn messages(extracted: &Extracted) -> Vec<String> {
    let failed = extracted.sections.iter().filter_map(|one| one.result.as_ref().err());
    failed.map(|failure| failure.message.clone()).collect()
}

/// When this was asked, in whole seconds.
fn asked(shelf: &Shelf, what: &str) -> Vec<u64> {
    let asked = shelf.asked.lock().unwrap();
    asked.iter().filter(|(_, one)| one == what).map(|(at, _)| *at as u64).collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up_and_asked_for_again_until_the_section_ends() {
    let shelf = Arc::new(Shelf { answers_take: Some(|_| 1e6), ..Shelf::new(0.0) });
    let knife = Arc::new(Knife::sharp());
    let extractor = extractor(&shelf, &knife, Settings::default());
    let extracted = extracted(&extractor, 1).await;
    assert_eq!(messages(&extracted), ["section took longer than 600 s"]);
    assert_eq!(asked(&shelf, "ask"), [0, 300], "each answer has 300 s");
    assert_eq!(extracted.sections[0].seconds as u64, 600);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_does_not_end_is_given_up() {
    let shelf = Arc::new(Shelf { uploads_take: |_, _| 1e6, ..Shelf::new(0.0) });
    let knife = Arc::new(Knife::sharp());
    let settings = Settings { attempts: 1, ..Settings::default() };
    let extractor = extractor(&shelf, &knife, settings);
    let extracted = extracted(&extractor, 1).await;
    assert_eq!(messages(&extracted), ["upload took longer than 300 s"]);
    assert_eq!(extracted.sections[0].seconds as u64, 300);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_is_no_part_of_an_upload() {
    let shelf =
        Shelf { uploads_take: |_, _| 150.0, answers_take: Some(|_| 1.0), ..Shelf::new(0.0) };
    let (shelf, knife) = (Arc::new(shelf), Arc::new(Knife::sharp()));
    let settings = Settings { uploads: count(1), attempts: 1, ..Settings::default() };
    let extractor = extractor(&shelf, &knife, settings);
    assert_eq!(messages(&extracted(&extractor, 3).await), [""; 0]);
    assert_eq!(asked(&shelf, "upload"), [0, 150, 300]);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_does_not_come_apart_is_given_up() {
    let shelf = Arc::new(Shelf { answers_take: Some(|_| 1.0), ..Shelf::new(0.0) });
    let knife = Arc::new(Knife::stuck_after(1));
    let extractor = extractor(&shelf, &knife, Settings::default());
    let extracted = extracted(&extractor, 3).await;
    assert_eq!(messages(&extracted), ["split took longer than 120 s"; 2]);
    assert!(extracted.sections[0].result.is_ok(), "what had come is asked about");
}

#[tokio::test(start_paused = true)]
async fn limits_follow_what_calls_take_and_large_files_may_take_longer() {
    // Small files are there at once, the 41st hangs; large ones take a second for each 10,000 bytes.
    let takes = |number: u64, bytes: usize| match number {
        41 => 1e6,
        _ if bytes > 1000 => bytes as f64 / 1e4,
        _ => 0.1,
    };
    let shelf = Arc::new(Shelf { uploads_take: takes, ..Shelf::new(0.0) });
    let (line, work) = crate::doubles::line_with_cap(&shelf, 300.0);
    let mut running = JoinSet::new();
    running.spawn(work);
    let send = async |bytes: usize| {
        let sent = types::seam::llm::Sent::default();
        let new = types::seam::llm::NewFile {
            id: format!("gm-{}", shelf.asked.lock().unwrap().len()),
            display_name: String::new(),
            media_type: "",
            sent,
        };
        let terms = crate::call::Terms {
            class: flow::fair::Class::Normal,
            tokens: bytes as f64,
            within: Duration::from_mins(10),
        };
        let op = crate::call::Op::Upload(Arc::new(new), Arc::new(vec![0; bytes]));
        let started = Instant::now();
        line.call(op, terms).await.unwrap();
        started.elapsed().as_secs_f64()
    };
    for _ in 0..40 {
        assert!(send(100).await < 0.2);
    }
    let hung = send(100).await;
    assert!((5.0..7.0).contains(&hung), "given up after what all others needed: {hung}");
    let large = send(2_000_000).await;
    assert!((199.0..201.0).contains(&large), "{large}");
}
