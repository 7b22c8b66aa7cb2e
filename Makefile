# Development in one word each. `make` alone lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
ENSURE := deploy/local/ensure.sh

# The tests and the programs they start are built with this profile: optimised, because whole
# platforms run in them, and the one of `make run`, so that dependencies are built once.
TEST_PROFILE ?= release
TEST_BIN_DIR := $(TARGET)/$(if $(filter dev,$(TEST_PROFILE)),debug,$(TEST_PROFILE))
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

export ORDERS_TEST_BIN_DIR := $(TEST_BIN_DIR)

# What is skipped, by name and reason: test runners do not show what tests say that do not fail.
export ORDERS_TEST_SKIPPED ?= $(TARGET)/skipped-tests

# Arguments that people pass: make simulate SEEDS=100000, make simulate SEED=42, make chaos SEED=7.
ifdef SEEDS
export ORDERS_SIM_SEEDS := $(SEEDS)
export ORDERS_MODEL_SEEDS := $(SEEDS)
endif
ifdef SEED
export ORDERS_SIM_SEED := $(SEED)
export ORDERS_MODEL_SEED := $(SEED)
export ORDERS_CHAOS_SEED := $(SEED)
endif
ifdef ROUNDS
export ORDERS_CHAOS_ROUNDS := $(ROUNDS)
endif

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run everything in one process, on a private PostgreSQL
	@$(ENSURE) build postgres
	@deploy/local/build.sh "$(TARGET)/release/orders" --release --bin orders
	@exec "$(TARGET)/release/orders" dev

.PHONY: up
up: ## Run the separate services, on a private PostgreSQL and nats-server
	@$(ENSURE) build postgres nats
	@deploy/local/build.sh "$(TARGET)/release/orders" --release --workspace --bins
	@exec "$(TARGET)/release/orders" up

.PHONY: test
test: test-bins ## Run all tests, against real servers and real processes
	@rm -f "$(ORDERS_TEST_SKIPPED)"
ifneq ($(NEXTEST),)
	cargo nextest run --workspace --no-fail-fast --cargo-profile $(TEST_PROFILE)
	cargo test --workspace --doc --profile $(TEST_PROFILE)
else
	cargo test --workspace --profile $(TEST_PROFILE)
endif
	@if [ -s "$(ORDERS_TEST_SKIPPED)" ]; then echo "SKIPPED, by name and reason:"; \
		sort -u "$(ORDERS_TEST_SKIPPED)"; fi

# Official images of the servers, others by ORDERS_TEST_POSTGRES_IMAGE, ORDERS_TEST_NATS_IMAGE and
# ORDERS_TEST_KURRENTDB_IMAGE, or stand-ins. SUITE=short: only chaos and what is next to the servers.
.PHONY: test-containers
test-containers: ## Run the tests that need servers against containers (SUITE=short)
	CHECK_REQUIRED=1 TEST_PROFILE=$(TEST_PROFILE) tests/containers.sh $(SUITE)

.PHONY: chaos
chaos: test-bins ## Kill every process at random under load, for long (SEED=n ROUNDS=n)
	ORDERS_CHAOS_ROUNDS=$${ORDERS_CHAOS_ROUNDS:-10} \
		cargo test -p tests --profile $(TEST_PROFILE) chaos -- --nocapture

.PHONY: simulate
simulate: test-bins ## Simulate the platform in virtual time (SEEDS=100000, or one SEED=n)
	ORDERS_SIM_SEEDS=$${ORDERS_SIM_SEEDS:-100000} \
		cargo test -p tests --profile $(TEST_PROFILE) simulat -- --nocapture

.PHONY: model
model: ## Run the model of shop, provider and carrier (SEEDS=10000, or one SEED=n)
	@$(ENSURE) build
	ORDERS_MODEL_SEEDS=$${ORDERS_MODEL_SEEDS:-10000} \
		cargo test -p domain --lib --profile $(TEST_PROFILE) policy::model -- --nocapture

.PHONY: backends
backends: ## Run the contract of the event stores, and write docs/backends.md
	@$(ENSURE) build postgres
	@rm -rf "$(TARGET)/backends" && mkdir -p "$(TARGET)/backends"
	@# The page is written also of a run in which something failed, which then fails the target.
	status=0; ORDERS_TEST_REPORT="$(TARGET)/backends" \
		cargo test -p store --features kurrentdb --profile $(TEST_PROFILE) --test contract \
		|| status=$$?; \
	cargo run -q -p store --profile $(TEST_PROFILE) --example backends -- "$(TARGET)/backends" \
		> "$(TARGET)/backends.md" && mv "$(TARGET)/backends.md" docs/backends.md; \
	exit $$status

.PHONY: planted
planted: ## Plant known bugs, one by one, and have tests find them
	@$(ENSURE) build postgres
	@TEST_PROFILE=$(TEST_PROFILE) deploy/local/planted.sh

.PHONY: rebuilds
rebuilds: test-bins ## Build a read model anew under load, and fail if readers see anything of it
	"$(TEST_BIN_DIR)/bench" run --quick --only rebuild

.PHONY: test-bins
test-bins:
	@$(ENSURE) build postgres nats grpc
	cargo build --workspace --bins --profile $(TEST_PROFILE)

.PHONY: bench
bench: ## Measure what is deployed, and write docs/benchmarks.md
	@$(ENSURE) build postgres nats
	cargo build --profile dist --workspace --bins
	"$(TARGET)/dist/bench"

# Compose 2, wherever it is. Images other than the official ones: see docker-compose.yml.
COMPOSE ?= docker compose
export COMPOSE

.PHONY: compose-up
compose-up: ## Run it as containers, with Jaeger, Prometheus and Grafana (COMPOSE_ARGS=…)
	@deploy/compose/secrets.sh
	$(COMPOSE) up --build --detach --wait $(COMPOSE_ARGS)

.PHONY: compose-down
compose-down: ## Stop the containers; their data stays (COMPOSE_ARGS=--volumes removes it)
	$(COMPOSE) down --timeout 40 $(COMPOSE_ARGS)

.PHONY: compose-smoke
compose-smoke: ## Drive one order through the containers, and look its trace up
	@deploy/compose/smoke.sh

.PHONY: compose-check
compose-check: ## Check compose file, image and containers, on local stand-ins (PROGRAMS=target/dist)
	@deploy/compose/check.sh $(PROGRAMS)

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: lint
lint: ## Check the format, and clippy without a warning
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package servers --features containers --all-targets -- -D warnings

.PHONY: check
check: ## Run all that CI runs
	.ci/run
