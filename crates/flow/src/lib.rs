//! Flow control: admission of calls, bounded memory, bounded queues, orderly shutdown.
//!
//! Knows nothing of documents. What is given out (bytes, permits) is a value, and dropping the value gives it
//! back, also on error and cancellation.

pub mod cost;
pub mod policy;
pub mod fair;
pub mod breaker;
pub mod retry;
pub mod timeout;
pub mod slots;
pub mod width;
pub mod aimd;
pub mod dispatch;
pub mod fixed;
pub mod group;
pub mod lane;
pub mod adaptive;
pub mod memory;
pub mod queue;
pub mod interrupt;
pub mod meter;
