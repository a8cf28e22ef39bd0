.PHONY: help fmt lint test doc check timings

help:
	@echo "fmt      format all code"
	@echo "lint     formatting and clippy, warnings are errors"
	@echo "test     the whole test suite"
	@echo "doc      build the documentation, warnings are errors"
	@echo "check    lint, test and doc: what CI runs"
	@echo "timings  how long a release build takes from scratch"

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features gristmill/fault-points -- -D warnings

test:
	cargo all-tests

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

check: lint test doc

timings:
	CARGO_TARGET_DIR=$$(mktemp -d) bash -c 'time cargo build --release --locked -p gristmill'
