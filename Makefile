# Opsgate. `make` lists the targets; each installs what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Tests wait more than they compute: more workers than cores.
WORKERS ?= 3
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

.PHONY: demo
demo: ## Opsgate in a browser: no token, no server (ENGINE=docker: with the real Docker Engine)
	@$(if $(filter docker,$(ENGINE)),bash tests/e2e/engine/prepare.sh)
	@PYTHON="$(PYTHON)" WITHOUT_DEV=$(if $(wildcard .venv/.installed),,1) sh docker/bootstrap.sh
	@exec $(BIN)/opsgate demo --engine $(or $(ENGINE),simulated)

.PHONY: run
run: install ## start the bot (reads .env and opsgate.toml)
	$(BIN)/opsgate run

.PHONY: check
check: install ## validate the settings only
	$(BIN)/opsgate check

.PHONY: test
test: install lint engine-if-possible conformance-if-possible browser-if-possible ## everything: lint, unit, integration, browser, end to end
	@# the networks that Docker makes would have Chromium break off its connections: one after the other
	$(BIN)/pytest -n $(WORKERS) -m "not engine"; first=$$?; $(BIN)/pytest -n $(WORKERS) -m engine && exit $$first

.PHONY: engine
engine: ## a Docker Engine with Compose v2, sshd and the practice images (Debian or Ubuntu, as root)
	@bash tests/e2e/engine/prepare.sh

.PHONY: engine-if-possible
engine-if-possible:
	@bash tests/e2e/engine/prepare.sh || test "$$?" = 3 || exit 1

.PHONY: conformance
conformance: ## Node.js and the npm packages of the conformance suite (installs Node.js on Debian or Ubuntu as root)
	@sh tests/conformance/prepare.sh

.PHONY: conformance-if-possible
conformance-if-possible:
	@sh tests/conformance/prepare.sh || test "$$?" = 3 || exit 1

.PHONY: browser
browser: ## Chromium for the tests of the chat page (installs the distribution's on Debian as root)
	@sh tests/browser/prepare.sh >/dev/null

.PHONY: browser-if-possible
browser-if-possible:
	@sh tests/browser/prepare.sh >/dev/null || test "$$?" = 3 || exit 1

.PHONY: docs
docs: browser install ## the pictures of the docs, taken anew from a demo that runs
	$(BIN)/python -m tests.browser.pictures

.PHONY: unit
unit: install ## only the tests that take seconds
	$(BIN)/pytest tests/unit

.PHONY: bench
bench: engine install ## deploys, rollbacks and uploads through Opsgate against the hand procedure and rsync, interleaved
	$(BIN)/python -m benchmarks.deploy
	$(BIN)/python -m benchmarks.upload
	$(BIN)/python -m benchmarks.backup

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
