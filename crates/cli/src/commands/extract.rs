//! `gristmill extract`.

use super::analyze::{say_left_out, way};
use super::listed::Listed;
use super::print;
use super::watch::watch;
use crate::args::{ExtractArgs, Format};
use crate::display::Verbosity;
use crate::failed::{EXIT_FAILED, EXIT_FINDINGS, Failed};
use crate::report::{printable, printable_lines};
use crate::settings::Settings;
use crate::wire::content::{extractor, open_document, provider_json};
use crate::wire::groups::Groups;
use crate::wire::signals;
use content::wire::result_json;
use content::{Extract, Extracted, Extractor, Keep, Prompts, Schema, Section, SectionResult};
use flow::interrupt::Interrupt;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Write, stderr, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use types::failure::Failure;

/// At the end, deletions at the provider may take so long; what is left is done at the next start.
pub(super) const DRAIN: Duration = Duration::from_secs(20);

/// What dead processes left is deleted beside the sections; once they are done, it may take so much longer.
const SWEEP: Duration = Duration::from_secs(10);

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) struct Request<'a> {
    pub arguments: &'a ExtractArgs,
    pub format: Format,
    pub verbosity: Verbosity,
}

/// What a run of the command has.
struct Done {
    listed: Listed,
    extracted: Extracted,
    provider: Value,
    peak: u64,
    /// Uploads that could not be deleted.
    left: u64,
}

pub(crate) fn extract(request: &Request<'_>, settings: &Settings) -> Result<u8, Failed> {
    let started = Instant::now();
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let document = open_document(&request.arguments.file)?;
    let asked = Asked::read(request.arguments)?;
    if let Some(out) = &request.arguments.out {
        // Before anything is paid for.
        beside(out).map_err(|error| unwritable(out, &error))?;
    }
    let done = runtime()?.block_on(run(request, settings, (&document, asked), &interrupt))?;
    let Some(done) = done else { return Ok(signals::INTERRUPTED as u8) };
    let count = done.extracted.sections.iter().filter(|each| each.result.is_ok()).count();
    let row = |at: usize| result_json(&done.listed.sections[at], &done.extracted.sections[at]);
    let empty = json!({"result": null, "error": null, "attempts": 0, "seconds": 0.0});
    let result = json!({
        "success": count > 0,
        "file": request.arguments.file.to_string_lossy(),
        "pages": done.extracted.pages,
        "sections": done.listed.rows(row, &empty),
        "provider": done.provider,
        "seconds": started.elapsed().as_secs_f64(),
        "peak_rss_bytes": done.peak,
        "uploads_left": done.left,
    });
    // Paid for: printed whatever becomes of the file.
    if request.format == Format::Json {
        print(Format::Json, &result, "")?;
    }
    if let Some(out) = &request.arguments.out {
        write(out, &result)?;
    }
    say_left(request.verbosity, done.left);
    Ok(match count {
        _ if done.extracted.interrupted => signals::INTERRUPTED as u8,
        0 => EXIT_FAILED,
        count if count < done.listed.count() => EXIT_FINDINGS,
        _ => 0,
    })
}

/// What the arguments ask, checked before anything is sent.
struct Asked {
    /// None: they have to be looked for.
    sections: Option<Listed>,
    way: content::Way,
    prompts: Option<Arc<Prompts>>,
    keep: Keep,
}

impl Asked {
    fn read(args: &ExtractArgs) -> Result<Self, Failed> {
        let (sections, way) = match args.sections.as_str() {
            word @ ("auto" | "outline") => (None, way(word)?),
            path => (Some(Listed::read(path)?), content::Way::Auto),
        };
        let prompts = args.prompt.as_deref().map(|text| prompts(text, args.schema.as_deref()));
        let prompts = prompts.transpose()?.map(Arc::new);
        let without = |section: &Section| section.prompts.is_none();
        if prompts.is_none() && sections.as_ref().is_none_or(|all| all.sections.iter().any(without))
        {
            return Err(Failed::usage(
                "there is nothing to ask",
                "write --prompt TEXT, --prompt @FILE, or prompts for each section in the file of --sections",
            ));
        }
        let keep = if args.keep_uploads { Keep::Yes } else { Keep::No };
        Ok(Self { sections, way, prompts, keep })
    }
}

fn prompts(text: &str, schema: Option<&Path>) -> Result<Prompts, Failed> {
    let schema = schema.map(read_schema).transpose()?;
    Prompts::one(text_or_file(text)?, schema.map(Arc::new))
        .map_err(|bad| Failed::usage(format!("--prompt: {bad}"), "write --prompt TEXT or @FILE"))
}

fn read_schema(path: &Path) -> Result<Schema, Failed> {
    let wrong = |error: String| {
        Failed::usage(
            format!("--schema {}: {error}", path.display()),
            "give a file with a JSON schema",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Schema::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// `@FILE` stands for the text of a file.
pub(super) fn text_or_file(text: &str) -> Result<String, Failed> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    std::fs::read_to_string(path).map_err(|error| {
        Failed::usage(format!("--prompt @{path}: {error}"), "give the path of a text file after @")
    })
}

pub(super) fn runtime() -> Result<Runtime, Failed> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::internal(format!("cannot start the runtime: {error}")))
}

/// Returns when the user wants to stop.
pub(super) async fn until(interrupt: &Interrupt) {
    let mut look = tokio::time::interval(LOOK);
    while !interrupt.is_set() {
        look.tick().await;
    }
}

/// None: interrupted before there was anything to tell.
async fn run(
    request: &Request<'_>,
    settings: &Settings,
    (document, asked): (&Arc<File>, Asked),
    interrupt: &Interrupt,
) -> Result<Option<Done>, Failed> {
    let (extractor, sampler) = extractor(settings, &Groups::of(settings))?;
    let outcome = tokio::select! {
        outcome = work(request, &extractor, (document, asked), interrupt) => outcome,
        never = watch(&extractor, &sampler) => match never {},
    };
    // Also after an error: what was uploaded is deleted.
    let left = extractor.drain(DRAIN).await;
    let Some((listed, extracted)) = outcome? else { return Ok(None) };
    let provider = provider_json(settings, Some(&extractor));
    Ok(Some(Done { listed, extracted, provider, peak: sampler.peak(), left }))
}

async fn work(
    request: &Request<'_>,
    extractor: &Extractor,
    (document, asked): (&Arc<File>, Asked),
    interrupt: &Interrupt,
) -> Result<Option<(Listed, Extracted)>, Failed> {
    let listed = if let Some(listed) = asked.sections {
        listed
    } else {
        tokio::select! {
            found = extractor.analyze(document, asked.way, None) => {
                let found = found?;
                say_left_out(&found.left_out);
                Listed::of(found.sections)
            }
            () = until(interrupt) => return Ok(None),
        }
    };
    let sections = &listed.sections;
    for refused in listed.refused() {
        let (name, range) = (&refused.spec.section_name, &refused.spec.page_range);
        log_failed(request.verbosity, &format!("{name} ({range})"), &refused.failure);
    }
    let job = Extract {
        document: Arc::clone(document),
        sections: sections.clone(),
        prompts: asked.prompts,
        keep: asked.keep,
    };
    let mut tell = |result: &SectionResult| {
        if request.format == Format::Text {
            show(&sections[result.index], result);
        }
        log(request.verbosity, &sections[result.index], result);
    };
    let swept = async {
        // An entry that cannot be cleared now is there at the next start.
        let (Ok(_) | Err(_)) = tokio::time::timeout(SWEEP, extractor.sweep()).await;
    };
    let (extracted, ()) = tokio::join!(extractor.extract(job, interrupt, &mut tell), swept);
    Ok(Some((listed, extracted?)))
}

/// A result as soon as it is there.
fn show(section: &Section, result: &SectionResult) {
    if let Ok(text) = &result.result {
        let head = format!("## {} ({})", printable(&section.name), section.range);
        let mut out = stdout().lock();
        // A reader that closed the pipe has seen enough.
        drop(writeln!(out, "{head}\n\n{}\n", printable_lines(text)).and_then(|()| out.flush()));
    }
}

fn log(verbosity: Verbosity, section: &Section, result: &SectionResult) {
    if verbosity == Verbosity::Quiet {
        return;
    }
    let name = format!("{} ({})", section.name, section.range);
    match &result.result {
        Ok(_) => {
            let line = format!("{}: done in {:.1} s", printable(&name), result.seconds);
            drop(writeln!(stderr().lock(), "{line}"));
        }
        Err(failure) => log_failed(verbosity, &name, failure),
    }
}

fn log_failed(verbosity: Verbosity, name: &str, failure: &Failure) {
    if verbosity == Verbosity::Shown {
        let (name, message) = (printable(name), printable_lines(&failure.message));
        let line = format!("{name}: {message} ({}); {}", failure.class, failure.hint);
        drop(writeln!(stderr().lock(), "{line}"));
    }
}

fn say_left(verbosity: Verbosity, left: u64) {
    if left > 0 && verbosity == Verbosity::Shown {
        let line = format!("{left} uploads could not be deleted yet; the next run does it");
        drop(writeln!(stderr().lock(), "{line}"));
    }
}

/// Whole or not at all.
fn write(path: &Path, result: &Value) -> Result<(), Failed> {
    let written = beside(path).and_then(|mut file| {
        writeln!(file, "{result:#}")?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| unwritable(path, &error))
}

/// A temporary file in the folder of another.
fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failed {
    Failed::new(
        types::failure::FailureClass::Internal,
        format!("cannot write {}: {error}", path.display()),
        "check the path given to --out",
    )
}
