use super::*;

const SECRET: &str = "pa55word";

#[test]
fn no_secret_is_ever_shown() {
    let good = format!(
        "store = \"postgres://me:{SECRET}@host/db\"\n\
         [[parsers]]\nmatch = \"*.x\"\ncommand = [\"sh\", \"--token={SECRET}\"]\n\
         [[hooks]]\nafter = \"run\"\ncommand = [\"curl\", \"-H\", \"Authorization: {SECRET}\"]\n\
         [[hooks]]\nafter = \"run\"\nurl = \"http://localhost/services/{SECRET}?k={SECRET}\"\n"
    );
    let read = reading(&good, [], &[]);
    let told = format!("{read:?} {:?}", read.settings.as_ref().unwrap());
    assert!(!told.contains(SECRET), "{told}");
}

#[test]
fn no_mistake_tells_a_secret() {
    for text in [
        format!("store = \"mysql://me:{SECRET}@host/db\""),
        format!("store = \"host=x password={SECRET}\""),
        format!("embedder = \"openai:m@https://me:{SECRET}@host\""),
        format!("[[hooks]]\nafter = \"run\"\nurl = \"http://me:{SECRET}@host\""),
        format!("[[hooks]]\nafter = \"run\"\nurl = \"ftp://host/{SECRET}\""),
        format!("[[hooks]]\nafter = \"run\"\ncommand = \"curl {SECRET}\""),
        format!("[[parsers]]\nmatch = \"*.x\"\ncommand = [3, \"{SECRET}\"]"),
        format!("api_key = \"{SECRET}\""),
        format!("store = \"{SECRET}"),
        format!("store = {SECRET}"),
    ] {
        let read = reading(&text, [], &[]);
        assert!(read.settings.is_err(), "{text}");
        let told = format!("{:?} {:?} {:?}", read.mistakes(), read.settings, read.warnings);
        assert!(!told.contains(SECRET), "{text}: {told}");
    }
    let read =
        reading("", [("GRISTMILL_OPENAI_API_KEY", SECRET), ("GRISTMILL_STORE", SECRET)], &[]);
    assert!(!format!("{read:?}").contains(SECRET));
    assert_eq!(read.mistakes().len(), 2);
}
