//! A fake provider in a process of its own: `fake-provider [--listen ADDRESS] [--plan FILE]`.
//!
//! Prints one line of JSON once it listens: `{"listening":"127.0.0.1:8400","base_url":"http://127.0.0.1:8400"}`.

use fake_provider::{Plan, run};
use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

const USAGE: &str = "usage: fake-provider [--listen ADDRESS:PORT] [--plan FILE]";

struct Arguments {
    listen: SocketAddr,
    plan: Plan,
}

fn main() -> ExitCode {
    match arguments().and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            writeln!(std::io::stderr(), "fake-provider: {reason}").ok();
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed =
        Arguments { listen: SocketAddr::from(([127, 0, 0, 1], 0)), plan: Plan::default() };
    let mut rest = std::env::args().skip(1);
    while let Some(name) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{name} needs a value; {USAGE}"));
        match name.as_str() {
            "--listen" => parsed.listen = address(&value()?)?,
            "--plan" => parsed.plan = plan(&value()?)?,
            _ => return Err(format!("unknown argument {name}; {USAGE}").into()),
        }
    }
    Ok(parsed)
}

fn address(text: &str) -> Result<SocketAddr, Box<dyn Error>> {
    Ok(text.parse().map_err(|_| format!("{text} is no ADDRESS:PORT"))?)
}

fn plan(path: &str) -> Result<Plan, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|reason| format!("{path}: {reason}"))?;
    Ok(Plan::from_toml(&text).map_err(|reason| format!("{path}: {reason}"))?)
}

fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let tell = |address: SocketAddr| {
        let line = serde_json::json!({
            "listening": address.to_string(),
            "base_url": format!("http://{address}"),
        });
        let mut stdout = std::io::stdout();
        // Nobody reads: then nobody needs to know.
        writeln!(stdout, "{line}").and_then(|()| stdout.flush()).ok();
    };
    Ok(run(arguments.plan, arguments.listen, tell)?)
}
