# make run    sets the machine up and serves http://localhost:3000
# make test   sets it up for the tests and runs all of them
# make bench  runs the benches

SHELL := /bin/bash
BROWSER_TESTS := examples/agent-server/tests/browser
RUN_PACKAGES := libpocketsphinx3 pocketsphinx-en-us libflite1
TEST_PACKAGES := $(RUN_PACKAGES) pocketsphinx-testdata alsa-utils flite espeak-ng chromium
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: run test bench setup-run setup-test format lint docs rust-tests browser-tests

run: setup-run
	$(CARGO) build --release -p agent-server
	exec $(TARGET)/release/agent-server

test: setup-test format lint docs rust-tests browser-tests
	@echo "== all tests passed"

bench: setup-run
	$(CARGO) bench -p voice-benches

setup-run:
	@.ci/install-packages $(RUN_PACKAGES)

setup-test:
	@.ci/install-packages $(TEST_PACKAGES)
	@.ci/install-node-packages $(BROWSER_TESTS)

format:
	@echo "== format"
	$(CARGO) fmt --all --check

lint:
	@echo "== lint"
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

docs:
	@echo "== docs"
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features

rust-tests:
	@echo "== Rust tests"
	$(CARGO) test --workspace --all-features

browser-tests:
	@echo "== browser tests"
	$(CARGO) build -p agent-server --all-features
	cd $(BROWSER_TESTS) && AGENT_SERVER_BIN="$(abspath $(TARGET))/debug/agent-server" node --test --test-concurrency=1
