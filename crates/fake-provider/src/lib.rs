//! A provider to test against: real HTTP, hidden limits, faults on demand.
