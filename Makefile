# run    sets this machine up and serves on http://localhost:3000
# test   sets this machine up for the tests and runs all of them
# bench  runs the benches
.PHONY: run test bench

CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR
BROWSER_TESTS := examples/agent-server/tests/browser

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
	@echo '== tests in the browser'
	@cd $(BROWSER_TESTS) && AGENT_SERVER_BIN="$(abspath $(CARGO_TARGET_DIR))/debug/agent-server" node --test
	@echo '== all tests passed'

bench:
	@.ci/install run
	@echo '== benches'
	@cargo bench --locked --workspace --all-features
