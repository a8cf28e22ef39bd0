//! Zip archives, by their central directory.

use super::members::{Members, damaged};
use crate::stop::Step;
use std::io::{BufReader, Read};
use types::document::Body;
use types::failure::{Failure, FailureClass};
use zip::ZipArchive;
use zip::result::ZipError;

pub(super) fn unpack(body: &mut Body, members: &mut Members<'_>) -> Step {
    let mut archive = ZipArchive::new(BufReader::new(body)).map_err(|_| broken())?;
    for index in 0..archive.len() {
        let raw = match archive.by_index_raw(index) {
            Ok(entry) if entry.is_dir() => continue,
            Ok(entry) => {
                Ok((entry.name_raw().to_vec(), entry.is_symlink(), entry.compressed_size()))
            }
            Err(_) => Err(format!("member-{}", index + 1).into_bytes()),
        };
        let (raw_name, link, packed) = match raw {
            Ok(entry) => entry,
            Err(name) => (name, false, 0),
        };
        let Some(name) = members.admit(&raw_name)? else { continue };
        if link {
            members.fail(&name, link_refused())?;
            continue;
        }
        match archive.by_index(index) {
            // The content is read through the budget of `members`, never by its claimed size.
            Ok(mut entry) => {
                members.content(&name, Some(packed), &mut entry.by_ref())?;
            }
            Err(error) => members.fail(&name, unreadable(error))?,
        }
    }
    Ok(())
}

fn broken() -> Failure {
    Failure::bad_document(
        "the zip archive's directory cannot be read",
        "the file is damaged or cut off: fetch or pack it again",
    )
}

pub(super) fn link_refused() -> Failure {
    Failure::bad_document(
        "the member is a link, which is not followed inside archives",
        "pack the file that it points to",
    )
}

fn unreadable(error: ZipError) -> Failure {
    match error {
        ZipError::UnsupportedArchive(reason) if reason == ZipError::PASSWORD_REQUIRED => {
            Failure::new(
                FailureClass::Encrypted,
                "the member is protected with a password",
                "unpack the archive yourself and ingest the folder",
            )
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            Failure::bad_document(
                "the member is packed with a method that cannot be read",
                "pack it again with Deflate, the usual method",
            )
        }
        ZipError::Io(error) => damaged(&error),
        _ => damaged(&std::io::ErrorKind::InvalidData.into()),
    }
}
