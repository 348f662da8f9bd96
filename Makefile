# Opsgate. `make` lists the targets; each installs what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export PYTHONDONTWRITEBYTECODE ?=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.installed: pyproject.toml uv.lock
	@PYTHON="$(PYTHON)" sh docker/bootstrap.sh
	@touch $@

.PHONY: install
install: .venv/.installed ## the locked environment, into .venv in this checkout

.PHONY: run
run: install ## start the bot (reads .env and opsgate.toml)
	$(BIN)/opsgate run

.PHONY: check
check: install ## validate the settings only
	$(BIN)/opsgate check

.PHONY: test
test: install lint engine-if-possible ## everything: lint, unit, integration, end to end
	$(BIN)/pytest

.PHONY: engine
engine: ## a Docker Engine with Compose v2, sshd and the practice images (Debian or Ubuntu, as root)
	@bash tests/e2e/engine/prepare.sh

.PHONY: engine-if-possible
engine-if-possible:
	@bash tests/e2e/engine/prepare.sh || test "$$?" = 3 || exit 1

.PHONY: unit
unit: install ## only the tests that take seconds
	$(BIN)/pytest tests/unit

.PHONY: bench
bench: engine install ## a deploy through Opsgate against the hand procedure, interleaved
	$(BIN)/python -m benchmarks.main_job

.PHONY: lint
lint: install ## ruff, mypy strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: format
format: install ## format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
