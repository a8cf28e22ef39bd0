//! `gristmill copy`: a store moved into another one, without embedding again.

use super::print;
use crate::args::{CopyArgs, Format};
use crate::failed::Failed;
use crate::wire::store;
use serde_json::json;
use std::time::Instant;
use stores::Access;

pub(crate) fn copy(args: &CopyArgs, format: Format) -> Result<u8, Failed> {
    let begun = Instant::now();
    let from = store::open(&args.from, Access::Read)?;
    let to = store::open(&args.to, Access::Create)?;
    if from.setting("instance")? == to.setting("instance")? {
        return Err(Failed::usage(
            format!("--from and --to are both {}", to.url()),
            "name a store that does not exist yet after --to",
        ));
    }
    let _reading = from.lock_for_writing(store::START_WAIT)?;
    let _writing = to.lock_for_writing(store::START_WAIT)?;
    let copied = stores::copy(from.as_ref(), to.as_ref())?;
    let seconds = begun.elapsed().as_secs_f64();
    let result = json!({
        "from": from.url(),
        "to": to.url(),
        "documents": copied.documents,
        "chunks": copied.chunks,
        "failures": copied.failures,
        "seconds": seconds,
    });
    let text = format!(
        "{} documents with {} chunks and {} failures copied from {} to {} in {seconds:.2} s",
        copied.documents,
        copied.chunks,
        copied.failures,
        from.url(),
        to.url()
    );
    print(format, &result, &text)?;
    Ok(0)
}
