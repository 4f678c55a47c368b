# pgAnalytics. `make help` lists what there is; `make demo` and `make test` need nothing but Rust and Node,
# and install what else is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# a build takes its memory by the job, and a small machine has two cores
export CARGO_BUILD_JOBS ?= 2
export CARGO_TERM_COLOR ?= $(if $(CI),never,auto)

# the browser tests take the first of these that is there
export CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome || echo /usr/bin/chromium)

DASHBOARD := assets/dashboard
BROWSER := tests/e2e
# what `npm ci` writes last
DASHBOARD_PACKAGES := $(DASHBOARD)/node_modules/.package-lock.json
BROWSER_PACKAGES := $(BROWSER)/node_modules/.package-lock.json
DASHBOARD_SOURCES := $(shell find $(DASHBOARD) -path '*/node_modules' -prune -o -type f -print)
DIST := assets/dist/index.html
PROGRAMS := target/debug/pganalytics target/debug/pganalytics-collector
LOGS := target/test-logs
# the tests that have a long form
SOAKED := crash:: crash_sealing:: damage:: fault_sealing:: fleet_laws:: mirror_away:: mirror_crash:: power_cut:: returning::

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: build ## Show the product at work on this machine; Ctrl-C ends it without a trace
	@exec target/debug/pganalytics demo

.PHONY: test
test: tools-test $(DASHBOARD_PACKAGES) $(BROWSER_PACKAGES) ## Run every check and every test
	@rm -rf $(LOGS); mkdir -p $(LOGS)
	$(MAKE) check
	echo "--- dashboard: unit tests"
	npm --prefix $(DASHBOARD) test 2>&1 | tee $(LOGS)/dashboard.log
	$(MAKE) $(DIST)
	echo "--- building the daemon, the agent and their tests"
	# in one go: dependencies of the tests change features of those that they share with the programs
	cargo build --locked --bins --tests
	echo "--- dashboard: bundle budget"
	npm --prefix $(DASHBOARD) run --silent budget
	echo "--- browser tests"
	npm --prefix $(BROWSER) test 2>&1 | tee $(LOGS)/browser.log
	echo "--- tests of the daemon and the agent"
	if cargo nextest --version >/dev/null 2>&1; then
		cargo nextest run --locked --no-fail-fast 2>&1 | tee $(LOGS)/rust.log
	else
		cargo test --locked --no-fail-fast --lib --bins --tests 2>&1 | tee $(LOGS)/rust.log
	fi
	.ci/count $(LOGS)

.PHONY: build
build: tools programs ## Build the dashboard and both programs (target/debug)

.PHONY: programs
programs: $(DIST)
	@echo "--- building the daemon and the agent"
	cargo build --locked --bins

.PHONY: check
check: $(DASHBOARD_PACKAGES) ## Check formatting, lints and types
	@echo "--- formatting"
	cargo fmt --check
	npm --prefix $(DASHBOARD) exec -- prettier --check --log-level warn src
	echo "--- types of the dashboard"
	npm --prefix $(DASHBOARD) run --silent check
	echo "--- lints"
	cargo clippy --locked --all-targets -- -D warnings

.PHONY: bench
bench: ## Measure what docs/performance.md promises
	@cargo bench --locked

.PHONY: bench-peers
bench-peers: tools-peers $(DIST) ## Measure the daemon beside VictoriaMetrics, Prometheus and PostgreSQL
	@cargo build --locked --release --bin pganalytics
	target/peers/bin/python benches/peers/bench.py --program target/release/pganalytics $(PEERS)

.PHONY: soak
soak: tools-soak ## Kill, cut the power, damage, overload and feed at random, for about 50 minutes (docs/reliability.md)
	@PGANALYTICS_SOAK=1 cargo test --locked --test it -- --nocapture --test-threads 1 $(SOAKED)
	.ci/fuzz 60

.PHONY: openapi
openapi: ## Write docs/openapi.json and docs/metric-names.md anew
	@PGANALYTICS_WRITE_OPENAPI=1 cargo test --locked --quiet --test openapi the_file_is

.PHONY: grafana
grafana: ## Write the dashboards for Grafana anew (assets/grafana)
	@PGANALYTICS_WRITE_GRAFANA=1 cargo test --locked --quiet --test grafana the_files_are

# PROFILE=dev packs the programs of `make build`: soon there, and large
PROFILE ?= dist
# who is asked about a package; whoever hands packages on says so (`.invalid` is no host by definition)
export MAINTAINER ?= pgAnalytics <packages@pganalytics.invalid>

.PHONY: packages
packages: tools-packages $(DIST) ## Build .deb and .rpm of both programs, and the bundle (target/packages)
	@packaging/pack $(PROFILE)
	packaging/bundle

.PHONY: test-packages
test-packages: packages tools-browser $(BROWSER_PACKAGES) ## Install the packages on a booted Debian and in an rpm root (as root)
	@tests/packages/run

.PHONY: manual
manual: ## Write manual pages, completions, example settings and docs/configuration.md anew
	@PGANALYTICS_WRITE_MANUAL=1 cargo test --locked --quiet --test packaging the_manual_is

.PHONY: clean
clean: ## Remove everything that was built
	@cargo clean --quiet
	rm -rf assets/dist $(DASHBOARD)/node_modules $(BROWSER)/node_modules tests/artefacts

.PHONY: tools tools-test tools-peers tools-packages tools-browser tools-soak
tools:
	@.ci/install build
tools-test:
	@.ci/install build test
tools-packages:
	@.ci/install build packages
	test -x target/tools/bin/cargo-deb || CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo install --debug --locked --root target/tools cargo-deb@3.8.0
	test -x target/tools/bin/cargo-generate-rpm || CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo install --debug --locked --root target/tools cargo-generate-rpm@0.21.1
tools-browser:
	@.ci/install build browser
tools-soak:
	@.ci/install build soak
tools-peers:
	@.ci/install build peers
	test -x target/peers/bin/python || python3 -m venv target/peers
	target/peers/bin/pip install --quiet --disable-pip-version-check --requirement benches/peers/requirements.txt

$(DASHBOARD_PACKAGES): $(DASHBOARD)/package-lock.json
	@echo "--- packages of the dashboard"
	npm ci --prefix $(DASHBOARD) --no-audit --no-fund --loglevel error
	touch $@

$(BROWSER_PACKAGES): $(BROWSER)/package-lock.json
	@echo "--- packages of the browser tests"
	npm ci --prefix $(BROWSER) --no-audit --no-fund --loglevel error
	touch $@

$(DIST): $(DASHBOARD_PACKAGES) $(DASHBOARD_SOURCES)
	@echo "--- building the dashboard"
	npm --prefix $(DASHBOARD) run --silent build
	touch $@
