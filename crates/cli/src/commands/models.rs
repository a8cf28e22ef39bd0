//! `gristmill models`: local embedding models, listed and fetched.

use super::print;
use crate::args::{Format, PullArgs};
use crate::display::{self, Verbosity};
use crate::failed::{EXIT_FINDINGS, Failed};
use crate::settings::Settings;
use crate::wire::embedder::pulled;
use crate::wire::signals;
use connectors::embed::ApiKey;
use connectors::hub::{self, HUB, KEY_VARIABLE, Order, Pulled, Repository, Revision};
use encoder::Transformer;
use encoder::transformer::Options;
use flow::interrupt::Interrupt;
use serde_json::{Value, json};
use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};
use types::failure::FailureClass;

/// A flag that a signal sets wakes nobody.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Lines of a log are read later.
const TELL_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn list(format: Format, settings: &Settings) -> Result<u8, Failed> {
    let models = pulled::all(&settings.models);
    let rows: Vec<Value> = models.iter().map(|model| row(&settings.models, model)).collect();
    let mut text = String::new();
    for row in &rows {
        let state = match row["commit"].as_str() {
            Some(commit) => format!("{} bytes, commit {commit}", row["bytes"]),
            None => "not finished: pull it again".to_owned(),
        };
        writeln!(text, "{}  {state}", row["name"].as_str().unwrap_or_default())
            .expect("a String takes everything");
    }
    if rows.is_empty() {
        text = format!(
            "no models in {}; fetch one: gristmill models pull OWNER/NAME",
            settings.models.display()
        );
    }
    let folder = settings.models.display().to_string();
    print(format, &json!({ "folder": folder, "models": rows }), text.trim_end())?;
    Ok(0)
}

fn row(models: &Path, model: &pulled::Pulled) -> Value {
    let name = model.folder.strip_prefix(models).unwrap_or(&model.folder).display().to_string();
    let folder = model.folder.display().to_string();
    match &model.manifest {
        Some(manifest) => json!({
            "name": name,
            "folder": folder,
            "finished": true,
            "repository": manifest.repository,
            "revision": manifest.revision,
            "commit": manifest.commit,
            "bytes": bytes(manifest),
        }),
        None => json!({ "name": name, "folder": folder, "finished": false }),
    }
}

pub(crate) fn pull(
    arguments: &PullArgs,
    (format, verbosity): (Format, Verbosity),
    settings: &Settings,
) -> Result<u8, Failed> {
    let begun = Instant::now();
    let order = order(arguments, settings)?;
    let interrupt = Interrupt::default();
    signals::listen(&interrupt).map_err(|error| Failed::internal(error.to_string()))?;
    let Some(outcome) = wait_for(&order, &interrupt, verbosity)? else {
        let mut failed = Failed::new(
            FailureClass::Internal,
            "interrupted",
            "pull again: what came is kept, and the pull goes on there",
        );
        failed.exit = u8::try_from(signals::INTERRUPTED).expect("an exit status");
        return Err(failed);
    };
    let pulled =
        outcome.map_err(|error| Failed::new(error.class(), error.to_string(), error.hint()))?;
    report(&order, &pulled, begun.elapsed(), format)
}

/// None: the user stopped it.
fn wait_for(
    order: &Order,
    interrupt: &Interrupt,
    verbosity: Verbosity,
) -> Result<Option<Result<Pulled, hub::PullError>>, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::internal(format!("cannot start the runtime: {error}")))?;
    let told = Cell::new(Instant::now());
    let tell = |step: hub::Step<'_>| {
        if verbosity == Verbosity::Shown && told.get().elapsed() >= TELL_EVERY {
            told.set(Instant::now());
            display::note(&format!("{} of {} bytes, at {}", step.bytes, step.of, step.file));
        }
    };
    Ok(runtime.block_on(async {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut pulling = std::pin::pin!(hub::pull(order, &tell));
        loop {
            tokio::select! {
                outcome = &mut pulling => return Some(outcome),
                _ = look.tick() => if interrupt.is_set() { return None },
            }
        }
    }))
}

fn order(arguments: &PullArgs, settings: &Settings) -> Result<Order, Failed> {
    let usage = |error: hub::BadName| Failed::usage(error.to_string(), "see the model's page");
    let repository: Repository = arguments.repository.parse().map_err(usage)?;
    let revision = arguments.revision.as_deref().map(str::parse::<Revision>);
    let revision = revision.transpose().map_err(usage)?.unwrap_or_default();
    let address = arguments.hub.as_deref().unwrap_or(HUB);
    let hub = hub::hub_url(address).ok_or_else(|| {
        Failed::usage(
            "--hub is no address",
            "write http:// or https://, a host, and a path if there is one",
        )
    })?;
    let key = settings.keys.get(KEY_VARIABLE).map(ApiKey::new).transpose().map_err(|error| {
        Failed::usage(format!("{KEY_VARIABLE}: {error}"), "check the variable's value")
    })?;
    let own = || pulled::folder(&settings.models, &repository, &revision);
    let folder = arguments.to.clone().unwrap_or_else(own);
    let folder = std::path::absolute(&folder).map_err(|error| {
        Failed::usage(format!("{}: {error}", folder.display()), "name another folder with --to")
    })?;
    Ok(Order { hub, repository, revision, folder, key })
}

/// A model that was fetched and cannot be used is a finding: its files are whole.
fn report(order: &Order, pulled: &Pulled, took: Duration, format: Format) -> Result<u8, Failed> {
    let loaded = Transformer::load(&order.folder, Options::default());
    let mut result = json!({
        "repository": pulled.manifest.repository,
        "revision": pulled.manifest.revision,
        "commit": pulled.manifest.commit,
        "folder": order.folder.display().to_string(),
        "files": pulled.manifest.files.len(),
        "bytes": bytes(&pulled.manifest),
        "fetched_bytes": pulled.fetched,
        "unchanged": pulled.unchanged,
        "seconds": took.as_secs_f64(),
        "dimensions": null,
        "tokens_max": null,
        "problem": null,
    });
    let text = format!(
        "{} at commit {} is in {} ({} bytes, {} fetched)",
        pulled.manifest.repository,
        pulled.manifest.commit,
        order.folder.display(),
        bytes(&pulled.manifest),
        pulled.fetched
    );
    let code = match loaded {
        Ok(model) => {
            result["dimensions"] = model.dimensions().into();
            result["tokens_max"] = model.tokens_max().into();
            0
        }
        Err(error) => {
            result["problem"] = error.to_string().into();
            display::tell(&format!("the model cannot be used: {error}"), error.hint());
            EXIT_FINDINGS
        }
    };
    print(format, &result, &text)?;
    Ok(code)
}

fn bytes(manifest: &hub::Manifest) -> u64 {
    manifest.files.iter().map(|file| file.bytes).sum()
}
