//! `gristmill analyze`.

use super::extract::{DRAIN, runtime, text_or_file, until};
use super::print;
use super::watch::watch;
use crate::args::{AnalyzeArgs, Format};
use crate::display;
use crate::failed::Failed;
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::content::{extractor, open_document, provider_json, splitter};
use crate::wire::groups::Groups;
use crate::wire::signals;
use content::wire::{left_out_json, section_json};
use content::{Found, LeftOut, Way, no_outline, of_outline};
use flow::interrupt::Interrupt;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::time::Instant;
use types::seam::split::{Cut, Splitter, Wanted};

pub(crate) fn analyze(
    args: &AnalyzeArgs,
    format: Format,
    settings: &Settings,
) -> Result<u8, Failed> {
    let started = Instant::now();
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let way = way(&args.sections)?;
    let found = match (way, &args.prompt) {
        (_, None) => by_outline(args, settings)?,
        (_, Some(_)) => None,
    };
    let (found, provider) = match found {
        Some(found) => (Some(found), provider_json(settings, None)),
        None if way == Way::Outline => return Err(no_outline().into()),
        None => by_model(args, settings, &interrupt)?,
    };
    let Some(found) = found else { return Ok(signals::INTERRUPTED as u8) };
    let result = json!({
        "success": true,
        "file": args.file.to_string_lossy(),
        "pages": found.pages,
        "sections": found.sections.iter().map(section_json).collect::<Vec<_>>(),
        "left_out": found.left_out.iter().map(left_out_json).collect::<Vec<_>>(),
        "provider": provider,
        "seconds": started.elapsed().as_secs_f64(),
    });
    say_left_out(&found.left_out);
    print(format, &result, &text(&found))?;
    Ok(0)
}

/// Said also to those who want no progress: the user may have expected these.
pub(super) fn say_left_out(left_out: &[LeftOut]) {
    for left in left_out {
        let (name, range) = (printable(&left.name), printable(&left.page_range));
        display::note(&format!("{name} ({range}) is left out: {}", printable(&left.why)));
    }
}

pub(crate) fn way(word: &str) -> Result<Way, Failed> {
    match word {
        "auto" => Ok(Way::Auto),
        "outline" => Ok(Way::Outline),
        other => Err(Failed::usage(
            format!("--sections {other:?} is neither auto nor outline"),
            "write --sections auto or --sections outline",
        )),
    }
}

/// Without a model, which nobody needs for this.
fn by_outline(args: &AnalyzeArgs, settings: &Settings) -> Result<Option<Found>, Failed> {
    let document = open_document(&args.file)?;
    let (splitter, _sandbox) = splitter(settings)?;
    let mut found = None;
    splitter.split(&document, Wanted::Ranges(&[]), &mut |cut| {
        if let Cut::Facts(facts) = cut {
            let sections = of_outline(&facts);
            let (pages, left_out) = (facts.pages, Vec::new());
            found = (!sections.is_empty()).then_some(Found { pages, sections, left_out });
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// None: interrupted.
fn by_model(
    args: &AnalyzeArgs,
    settings: &Settings,
    interrupt: &Interrupt,
) -> Result<(Option<Found>, Value), Failed> {
    let document = open_document(&args.file)?;
    let prompt = args.prompt.as_deref().map(text_or_file).transpose()?;
    runtime()?.block_on(async {
        let (extractor, sampler) = extractor(settings, &Groups::of(settings))?;
        let found = tokio::select! {
            found = extractor.analyze(&document, Way::Auto, prompt.as_deref()) => Some(found),
            () = until(interrupt) => None,
            never = watch(&extractor, &sampler) => match never {},
        };
        // Also after an answer that cannot be used: the document was uploaded for it.
        extractor.drain(DRAIN).await;
        Ok((found.transpose()?, provider_json(settings, Some(&extractor))))
    })
}

fn text(found: &Found) -> String {
    let sections = found.sections.iter();
    let lines = sections.map(|section| format!("{}\t{}", section.range, printable(&section.name)));
    lines.collect::<Vec<_>>().join("\n")
}
