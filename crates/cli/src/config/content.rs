//! The section `[content]`.

use crate::config::assemble::at_least_one;
use crate::config::key::{self, Key};
use crate::config::origin::Origin;
use crate::config::quantity::ByteSize;
use crate::config::resolve::Resolver;
use crate::config::value::Label;
use crate::settings::{Content, DocumentParts};
use std::time::Duration;

/// In the order of [`key::KEYS`].
pub(super) fn settings(from: &mut Resolver) -> Content {
    let default = content::Settings::default();
    let llm = from.optional::<Label>(&key::CONTENT_LLM, "to be named with --llm");
    let mut count = |key, default: std::num::NonZeroUsize| {
        at_least_one(from.whole(key, (default.get() as u64, Origin::Default)))
    };
    let section_tasks = count(&key::CONTENT_SECTION_TASKS, default.section_tasks);
    let uploads = count(&key::CONTENT_UPLOADS, default.uploads);
    let splits = count(&key::CONTENT_SPLITS, default.splits);
    let timeouts = content::Timeouts {
        section: time(from, &key::CONTENT_SECTION_TIMEOUT, default.timeouts.section),
        upload: time(from, &key::CONTENT_UPLOAD_TIMEOUT, default.timeouts.upload),
        split: time(from, &key::CONTENT_SPLIT_TIMEOUT, default.timeouts.split),
        generate: time(from, &key::CONTENT_GENERATE_TIMEOUT, default.timeouts.generate),
    };
    let provider_wait = time(from, &key::CONTENT_PROVIDER_WAIT, default.patience);
    let key_over_http = from.value(&key::CONTENT_KEY_OVER_HTTP, (false, Origin::Default));
    let parts = from.value(&key::CONTENT_PARTS, (DocumentParts::Auto, Origin::Default));
    let group = from.optional::<Label>(&key::CONTENT_GROUP, "of its own");
    let found = "found out";
    let requests_per_minute = from.optional_whole(&key::CONTENT_REQUESTS_PER_MINUTE, found);
    let tokens_per_minute = from.optional_whole(&key::CONTENT_TOKENS_PER_MINUTE, found);
    let watch = from.value(&key::CONTENT_WATCH_MEMORY, (true, Origin::Default));
    let mut size = |key, default: u64| from.value(key, (ByteSize(default), Origin::Default)).0;
    let max = default.resident_max.expect("memory is looked at by default");
    let max = size(&key::CONTENT_MEMORY_MAX, max);
    let memory_low = size(&key::CONTENT_MEMORY_LOW, default.resident_low).min(max);
    let memory_max = watch.then_some(max);
    Content {
        llm: llm.map(|Label(spec)| spec),
        section_tasks,
        uploads,
        splits,
        timeouts,
        provider_wait,
        key_over_http,
        parts,
        group: group.map(|Label(name)| name),
        requests_per_minute,
        tokens_per_minute,
        memory_max,
        memory_low,
    }
}

fn time(from: &mut Resolver, key: &'static Key, default: Duration) -> Duration {
    let written = from.written(key, |time: &Duration| !time.is_zero());
    let (time, origin) = written.unwrap_or((default, Origin::Default));
    from.show(key.name, &time, origin);
    time
}
