//! What every journal of uploads does.

use std::time::{Duration, UNIX_EPOCH};
use types::seam::upload::{Upload, UploadJournal, UploadState};

pub(crate) fn entry(id: &str, content: u8) -> Upload {
    Upload {
        id: id.to_owned(),
        account: "here".to_owned(),
        content: [content; 32],
        owner: "me".to_owned(),
        state: UploadState::Open,
        created: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        name: None,
        uri: None,
    }
}

/// `open`: the same journal as another process opens it; it is empty at first.
pub(crate) fn laws_hold(open: &dyn Fn() -> Box<dyn UploadJournal>) {
    let journal = open();
    journal.open(&entry("a", 1)).unwrap();
    journal.open(&entry("b", 2)).unwrap();
    assert!(journal.open(&entry("a", 1)).is_err(), "an id is used once");
    let other = open();
    assert_eq!(other.all("here").unwrap(), [entry("a", 1), entry("b", 2)]);
    assert_eq!(other.all("elsewhere").unwrap(), []);
    journal.rename("b", "files/other").unwrap();
    assert_eq!(other.kept("here", &[1; 32]).unwrap(), None, "open is not kept");
    journal.keep("a", "files/a", "https://x/a").unwrap();
    let kept = other.kept("here", &[1; 32]).unwrap().unwrap();
    assert_eq!((kept.state, kept.uri.as_deref()), (UploadState::Kept, Some("https://x/a")));
    assert_eq!(journal.kept("here", &[2; 32]).unwrap(), None);
    assert_eq!(journal.kept("elsewhere", &[1; 32]).unwrap(), None);
    journal.close("a").unwrap();
    journal.close("a").unwrap();
    let left = Upload { name: Some("files/other".to_owned()), ..entry("b", 2) };
    assert_eq!(other.all("here").unwrap(), [left]);
}
