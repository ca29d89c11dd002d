# What can be done here, one word each. The first use installs what is missing: Python packages into .venv, servers into
# .cache/ (Debian packages too, where permitted).

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALL := PYTHON=$(PYTHON) dev/install.sh
SCALE ?=
DETECTOR ?=
IMAGES ?=
OPEN ?=
ARGS ?=

.PHONY: help demo soak soak-twice soak-sync unit test pictures check up down status clean lock

help: ## list the commands
	@grep -hE '^[a-z %-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: ## run the whole system on sample pictures; IMAGES=folder takes your own, OPEN=1 leaves the console open
	@$(INSTALL) stack servers $(if $(IMAGES),,frames)
	@$(BIN)/python -m dev.demo $(if $(IMAGES),--images "$(IMAGES)") $(if $(OPEN),--open) $(ARGS)

up: ## start the local stack and leave it running; SCALE="labels=3 text=2" sets replicas, DETECTOR=objects finds more
	@$(INSTALL) stack servers $(filter objects,$(DETECTOR))
	@$(BIN)/python -m dev.stack up --scale "$(SCALE)" --detector "$(DETECTOR)"

down: ## stop the local stack; its data stays
	@$(INSTALL) stack
	@$(BIN)/python -m dev.stack down

status: ## show what is running, and where
	@$(INSTALL) stack
	@$(BIN)/python -m dev.stack status

unit: ## run the unit tests: no server is needed
	@$(INSTALL) dev
	@$(BIN)/pytest tests/unit $(ARGS)

test: ## run the tests; ARGS="-k name" chooses, ARGS=--cov measures coverage
	@$(INSTALL) dev servers browser
	@$(BIN)/pytest -n 2 --no-loadscope-reorder $(ARGS)

pictures: ## take the pictures of docs/walk-through.md again, in a browser
	@$(INSTALL) dev browser
	@$(BIN)/pytest tests/browser/test_walk_through.py --pictures docs/pictures $(ARGS)

check: ## linters, formatter, types, import rules, compose file
	@$(INSTALL) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

bench-%: ## run one benchmark of bench/, by its name; ARGS are its options
	@$(INSTALL) dev servers $(if $(filter reviewers,$*),browser)
	@$(BIN)/python -m bench.$(subst -,_,$*) $(ARGS)

soak soak-twice soak-sync: ## kill, freeze and repeat at random while images pass, and count what was lost
	@$(INSTALL) dev servers
	@$(BIN)/python -m bench.$(subst -,_,$@) $(ARGS)

lock: ## resolve the dependencies again: the lock files, and the lists of jars
	@dev/lock.sh

clean: ## stop the local stack, then remove its data, the servers and the caches
	@if [ -x $(BIN)/python ] && [ -d .cache/stack ]; then $(BIN)/python -m dev.stack down; fi
	rm -rf .cache .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
