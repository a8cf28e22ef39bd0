//! `gristmill split`.

use super::listed::Listed;
use super::print;
use crate::args::{Format, SplitArgs};
use crate::failed::{EXIT_FAILED, EXIT_FINDINGS, Failed};
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::content::{open_document, splitter};
use crate::wire::signals;
use content::wire::{failure_json, section_json};
use content::{Section, no_outline, stopped};
use flow::interrupt::Interrupt;
use serde_json::{Value, json};
use std::fs::{File, Permissions};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::split::{Cut, Splitter, Wanted};
use types::section_file::SectionFile;

/// Bytes of a section's name in a file's name: with number and ending it fits every file system.
const NAME_BYTES_MAX: usize = 100;

/// Of the files, less what the user's mask takes away.
const MODE: u32 = 0o666;

/// A file that was written, or why not.
type Written = Result<(String, u64), Failure>;

pub(crate) fn split(args: &SplitArgs, format: Format, settings: &Settings) -> Result<u8, Failed> {
    let started = Instant::now();
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let document = open_document(&args.file)?;
    let (splitter, sandbox) = splitter(settings)?;
    sandbox.heed(interrupt.flag());
    let listed = match args.sections.as_str() {
        "outline" => None,
        path => Some(Listed::read(path)?),
    };
    let mut folder = Folder::new(&args.out, &document, &interrupt);
    let ended = folder.fill(&splitter, listed);
    let interrupted = interrupt.is_set();
    let (listed, written) = match (folder.finish(ended)?, interrupted) {
        (Some(done), _) => done,
        (None, true) => return Ok(signals::INTERRUPTED as u8),
        (None, false) => return Err(Failed::internal("the splitter said nothing of the document")),
    };
    let done = written.iter().filter(|each| each.is_ok()).count();
    let empty = json!({"file": null, "bytes": null});
    let rows = listed.rows(|at| row(&listed.sections[at], &written[at]), &empty);
    let result = json!({
        "success": done > 0,
        "file": args.file.to_string_lossy(),
        "pages": folder.pages,
        "sections": rows,
        "seconds": started.elapsed().as_secs_f64(),
    });
    print(format, &result, &text(&listed, &written))?;
    Ok(match done {
        done if interrupted && done < listed.sections.len() => signals::INTERRUPTED as u8,
        0 => EXIT_FAILED,
        done if done < listed.count() => EXIT_FINDINGS,
        _ => 0,
    })
}

/// The folder that files are written to.
struct Folder<'a> {
    out: &'a Path,
    document: &'a File,
    interrupt: &'a Interrupt,
    /// Of the document.
    pages: u32,
    /// None until the document has said what sections it has.
    listed: Option<Listed>,
    written: Vec<Option<Written>>,
    /// Why the rest is not written.
    failed: Option<Failed>,
}

impl<'a> Folder<'a> {
    fn new(out: &'a Path, document: &'a File, interrupt: &'a Interrupt) -> Self {
        let (pages, listed, written, failed) = (0, None, Vec::new(), None);
        Self { out, document, interrupt, pages, listed, written, failed }
    }

    /// `listed`: none for those of the outline.
    fn fill(&mut self, splitter: &dyn Splitter, listed: Option<Listed>) -> Result<(), Failure> {
        let ranges = listed.as_ref().map(|listed| -> Vec<PageRange> {
            listed.sections.iter().map(|section| section.range).collect()
        });
        let wanted = ranges.as_deref().map_or(Wanted::Chapters, Wanted::Ranges);
        let document = self.document;
        let mut listed = listed;
        splitter.split(document, wanted, &mut |cut| self.take(cut, &mut listed))
    }

    fn take(&mut self, cut: Cut, listed: &mut Option<Listed>) -> ControlFlow<()> {
        if self.interrupt.is_set() {
            return ControlFlow::Break(());
        }
        let taken = match cut {
            Cut::Facts(facts) => {
                self.pages = facts.pages;
                self.begin(listed.take().unwrap_or_else(|| Listed::of_outline(&facts)))
            }
            Cut::Section { index, file } => self.write(index, &file),
            Cut::Failed { index, failure } => {
                self.written[index] = Some(Err(failure));
                Ok(())
            }
            Cut::StillThere => Ok(()),
        };
        match taken {
            Ok(()) => ControlFlow::Continue(()),
            Err(failed) => {
                self.failed = Some(failed);
                ControlFlow::Break(())
            }
        }
    }

    fn begin(&mut self, listed: Listed) -> Result<(), Failed> {
        if listed.sections.is_empty() {
            return Err(no_outline().into());
        }
        std::fs::create_dir_all(self.out).map_err(|error| unwritable(self.out, &error))?;
        self.written = vec![None; listed.sections.len()];
        self.listed = Some(listed);
        Ok(())
    }

    fn write(&mut self, index: usize, file: &SectionFile) -> Result<(), Failed> {
        let listed = self.listed.as_ref().expect("the facts come first");
        let name = file_name(index, listed.sections.len(), &listed.sections[index].name);
        write(&self.out.join(&name), file, self.document)
            .map_err(|error| unwritable(self.out, &error))?;
        self.written[index] = Some(Ok((name, file.len())));
        Ok(())
    }

    /// None when it was interrupted before there was anything to tell.
    fn finish(
        &mut self,
        ended: Result<(), Failure>,
    ) -> Result<Option<(Listed, Vec<Written>)>, Failed> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let Some(listed) = self.listed.take() else {
            ended?;
            return Ok(None);
        };
        let lost = match ended {
            Err(failure) => failure,
            Ok(()) if self.interrupt.is_set() => stopped(),
            Ok(()) => {
                let message = "the section did not come";
                Failure::new(FailureClass::Internal, message, "please report it")
            }
        };
        let written = self.written.drain(..).map(|each| each.unwrap_or_else(|| Err(lost.clone())));
        Ok(Some((listed, written.collect())))
    }
}

/// Whole or not at all.
fn write(path: &Path, section: &SectionFile, document: &File) -> io::Result<()> {
    let folder = path.parent().expect("a file in a folder");
    let mut named = tempfile::Builder::new();
    let named = named.prefix(".section").permissions(Permissions::from_mode(MODE));
    let file = named.tempfile_in(folder)?;
    connectors::split::write(section, document, file.as_file())?;
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

fn text(listed: &Listed, written: &[Written]) -> String {
    let failed = |name: &str, range: &dyn std::fmt::Display, failure: &Failure| {
        format!("{} ({range}): {} ({})", printable(name), failure.message, failure.class)
    };
    let lines = listed.sections.iter().zip(written).map(|(section, written)| match written {
        Ok((name, bytes)) => {
            format!("{} ({}): {name}, {bytes} bytes", printable(&section.name), section.range)
        }
        Err(failure) => failed(&section.name, &section.range, failure),
    });
    let refused = listed
        .refused()
        .map(|one| failed(&one.spec.section_name, &printable(&one.spec.page_range), &one.failure));
    lines.chain(refused).collect::<Vec<_>>().join("\n")
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
