//! Books: metadata, and the chapters in the order of the spine, each through the tags of its page.

mod package;

use self::package::Package;
use super::container::{Container, missing};
use super::parts::join;
use super::xml::{self, Part};
use crate::html::{self, Dialect};
use crate::outlet::Outlet;
use crate::stop::Step;
use std::collections::HashSet;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use types::block::Block;
use types::document::{Body, OwnLabel};
use types::failure::{Failure, FailureClass};

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut zip = Container::open(body)?;
    let root = root_file(&mut zip)?;
    let package = Package::read(&zip.required(&root)?, &root)?;
    let encrypted = encrypted(&mut zip)?;
    let labels = package.labels(&mut zip)?;
    outlet.title(&package.title)?;
    outlet.front(OwnLabel::default(), &package.metadata)?;
    let mut chapters = 0;
    for chapter in package.chapters() {
        if encrypted.contains(chapter) {
            return Err(protected().into());
        }
        let Some(page) = zip.text(chapter)? else {
            outlet.warning(format!("chapter {} of the book is missing", chapters + 1))?;
            continue;
        };
        chapters += 1;
        if !has_heading(&page)
            && let Some(label) = labels.get(chapter)
        {
            outlet.extracted_heading(1, label)?;
        }
        html::walk(&page, Dialect::Xhtml, outlet)?;
    }
    if chapters == 0 {
        return Err(missing("chapter that its spine names").into());
    }
    Ok(())
}

fn root_file<R: Read + Seek>(zip: &mut Container<R>) -> Step<String> {
    let name = "META-INF/container.xml";
    let text = zip.required(name)?;
    let mut root = None;
    xml::read(&text, name, &mut |part| {
        if let Part::Start(element) = part
            && element.name() == "rootfile"
            && root.is_none()
        {
            root = element.attribute("full-path").map(|path| join("", &path));
        }
        Ok(())
    })?;
    root.ok_or_else(|| missing("root file").into())
}

/// The members that only the shop's reader can decrypt. Fonts are often among them, which does not matter.
fn encrypted<R: Read + Seek>(zip: &mut Container<R>) -> Step<HashSet<String>> {
    let name = "META-INF/encryption.xml";
    let mut members = HashSet::new();
    let Some(text) = zip.text(name)? else { return Ok(members) };
    xml::read(&text, name, &mut |part| {
        if let Part::Start(element) = part
            && element.name() == "CipherReference"
        {
            members.extend(element.attribute("URI").map(|path| join("", &path)));
        }
        Ok(())
    })?;
    Ok(members)
}

fn protected() -> Failure {
    Failure::new(
        FailureClass::Encrypted,
        "the book is protected against copying",
        "ingest an edition without copy protection",
    )
}

/// The page itself says what it is called.
fn has_heading(page: &str) -> bool {
    let mut found = false;
    let mut push = |block: Block| {
        found |= matches!(block, Block::Heading { .. });
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut outlet = Outlet::new(&mut push);
    // `Break` is the only way in which this walk can end early, and it is what is asked for.
    let walked = html::walk(page, Dialect::Xhtml, &mut outlet);
    debug_assert!(walked.is_ok() || found);
    found
}

#[cfg(test)]
mod tests;
