//! Files whose names are those of items: `a.jsonl#x` beside `a.jsonl`, whose item `x` has the same name.

use types::failure::Failure;
use types::seam::Parsers;

/// Files of a listing in bytewise order that may hold items, and of whose names the present one is longer by
/// something. The names in between all begin alike, so that a stack of them is enough.
#[derive(Debug, Default)]
pub(super) struct Shadowed {
    outer: Vec<String>,
}

impl Shadowed {
    /// Takes the next name; a failure if it could be the name of an item of a file before it.
    pub(super) fn check(&mut self, name: &str, parsers: &dyn Parsers) -> Option<Failure> {
        while self.outer.last().is_some_and(|outer| !name.starts_with(outer.as_str())) {
            self.outer.pop();
        }
        let holder = self
            .outer
            .iter()
            .find(|outer| name.strip_prefix(outer.as_str()).is_some_and(|id| id.starts_with('#')));
        if let Some(holder) = holder {
            return Some(shadowed(holder));
        }
        if parsers.may_hold_items(name) {
            self.outer.push(name.to_owned());
        }
        None
    }
}

fn shadowed(holder: &str) -> Failure {
    Failure::bad_document(
        format!("its name is kept for an item of the file {holder} beside it"),
        "give the file another name",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::document::Body;
    use types::seam::Choice;

    struct ByEnding;

    impl Parsers for ByEnding {
        fn choose(&self, _name: &str, _body: &mut Body) -> Result<Choice, Failure> {
            Err(Failure::bad_document("not asked", ""))
        }

        fn may_hold_items(&self, name: &str) -> bool {
            name.strip_suffix(".jsonl").is_some()
        }

        fn identity(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn only_a_name_that_an_item_could_have_is_refused() {
        let mut shadowed = Shadowed::default();
        let listing = [
            ("a#1.md", None),
            ("a.jsonl", None),
            ("a.jsonl copy.md", None),
            ("a.jsonl#x", Some("a.jsonl")),
            ("a.jsonl#y.jsonl", Some("a.jsonl")),
            ("a.jsonl-more.jsonl", None),
            ("a.jsonl-more.jsonl#1", Some("a.jsonl-more.jsonl")),
            ("b.md", None),
            ("b.md#1", None),
            ("c/a.jsonl#x", None),
        ];
        assert!(listing.is_sorted());
        for (name, holder) in listing {
            let told = shadowed.check(name, &ByEnding).map(|failure| failure.message);
            let right = match (&told, holder) {
                (Some(told), Some(holder)) => told.contains(&format!("the file {holder} ")),
                (told, holder) => told.is_none() && holder.is_none(),
            };
            assert!(right, "{name}: {told:?}");
        }
    }
}
