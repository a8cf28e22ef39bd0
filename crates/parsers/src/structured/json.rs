//! JSON: a list of items, an object around one, objects one after the other, or any other value as flat text.

mod survey;

use self::survey::{Shape, survey};
use super::capped::{self, Capped};
use super::flat;
use super::item;
use super::notebook;
use super::scan::{Broken, Ended, First, Next, Scanner};
use crate::outlet::Outlet;
use crate::stop::{Step, Stop};
use crate::text::utf8::Utf8Reader;
use std::io::{BufRead, BufReader, Seek};
use types::document::{Body, OwnLabel};
use types::failure::{Failure, FailureClass};

pub(crate) fn parse(name: &str, body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ending.eq_ignore_ascii_case("ipynb") && notebook::parse(body, outlet)? {
        return Ok(());
    }
    let shape = survey(&mut scanner(body)?)?;
    body.rewind()?;
    let mut scanner = match shape {
        Shape::Flat => return flat::parse(body, outlet),
        _ => scanner(body)?,
    };
    match shape {
        Shape::Flat => Ok(()),
        Shape::List => {
            let label = OwnLabel::default();
            scanner.peek()?;
            scanner.take();
            list(&mut scanner, &label, outlet)
        }
        Shape::Around { key, label } => around(&mut scanner, &key, &label, outlet),
        Shape::Sequence => sequence(&mut scanner, outlet),
    }
}

/// One object per line. A line that is none fails alone.
pub(crate) fn parse_lines(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let reader = Utf8Reader::new(body)?;
    let mut offset = reader.start;
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let label = OwnLabel::default();
    while let Some(line) = capped::line(&mut reader, &mut offset)? {
        if !line.held().trim_ascii().is_empty() {
            item::push(&line, &label, outlet)?;
        }
    }
    Ok(())
}

type BodyScanner<'a> = Scanner<BufReader<Utf8Reader<&'a mut Body>>>;

fn scanner(body: &mut Body) -> Step<BodyScanner<'_>> {
    let reader = Utf8Reader::new(body)?;
    let start = reader.start;
    Ok(Scanner::new(BufReader::with_capacity(64 * 1024, reader), start))
}

/// The values of a list whose opening bracket is read.
fn list(scanner: &mut Scanner<impl BufRead>, label: &OwnLabel, outlet: &mut Outlet<'_>) -> Step {
    let mut first = First::Yes;
    loop {
        match scanner.next(first, b']') {
            Ok(Next::Value) => {}
            Ok(Next::End) => return Ok(()),
            Err(broken) => return end_of(broken, outlet),
        }
        first = First::No;
        match scanner.value() {
            Ok(value) => item::push(&value, label, outlet)?,
            Err(ended) => return cut_off(ended, outlet),
        }
    }
}

/// An object of which the field `key` holds the items.
fn around(
    scanner: &mut Scanner<impl BufRead>,
    key: &str,
    label: &OwnLabel,
    outlet: &mut Outlet<'_>,
) -> Step {
    scanner.peek()?;
    scanner.take();
    loop {
        let name = match field(scanner) {
            Ok(Some(name)) => name,
            Ok(None) => return Ok(()),
            Err(broken) => return end_of(broken, outlet),
        };
        if is_key(&name, key) && scanner.peek()? == Some(b'[') {
            scanner.take();
            return list(scanner, label, outlet);
        }
        if let Err(ended) = scanner.value() {
            return end_of(ended.why, outlet);
        }
    }
}

/// Objects one after the other, as JSON Lines under another name, or a single one.
fn sequence(scanner: &mut Scanner<impl BufRead>, outlet: &mut Outlet<'_>) -> Step {
    let label = OwnLabel::default();
    while scanner.peek()?.is_some() {
        match scanner.value() {
            Ok(value) => item::push(&value, &label, outlet)?,
            Err(ended) => return cut_off(ended, outlet),
        }
    }
    Ok(())
}

/// Reads the name of the next field and its colon, behind `{` or a value; `None` behind the closing bracket.
fn field(scanner: &mut Scanner<impl BufRead>) -> Result<Option<Capped>, Broken> {
    // A missing comma or one too many is the element's own affair where it is parsed; here it only separates.
    while scanner.peek()? == Some(b',') {
        scanner.take();
    }
    match scanner.peek()? {
        Some(b'}') => {
            scanner.take();
            return Ok(None);
        }
        Some(b'"') => {}
        Some(_) => return Err(Broken::Unexpected { at: scanner.offset() }),
        None => return Err(Broken::Ended),
    }
    let name = scanner.value().map_err(|ended| ended.why)?;
    match scanner.peek()? {
        Some(b':') => scanner.take(),
        Some(_) => return Err(Broken::Unexpected { at: scanner.offset() }),
        None => return Err(Broken::Ended),
    }
    Ok(Some(name))
}

/// A field's name as it is written, quotes included.
fn is_key(name: &Capped, key: &str) -> bool {
    serde_json::from_slice::<String>(name.held()).is_ok_and(|name| name == key)
}

/// The last item is not whole: it fails, the items before it stay.
fn cut_off(ended: Ended, outlet: &mut Outlet<'_>) -> Step {
    let message = match ended.why {
        Broken::Unreadable(error) => return Err(error.into()),
        Broken::Ended => "the file ends inside this item".to_owned(),
        Broken::Unexpected { at } => format!("no item begins at byte {at}"),
    };
    let failure = Failure::new(FailureClass::BadItem, message, "fetch or write the file again");
    item::bad(&ended.held, failure, outlet)
}

/// The list around the items is damaged; what was read stays.
fn end_of(broken: Broken, outlet: &mut Outlet<'_>) -> Step {
    match broken {
        Broken::Unreadable(error) => Err(Stop::from(error)),
        Broken::Ended => outlet.warning("the file ends before its list of items does"),
        Broken::Unexpected { at } => {
            let failure = Failure::new(
                FailureClass::BadItem,
                format!(
                    "not valid JSON at byte {at}: the items from there on cannot be told apart"
                ),
                "mend the file at this place",
            );
            item::bad(&Capped::new(at), failure, outlet)
        }
    }
}

#[cfg(test)]
mod tests;
