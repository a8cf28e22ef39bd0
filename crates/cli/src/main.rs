//! `gristmill`: turns piles of documents into a searchable knowledge base.

mod args;
mod config;
mod settings;
mod label;
mod hooks;
mod failed;
mod wire;
mod memory;
mod display;
mod estimate;
mod report;
mod commands;

use args::{Args, Command, FailuresCommand, Globals, IngestArgs, LabelArgs, ModelsCommand, Prune};
use clap::Parser;
use commands::ingest::{Request, Sources};
use commands::migrate::Plan;
use config::{Environment, Reread};
use connectors::parse::FormatWorker;
use display::Verbosity;
use failed::Failed;
use ingest::migrate::OnRefused;
use label::Labeller;
use settings::Settings;
use std::io::{Write, stderr};
use std::process::ExitCode;
use std::sync::Arc;
use types::seam::Repair;

fn main() -> ExitCode {
    // A child that runs a parser is this program too: it must confine itself before anything else.
    if let Some(code) = sandbox::child::entry(&FormatWorker) {
        return code;
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return misused(&error),
    };
    match run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(failed) => tell(&failed, &args.globals),
    }
}

/// Help and version are answers; anything else is wrong usage, which a program that asked for JSON gets as such.
fn misused(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let failed = Failed::usage(first, "see: gristmill --help");
        drop(commands::print(args::Format::Json, &failed.json(), ""));
    }
    // A closed terminal has nothing to be told.
    drop(error.print());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(failed::EXIT_USAGE))
}

fn run(args: &Args) -> Result<u8, Failed> {
    let format = args.globals.format();
    if let Command::Simulate(simulate) = &args.command {
        return commands::simulate::simulate(simulate, format, verbosity(args));
    }
    let environment = Environment::capture();
    arm_faults(&environment)?;
    let file = args.globals.config.clone();
    let reread = Arc::new(Reread { file, environment, flags: args.flags() });
    let reading = reread.read();
    if let Command::Config(command) = &args.command {
        return commands::config::run(command, &reading, format);
    }
    let settings = reading.settings.map_err(|mistakes| mistakes_failed(&mistakes))?;
    match &args.command {
        Command::Ingest(ingest) => {
            commands::ingest::ingest(&ingest_request(args, ingest, (&settings, &reread)), &settings)
        }
        Command::Search(search) => {
            let request = commands::search::Request {
                words: search.query(),
                mode: search.mode(),
                k: search.k(),
                filter: search.filter(),
                format,
            };
            commands::search::search(&request, &settings)
        }
        Command::Status(_) => commands::status::status(format, &settings),
        Command::Failures(FailuresCommand::List(_)) => commands::failures::list(format, &settings),
        Command::Failures(FailuresCommand::Purge { selection, .. }) => {
            commands::failures::purge(&selection.targets(), format, &settings)
        }
        Command::Failures(FailuresCommand::Retry { selection, run, labels, .. }) => {
            let request = request(args, run.run_id.as_deref(), labels, (&settings, &reread));
            commands::failures::retry(&selection.targets(), request, &settings)
        }
        Command::Verify { repair, .. } => {
            let nothing = LabelArgs { domain: None, category: None };
            let repair = if *repair { Repair::Yes } else { Repair::No };
            let request = request(args, None, &nothing, (&settings, &reread));
            commands::verify::verify(repair, request, &settings)
        }
        Command::Migrate(migrate) => {
            let plan = if migrate.dry_run { Plan::Only } else { Plan::AndDo };
            let refused = if migrate.skip_refused { OnRefused::Skip } else { OnRefused::Stay };
            let verbosity = verbosity(args);
            let request = commands::migrate::Request { plan, refused, format, verbosity };
            commands::migrate::migrate(&request, &settings)
        }
        Command::Analyze(analyze) => commands::analyze::analyze(analyze, format, &settings),
        Command::Split(split) => commands::split::split(split, format, &settings),
        Command::Serve(serve) => commands::serve::serve(serve, format, &settings),
        Command::Extract(extract) => {
            let request = commands::extract::Request {
                arguments: extract,
                format,
                verbosity: verbosity(args),
            };
            commands::extract::extract(&request, &settings)
        }
        Command::Copy(copy) => commands::copy::copy(copy, format),
        Command::Models(ModelsCommand::List) => commands::models::list(format, &settings),
        Command::Models(ModelsCommand::Pull(pull)) => {
            commands::models::pull(pull, (format, verbosity(args)), &settings)
        }
        Command::Config(_) | Command::Simulate(_) => Ok(0),
    }
}

/// The settings, and how to read them again.
type Read<'a> = (&'a Settings, &'a Arc<Reread>);

fn ingest_request(args: &Args, ingest: &IngestArgs, read: Read<'_>) -> Request {
    let mut request = request(args, ingest.run.run_id.as_deref(), &ingest.labels, read);
    request.sources = Sources::Arguments(ingest.sources.clone());
    if ingest.dry_run {
        request.mode = ingest::settings::Mode::DryRun;
    }
    request.prune = match ingest.prune {
        None => ingest::settings::Prune::No,
        Some(Prune::Guarded) => ingest::settings::Prune::Some,
        Some(Prune::All) => ingest::settings::Prune::All,
    };
    request
}

fn request(
    args: &Args,
    run_id: Option<&str>,
    labels: &LabelArgs,
    (settings, reread): Read<'_>,
) -> Request {
    Request {
        sources: Sources::Stored(Vec::new()),
        labeller: Labeller::new(labels.labels(), settings.rules.clone()),
        run_id: run_id.map_or_else(new_run_id, str::to_owned),
        mode: ingest::settings::Mode::Ingest,
        prune: ingest::settings::Prune::No,
        format: args.globals.format(),
        verbosity: verbosity(args),
        reread: Arc::clone(reread),
    }
}

fn verbosity(args: &Args) -> Verbosity {
    if args.globals.quiet { Verbosity::Quiet } else { Verbosity::Shown }
}

/// Time and process: unique on a machine, and sorted as the runs were.
fn new_run_id() -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", now.as_millis(), std::process::id())
}

fn arm_faults(environment: &Environment) -> Result<(), Failed> {
    match config::fault_plan(environment) {
        Ok(Some(plan)) => fault::arm(plan),
        Ok(None) => {}
        Err(message) => return Err(Failed::usage(message.to_string(), "see CONTRIBUTING.md")),
    }
    Ok(())
}

fn mistakes_failed(mistakes: &config::Mistakes) -> Failed {
    Failed::usage(mistakes.to_string(), "gristmill config check shows all settings and mistakes")
}

/// An error and what to do about it: text for people on stderr, an object for programs on stdout.
fn tell(failed: &Failed, globals: &Globals) -> ExitCode {
    if globals.json {
        drop(commands::print(args::Format::Json, &failed.json(), ""));
    }
    let hint = if globals.quiet { String::new() } else { format!("\nhint: {}", failed.hint) };
    // There is nowhere left to say that stderr is closed.
    drop(writeln!(
        stderr().lock(),
        "gristmill: {} ({}){hint}",
        report::printable_lines(&failed.message),
        failed.class()
    ));
    ExitCode::from(failed.exit)
}
