//! `gristmill serve`.

use super::extract::{DRAIN, runtime, until};
use super::print;
use super::watch::watch;
use crate::args::{Format, ServeArgs};
use crate::failed::Failed;
use crate::settings::Settings;
use crate::wire::content::extractor;
use crate::wire::groups::Groups;
use crate::wire::signals;
use flow::interrupt::Interrupt;
use serde_json::json;
use server::{Documents, Site};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// What dead processes left is deleted beside the first requests.
const SWEEP: Duration = Duration::from_mins(10);

pub(crate) fn serve(args: &ServeArgs, format: Format, settings: &Settings) -> Result<u8, Failed> {
    if !args.listen.ip().is_loopback() {
        return Err(Failed::usage(
            format!("--listen {}: this version answers to its own machine only", args.listen),
            "listen on 127.0.0.1, behind a proxy that knows who may ask",
        ));
    }
    let documents = Documents::new(&args.documents).map_err(|error| {
        Failed::usage(
            format!("--documents {}: {error}", args.documents.display()),
            "name the folder with the documents that requests may name",
        )
    })?;
    let interrupt = Interrupt::default();
    signals::listen(&interrupt)
        .map_err(|error| Failed::internal(format!("cannot listen to signals: {error}")))?;
    let listener = TcpListener::bind(args.listen).map_err(|error| {
        Failed::usage(format!("--listen {}: {error}", args.listen), "choose another port")
    })?;
    runtime()?.block_on(async {
        let (extractor, sampler) = extractor(settings, &Groups::of(settings))?;
        let site = Arc::new(Site { extractor, documents });
        let address = listener.local_addr().map_err(broken)?.to_string();
        print(format, &json!({"listening": address}), &format!("listening on http://{address}"))?;
        let swept = async {
            // An entry that cannot be cleared now is there at the next start.
            let (Ok(_) | Err(_)) = tokio::time::timeout(SWEEP, site.extractor.sweep()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            served = server::serve(listener, Arc::clone(&site), until(&interrupt)) => {
                served.map_err(broken)?;
            }
            () = swept => {}
            never = watch(&site.extractor, &sampler) => match never {},
        }
        site.extractor.drain(DRAIN).await;
        Ok(signals::INTERRUPTED as u8)
    })
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands over the error")]
fn broken(error: std::io::Error) -> Failed {
    Failed::internal(format!("cannot serve: {error}"))
}
