//! `gristmill split`.

use super::print;
use crate::args::{Format, SplitArgs};
use crate::failed::{EXIT_FAILED, EXIT_FINDINGS, Failed};
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::content::{open_document, splitter};
use content::wire::{failure_json, read_sections, section_json};
use content::{Section, no_outline, of_outline};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::split::{Cut, Facts, Splitter};

/// Bytes of a section's name in a file's name: with number and ending it fits every file system.
const NAME_BYTES_MAX: usize = 100;

/// A file that was written, or why not.
type Written = Result<(String, u64), Failure>;

pub(crate) fn split(args: &SplitArgs, format: Format, settings: &Settings) -> Result<u8, Failed> {
    let started = Instant::now();
    let document = open_document(&args.file)?;
    let (splitter, _sandbox) = splitter(settings)?;
    let (facts, sections) = sections(&splitter, &document, &args.sections)?;
    std::fs::create_dir_all(&args.out).map_err(|error| unwritable(&args.out, &error))?;
    let written = write_all(&splitter, &document, (&sections, &args.out))?;
    let done = written.iter().filter(|each| each.is_ok()).count();
    let result = json!({
        "success": done > 0,
        "file": args.file.to_string_lossy(),
        "pages": facts.pages,
        "sections": sections.iter().zip(&written).map(|(s, w)| row(s, w)).collect::<Vec<_>>(),
        "seconds": started.elapsed().as_secs_f64(),
    });
    print(format, &result, &text(&sections, &written))?;
    Ok(match done {
        0 => EXIT_FAILED,
        done if done < sections.len() => EXIT_FINDINGS,
        _ => 0,
    })
}

/// Those of a file, or of the document's outline.
fn sections(
    splitter: &dyn Splitter,
    document: &File,
    wanted: &str,
) -> Result<(Facts, Vec<Section>), Failed> {
    let of_file = if wanted == "outline" { None } else { Some(read_file(wanted)?) };
    let facts = facts(splitter, document)?;
    match of_file {
        Some(sections) => Ok((facts, sections)),
        None => match of_outline(&facts) {
            sections if sections.is_empty() => Err(no_outline().into()),
            sections => Ok((facts, sections)),
        },
    }
}

pub(crate) fn read_file(path: &str) -> Result<Vec<Section>, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failed::usage(
            format!("--sections {path}: {error}"),
            "write outline, or the path of a file with the sections",
        )
    })?;
    read_sections(&text).map_err(|error| {
        Failed::usage(
            format!("{path}: {error}"),
            "write [{\"section_name\":\"Intro\",\"page_range\":\"1-3\"}]",
        )
    })
}

fn facts(splitter: &dyn Splitter, document: &File) -> Result<Facts, Failed> {
    let mut facts = None;
    splitter.split(document, &[], &mut |cut| {
        if let Cut::Facts(told) = cut {
            facts = Some(told);
        }
        ControlFlow::Continue(())
    })?;
    facts.ok_or_else(|| Failed::internal("the splitter said nothing of the document"))
}

fn write_all(
    splitter: &dyn Splitter,
    document: &File,
    (sections, out): (&[Section], &Path),
) -> Result<Vec<Written>, Failed> {
    let ranges: Vec<PageRange> = sections.iter().map(|section| section.range).collect();
    let mut written: Vec<Option<Written>> = vec![None; sections.len()];
    let mut stopped = None;
    let ended = splitter.split(document, &ranges, &mut |cut| {
        match cut {
            Cut::Section { index, bytes } => {
                let name = file_name(index, sections.len(), &sections[index].name);
                match write(&out.join(&name), &bytes) {
                    Ok(()) => written[index] = Some(Ok((name, bytes.len() as u64))),
                    Err(error) => {
                        stopped = Some(unwritable(out, &error));
                        return ControlFlow::Break(());
                    }
                }
            }
            Cut::Failed { index, failure } => written[index] = Some(Err(failure)),
            Cut::Facts(_) | Cut::StillThere => {}
        }
        ControlFlow::Continue(())
    });
    if let Some(failed) = stopped {
        return Err(failed);
    }
    let lost = ended.err().unwrap_or_else(|| {
        Failure::new(FailureClass::Internal, "the section did not come", "please report it")
    });
    Ok(written.into_iter().map(|each| each.unwrap_or_else(|| Err(lost.clone()))).collect())
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().expect("a file in a folder");
    let mut file = tempfile::Builder::new().prefix(".section").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn unwritable(out: &Path, error: &io::Error) -> Failed {
    let class = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureClass::DiskFull,
        _ => FailureClass::Internal,
    };
    Failed::new(
        class,
        format!("cannot write to {}: {error}", out.display()),
        "check the folder given to --out",
    )
}

/// `NN-name.pdf`, numbered so that a listing shows them in their order.
fn file_name(index: usize, count: usize, name: &str) -> String {
    let width = count.to_string().len().max(2);
    let fits =
        |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') { c } else { '_' };
    let name: String = name.chars().map(fits).collect();
    let end = name.floor_char_boundary(NAME_BYTES_MAX);
    let name = name.get(..end).unwrap_or_default().trim_matches([' ', '.']);
    let name = if name.is_empty() { "section" } else { name };
    format!("{:0width$}-{name}.pdf", index + 1)
}

fn row(section: &Section, written: &Written) -> Value {
    let mut row = section_json(section);
    let (file, bytes, error) = match written {
        Ok((name, bytes)) => (Some(name), Some(bytes), None),
        Err(failure) => (None, None, Some(failure_json(failure))),
    };
    row["file"] = json!(file);
    row["bytes"] = json!(bytes);
    row["error"] = json!(error);
    row
}

fn text(sections: &[Section], written: &[Written]) -> String {
    let lines = sections.iter().zip(written).map(|(section, written)| match written {
        Ok((name, bytes)) => {
            format!("{} ({}): {name}, {bytes} bytes", printable(&section.name), section.range)
        }
        Err(failure) => format!(
            "{} ({}): {} ({})",
            printable(&section.name),
            section.range,
            failure.message,
            failure.class
        ),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_sections_name_stays_a_name_in_its_folder() {
        for (index, count, name, expected) in [
            (0, 3, "Intro", "01-Intro.pdf"),
            (41, 120, "a/b\\c: d?", "042-a_b_c_ d_.pdf"),
            (1, 2, "../../etc/passwd", "02-_.._etc_passwd.pdf"),
            (1, 2, " .. ", "02-section.pdf"),
            (1, 2, "Größe", "02-Größe.pdf"),
        ] {
            assert_eq!(file_name(index, count, name), expected);
        }
        assert!(file_name(0, 1, &"é".repeat(500)).len() < 120);
    }
}
