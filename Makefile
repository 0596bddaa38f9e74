# run    sets this machine up and serves on http://localhost:3000
# test   sets this machine up for the tests and runs all of them
# bench  runs the benches
# deny   looks at what comes in from outside: licences, duplicates, sources
# deploy looks at the systemd unit and the Dockerfile
# models fetches the turn detection model Smart Turn and the library that runs it
.PHONY: run test bench deny deploy models

CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR
# How long bench feeds the wire code arbitrary input.
WIRE_SECONDS ?= 600
BROWSER_TESTS := examples/agent-server/tests/browser
MODELS := $(CURDIR)/voice-core/models/downloaded

run:
	@.ci/install run
	@echo '== build the server'
	@cargo build --locked --release --package agent-server
	@echo '== serve: http://localhost:3000 unless PORT says otherwise, Ctrl-C ends it'
	@exec "$(CARGO_TARGET_DIR)/release/agent-server"

# The profile of the tests builds the server as well, and that binary serves the browser tests.
test:
	@.ci/install test
	@echo '== formatting'
	@cargo fmt --all --check
	@echo '== lints'
	@cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings
	@echo '== documentation'
	@RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --all-features --no-deps
	@echo '== build the tests'
	@cargo test --locked --workspace --all-features --no-run
	@echo '== tests of the library and the server'
	@cargo test --locked --workspace --all-features
	@echo '== the Python package'
	@.ci/python
	@echo '== the npm package'
	@.ci/node
	@echo '== tests in the browser'
	@cd $(BROWSER_TESTS) && AGENT_SERVER_BIN="$(abspath $(CARGO_TARGET_DIR))/debug/agent-server" node --test
	@echo '== all tests passed'

# Every goal is looked at, also after one was missed. The tests run samples of the long sweeps, this runs all of them.
bench:
	@.ci/install test
	@echo '== benches'
	@cargo bench --locked --workspace --all-features --no-fail-fast
	@echo '== the border between Python and the core'
	@.ci/python bench
	@echo '== the border between Node and the core'
	@.ci/node bench
	@echo '== random conversations and sessions, in full'
	@CONVERSATIONS=1000000 SESSIONS=20000 cargo test --locked --workspace --all-features --test conversation_properties --test driver_properties
	@echo '== 100,000 interruptions against what was heard, and of real voices without their timings'
	@BARGE_INS=100000 INTERRUPTIONS=200 cargo test --locked --workspace --all-features --test heard_truth --test heard -- --nocapture
	@echo '== interruptions at 1,000,000 random moments, bytes counted at the client'
	@INTERRUPTIONS=1000000 cargo test --locked --workspace --all-features --test conversation_properties
	@echo '== everything one can say, 200 interruptions, from every kind of microphone'
	@VOICE_AGENT_FULL=1 cargo test --locked --workspace --all-features --test speech
	@echo '== providers that fail at 1,000 random moments'
	@FALLBACK_FAULT_RUNS=1000 cargo test --locked --workspace --all-features --test fallback
	@echo '== what services send, arbitrary bytes, arbitrarily split, for $(WIRE_SECONDS) s'
	@end=$$(( $$(date +%s) + $(WIRE_SECONDS) )); while [ $$(date +%s) -lt $$end ]; do \
		PROPTEST_CASES=20000 cargo test --quiet --locked --workspace --all-features --lib -- wire:: sse:: || exit 1; done

deny:
	@command -v cargo-deny >/dev/null || { echo 'needs cargo-deny: cargo install cargo-deny --locked' >&2; exit 1; }
	@cargo-deny --all-features check licenses bans sources

deploy:
	@.ci/deploy

models:
	@.ci/models
	@echo '== both are there; to use them put these lines into .env:'
	@echo 'TURN_MODEL=$(MODELS)/smart-turn-v3.2-cpu.onnx'
	@echo 'ORT_DYLIB_PATH=$(MODELS)/libonnxruntime.so'
