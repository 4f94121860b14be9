# The commands of the project. CI calls the same ones.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO_DENY := 0.20.2
CARGO_MACHETE := 0.9.2
CARGO_CYCLONEDX := 0.5.9

# Tests wait about as long as they compute, so twice as many of them as there are cores go on at a time.
export RUST_TEST_THREADS ?= $(shell expr 2 '*' $$(getconf _NPROCESSORS_ONLN))

# What begins, and when.
step = @printf '\n== %s (%(%T)T)\n' '$(1)' -1

# Tests over HTTP that choose their databases themselves, or need none: they are not run again over MongoDB.
ON_BOTH := crash:: replicas storm:: sweeping:: mongodb_late:: mongodb_user:: migrate:: import_v1:: startup:: disk_full:: cli::

.PHONY: help run test check release-check bench web web-dev tools generate audit sbom soak test-cluster cluster-tools

# Where cargo puts programs.
PROGRAMS := $(or $(CARGO_TARGET_DIR),target)/debug

# What is installed for the console, by its lock file.
INSTALLED := web/node_modules/.package-lock.json
CONSOLE := web/dist/index.html

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start server, control plane and operator, and sync examples/shop.env (ENV_FILE=…, CLUSTER=…, PORT=…)
	@# Without Go (3) the server runs alone, and says what the rest needs.
	@[ -n "$${CLUSTER:-}" ] || tests/tools/build.sh >/dev/null || [ $$? -eq 3 ]
	@# Without Node the server has no console, and says at its address how to get it.
	@! command -v npm >/dev/null || $(MAKE) web
	@cargo build --workspace --bins
	@cargo run --quiet --package ssm-tests --bin demo

test: ## Run every test but those on a cluster with pods
	$(call step,tools)
	@$(MAKE) tools
	$(call step,console)
	@$(MAKE) web
	$(call step,programs)
	cargo build --workspace --bins
	rm -rf target/debug/test-logs
	$(call step,tests)
	LOG_LEVEL=trace cargo test --workspace --no-fail-fast
	$(call step,tests over HTTP on MongoDB)
	LOG_LEVEL=trace TEST_STORE=mongodb cargo test --workspace --no-fail-fast --test server -- $(ON_BOTH:%=--skip %)
	cargo run --quiet --package ssm-tests --bin canary
	$(call step,tests of the console)
	npm --prefix web test

test-cluster: cluster-tools web ## Run the tests on a cluster with pods: images, chart, upgrades, faults (as root; ONLY=name)
	$(call step,programs and images)
	cargo build --workspace --bins
	cargo test --quiet --workspace --no-run --test cluster
	tests/cluster/images.sh $(PROGRAMS) $(PROGRAMS)/cluster-images
	$(call step,cluster)
	IMAGES=$(PROGRAMS)/cluster-images LOGS=$(PROGRAMS)/cluster-logs tests/cluster/run.sh tests/cluster/test.sh $(ONLY)
	cargo run --quiet --package ssm-tests --bin canary -- $(PROGRAMS)/cluster-logs

# Before anything is built: a machine that cannot run a cluster says so here.
cluster-tools:
	$(call step,tools of the cluster)
	@tests/cluster/install.sh >/dev/null

check: $(INSTALLED) ## Check formatting, lints, dependencies and licences
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny@$(CARGO_DENY)
	@command -v cargo-machete >/dev/null || cargo install --locked cargo-machete@$(CARGO_MACHETE)
	cargo deny --all-features check --hide-inclusion-graph bans licenses sources
	cargo machete
	npm --prefix web run --silent check

release-check: ## Build and try what a release consists of, as root (about an hour; STEPS="engine bases images" for some of it)
	tests/release/check.sh $(STEPS)

web: $(CONSOLE) ## Build the console, which the next build of the server takes in

web-dev: $(INSTALLED) ## Serve the console with hot reload, for the server at SSM_SERVER_URL (http://127.0.0.1:8080)
	npm --prefix web run dev

$(INSTALLED): web/package.json web/package-lock.json
	@npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

$(CONSOLE): $(INSTALLED) $(shell find web/src web/build web/public web/index.html web/*.ts web/tsconfig.json -type f)
	@npm --prefix web run --silent build

bench: tools ## Measure, each figure as a ratio against a reference in the same run (ONLY="server" or "operator")
	cargo build --release --workspace --bins
	cargo run --quiet --release --package ssm-tests --bin bench -- $(ONLY)

soak: ## Keep server and operator busy, and hold their memory against what it was when warm (SOAK_MINUTES=10)
	@tests/release/soak.sh

audit: ## Ask whether holes are known in what we depend on
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny@$(CARGO_DENY)
	cargo deny --all-features check advisories
	npm --prefix web audit --omit dev

sbom: ## List what server, operator and console are made of, in target/sbom
	@tests/release/sbom.sh $(CARGO_CYCLONEDX)

tools: ## Build or install what tests run against, once (about 13 minutes)
	@tests/tools/build.sh >/dev/null
	@tests/tools/helm.sh >/dev/null
	@tests/tools/foreign/install.sh >/dev/null
	@tests/tools/browser.sh

generate: $(INSTALLED) ## Renew the generated files: crds/, the chart's, manifests/, api-server/openapi.json and the console's types of it
	cargo run --quiet --package ssm-operator -- crd > crds/secretsyncs.yaml
	charts/generate.sh
	cargo run --quiet --package ssm-server -- openapi > api-server/openapi.json
	npm --prefix web run --silent generate
