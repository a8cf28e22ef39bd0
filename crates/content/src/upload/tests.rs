use super::*;
use crate::doubles::{Notes, Shelf, line};
use crate::journal::Journal;
use crate::sweep::{Swept, sweep};
use tokio::task::JoinSet;
use types::seam::upload::UploadJournal;

struct Desk {
    shelf: Arc<Shelf>,
    notes: Arc<Notes>,
    cleaner: Arc<Cleaner>,
    line: Line,
    _work: JoinSet<()>,
}

impl Desk {
    fn new(shelf: Shelf) -> Self {
        let shelf = Arc::new(shelf);
        let notes = Arc::new(Notes::default());
        let (line, lane) = line(&shelf);
        let journal = Arc::clone(&notes) as Arc<dyn UploadJournal>;
        let cleaner = Cleaner::new(line.clone(), Journal::new(journal));
        let mut work = JoinSet::new();
        work.spawn(lane);
        work.spawn(Arc::clone(&cleaner).work());
        Self { shelf, notes, cleaner, line, _work: work }
    }

    fn sending(&self) -> Sending<'_> {
        Sending {
            files: self.shelf.as_ref(),
            line: &self.line,
            up: &self.line,
            cleaner: &self.cleaner,
            content: [7; 32],
            name: "a/b",
            timeout: Duration::from_secs(100),
        }
    }

    async fn sent(&self) -> (Remote, RemoteFile) {
        self.sending().send(&Arc::new(vec![1])).await.unwrap()
    }
}

#[test]
fn ids_differ_and_keep_to_what_providers_take() {
    let (one, two) = (fresh_id(), fresh_id());
    assert_ne!(one, two);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(one.len() <= 40 && one.chars().all(fits));
}

#[test]
fn a_name_is_shown_without_what_could_break_a_listing() {
    assert_eq!(shown("a/b\\c: \"d\"\n"), "a_b_c_ _d__");
    assert_eq!(shown(&"é".repeat(99)).chars().count(), SHOWN_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_file_is_looked_at_after_a_tenth_of_a_second_and_then_ever_more_rarely() {
    let desk = Desk::new(Shelf::new(60.0));
    let (_remote, file) = desk.sent().await;
    desk.sending().active(file).await.unwrap();
    let looks = desk.shelf.looks();
    let pauses: Vec<f64> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let close = |a: f64, b: f64| (a - b).abs() < 0.02;
    assert!(close(looks[0], 0.1), "{looks:?}");
    for (at, pause) in pauses.iter().enumerate() {
        let expected = (0.1 * 1.5_f64.powi(at as i32 + 1)).min(5.0);
        assert!(close(*pause, expected), "{at}: {pause} instead of {expected}");
    }
    assert!(close(*pauses.last().unwrap(), 5.0));
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_journaled_first_and_gone_when_its_holder_is() {
    let desk = Desk::new(Shelf::new(0.0));
    let (remote, file) = desk.sent().await;
    let id = remote.id().unwrap().to_owned();
    assert_eq!((desk.notes.ids(), desk.shelf.names()), (vec![id.clone()], vec![file.name.clone()]));
    assert!(file.display_name.starts_with("a_b_") && file.display_name.contains(&id));
    drop(remote);
    desk.cleaner.idle().await;
    assert_eq!((desk.notes.ids().len(), desk.shelf.names().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_stays_and_is_found_again() {
    let desk = Desk::new(Shelf::new(0.0));
    assert_eq!(desk.sending().kept().await.unwrap(), None);
    let (remote, file) = desk.sent().await;
    desk.sending().keep(remote, &file).await.unwrap();
    desk.cleaner.idle().await;
    assert_eq!(desk.sending().kept().await.unwrap().map(|kept| kept.name), Some(file.name.clone()));
    desk.shelf.files.lock().unwrap().clear();
    assert_eq!(desk.sending().kept().await.unwrap(), None);
    assert_eq!(desk.notes.ids().len(), 0, "what the provider has let go is forgotten");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_may_come_to_be_there_stays_in_the_journal() {
    let desk = Desk::new(Shelf::new(0.0));
    let (remote, _) = desk.sent().await;
    let entry = desk.notes.0.lock().unwrap().values().next().unwrap().clone();
    drop(remote);
    desk.cleaner.idle().await;
    desk.notes.open(&entry).unwrap();
    let new = new_file(&entry.id);
    new.sent.mark();
    drop(Remote::possible(&desk.cleaner, &new, format!("files/{}", entry.id)));
    desk.cleaner.idle().await;
    assert_eq!(desk.notes.ids(), [entry.id]);
    assert_eq!(desk.cleaner.left(), 0, "nothing is there that could be called left");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_deletes_what_the_dead_left_and_nothing_else() {
    let desk = Desk::new(Shelf { keeps_names: false, ..Shelf::new(0.0) });
    let (remote, file) = desk.sent().await;
    let swept = sweep(&desk.line, desk.shelf.as_ref(), &desk.cleaner.journal).await.unwrap();
    assert_eq!(swept, Swept::default(), "its owner lives");
    // As a kill between the upload and the reply leaves it: under another name than ours.
    {
        let mut notes = desk.notes.0.lock().unwrap();
        let entry = notes.values_mut().next().unwrap();
        (entry.owner, entry.name) = ("dead/1/1".to_owned(), None);
    }
    remote.keep();
    assert_eq!(desk.shelf.names(), [file.name]);
    let swept = sweep(&desk.line, desk.shelf.as_ref(), &desk.cleaner.journal).await.unwrap();
    assert_eq!(swept, Swept { deleted: 1, left: 0 });
    assert_eq!((desk.shelf.names().len(), desk.notes.ids().len()), (0, 0));
}

fn new_file(id: &str) -> Arc<NewFile> {
    let (id, sent) = (id.to_owned(), Sent::default());
    Arc::new(NewFile { id, display_name: String::new(), media_type: PDF, sent })
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_not_asked_for_and_not_left() {
    let desk = Desk::new(Shelf::new(0.0));
    let (remote, _) = desk.sent().await;
    let entry = desk.notes.0.lock().unwrap().values().next().unwrap().clone();
    drop(remote);
    desk.cleaner.idle().await;
    desk.notes.open(&entry).unwrap();
    let asked = desk.shelf.asked.lock().unwrap().len();
    drop(Remote::possible(&desk.cleaner, &new_file(&entry.id), format!("files/{}", entry.id)));
    desk.cleaner.idle().await;
    assert_eq!((desk.notes.ids().len(), desk.cleaner.left()), (0, 0));
    assert_eq!(desk.shelf.asked.lock().unwrap().len(), asked, "the provider was asked");
}
