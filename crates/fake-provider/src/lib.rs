//! A provider to test against: real HTTP, hidden limits, faults on demand.
//!
//! In a test: [`FakeProvider::start`], and [`FakeHub::start`] for a hub of models. In a process of its own: `fake-provider --listen 127.0.0.1:0 --plan FILE`.
//!
//! One provider plays one [`Dialect`]. Vectors are [`vector`]`(model, text, dims)`, so that every stored vector can
//! be checked against its text. A plan, of which every part may be left out:
//!
//! ```toml
//! dialect = "openai"      # azure gemini cohere voyage ollama anthropic
//! seed = 1                # of everything that is drawn by chance
//! dims = 256
//! tokens = "quarter_bytes" # or "words"
//! models = ["text-embedding-3-small"]
//!
//! [batch]
//! items_max = 2048
//! tokens_max = 300000
//! text_tokens_max = 8192
//! refused_with = "400"    # or "413"
//!
//! [service]               # nothing takes time unless it is said here
//! latency_secs = 0.4
//! latency_sigma = 0.25
//! slots = 16
//! refusal_secs = [0.05, 0.07]
//! trouble = [{ from_secs = 60, until_secs = 90, slowdown = 5.0, overloaded_share = 0.3 }]
//!
//! [hints]                 # left out: as the real provider does
//! headers = "right"       # missing minus_one zero garbage
//! retry_after = "right"   # missing date garbage { times = 0.5 }
//! body = "right"          # silent
//!
//! [keys]                  # without known keys any key is good
//! share = "everyone"      # or "key": limits for each key, or for each group of keys
//! key = [
//!   { key = "one", group = "a" },
//!   { key = "two", group = "a" },
//!   { key = "bad", refused = "401" },
//!   { key = "poor", spent_after = 100 },
//! ]
//!
//! [content]               # files and generated texts
//! processing_secs = 0.2   # until an uploaded file can be used
//! stuck_share = 0.05      # of files that never can
//! upload_secs = 0.1
//! generate_secs = 2.0
//! names_kept = true       # false: names that clients choose are ignored
//! answer = [{ marker = "capital", text = "Paris" }]
//!
//! [[limit]]               # hidden limits, as in scenarios of the simulation
//! dimension = "requests"  # input_tokens items in_flight day
//! kind = "bucket"         # fixed_window sliding_window in_flight
//! limit = 600             # per minute
//! secs = 60.0             # length of the window, or what the bucket holds
//! refusals_count = true
//! change = [{ at_secs = 30, limit = 300 }]
//!
//! [[fault]]               # the first that strikes is the one
//! what = { status = { code = 503, retry_after = 2.0 } }
//! when = { probability = 0.05, from = 10.0, until = 20.0 }
//!
//! [[fault]]
//! what = { poison = "named" }
//! when = { marker = "☠" }
//!
//! [[fault]]
//! what = { lie = "truncated" }
//! when = { nth = [3, 7], times = 1 }
//! ```
//!
//! Other faults: `slow_down = { code = 429 }`, `insufficient_quota`, `reset_before`, `reset_during`, `never_answer`,
//! `drip = { bytes = 100, every = 0.1 }`, `hints = { headers = "garbage" }`, and the [`Lie`]s.
//!
//! What is judged first: the key, the size of the batch, poison and spent money (all free of charge); then outages,
//! then the limits; then other faults, whose cost stays charged. A text is *paid* when its request was accepted,
//! also if the reply was spoiled or cut off; a connection that is reset before the reply, or never answered, pays
//! nothing.

mod answer;
mod ask;
mod clock;
mod content;
mod control;
mod desk;
mod dialect;
mod hub;
mod payload;
mod plan;
mod provider;
mod records;
mod refusal;
mod reply;
mod server;
mod shared;
mod socket;
mod tokens;
mod vector;

pub use clock::Clock;
pub use content::FileStats;
pub use dialect::Dialect;
pub use hub::{FakeHub, HubFault, HubMisdeed, HubModel, HubRequest, LARGE_BYTES};
pub use plan::{
    Batch, Body, Content, ErrorStatus, Fault, Headers, Hints, Key, Keys, Lie, Misdeed, Naming,
    Oversize, Plan, PlanError, PlannedAnswer, Refused, Share, Timing, Wait, When,
};
pub use provider::{FakeProvider, StartError, run};
pub use records::Stats;
pub use tokens::TokenRule;
pub use vector::vector;
