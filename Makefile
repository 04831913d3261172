# The developer's habits. `make test` is the whole proof: it installs what a bare machine lacks
# (apt), then checks form, pages, rules, server and documents. `make -k test` goes on after a failure.

CARGO ?= cargo
NPM ?= npm
STATE ?= demo-state
ARGS ?=

# Lints look at the code as the tests build it: so the C libraries below us are compiled once.
LINT = $(CARGO) clippy --locked --workspace --all-targets --profile test
# Runs tests in processes of their own where it is installed; else cargo's own runner.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo run audit
demo: ## The demo: a shop, a live, simulated viewers (ARGS="--viewers 200")
	$(CARGO) run --release -- demo $(ARGS)

run: ## The server with its defaults (ARGS="--config FILE")
	$(CARGO) run --release -- serve $(ARGS)

audit: ## Fold the journal of STATE and compare (STATE=demo-state)
	$(CARGO) run --release -- audit --state $(STATE) $(ARGS)

.PHONY: test tools fmt-check lint web-check test-rust test-doc test-browser
test: tools fmt-check lint web-check test-rust test-doc test-browser ## Everything that must hold

tools: ## Install what the tests run and a bare machine lacks
	scripts/install-test-tools.sh

fmt: ## Put Rust and TypeScript into their form
	$(CARGO) fmt --all
	cd web && $(NPM) run --silent format

.PHONY: fmt
fmt-check: ## Is it in its form?
	$(CARGO) fmt --all --check

lint: ## Clippy, warnings are errors
	$(LINT) -- -D warnings

# Installed anew only when the lock file is newer.
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && $(NPM) ci --no-audit --no-fund
	@touch $@

web-check: web/node_modules/.package-lock.json ## Pages: lint, types, tests
	cd web && $(NPM) run --silent lint
	cd web && $(NPM) run --silent typecheck
	cd web && $(NPM) run --silent test

test-rust: ## Rust tests (ARGS="name" for some of them)
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --locked --workspace --no-fail-fast $(ARGS)
else
	$(CARGO) test --locked --workspace --lib --bins --tests --no-fail-fast $(ARGS)
endif

test-doc: ## The examples in doc comments
	$(CARGO) test --locked --workspace --doc

test-browser: web/node_modules/.package-lock.json ## Pages in Chromium, also on the real server
	cd web && $(NPM) run --silent test:browser

.PHONY: web web-dev bench bench-journal load docker
web: web/node_modules/.package-lock.json ## Build the pages into web/dist
	cd web && $(NPM) run --silent build

web-dev: web/node_modules/.package-lock.json ## Pages with a mock server, rebuilt as you type
	cd web && $(NPM) run dev

bench: ## Fan-out beside the floor and installed peers, three times (ARGS="--viewers 1000")
	$(CARGO) build --release --locked --package lapak --package load-tests
	target/release/load-tests bench $(ARGS)

bench-journal: ## What decisions and the journal cost
	$(CARGO) bench --locked $(ARGS)

load: ## Load scenarios that check themselves (ARGS="--help")
	$(CARGO) build --release --locked --package lapak --package load-tests
	target/release/load-tests $(ARGS)

docker: ## The image
	docker build --tag lapak --build-arg COMMIT=$$(git rev-parse --short HEAD) .
