# What can be done here, one word each. The first use installs what is missing: Python packages into .venv, servers into
# .cache/ (Debian packages too, where permitted).

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
SERVERS := $(BIN)/python -m dev.stack install
SCALE ?=
IMAGES ?=
ARGS ?=

.PHONY: help demo soak soak-twice soak-sync test check up down status clean lock

help: ## say what there is
	@grep -hE '^[a-z %-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(INSTALLED): requirements-dev.lock pyproject.toml dev/venv.sh
	@PYTHON=$(PYTHON) dev/venv.sh
	@touch $@

demo: $(INSTALLED) ## show the whole of it on pictures; IMAGES=folder takes your own
	@$(SERVERS)
	@$(BIN)/python -m dev.demo $(if $(IMAGES),--images "$(IMAGES)") $(ARGS)

up: $(INSTALLED) ## start the local stack and leave it running; SCALE="labels=3 text=2" sets replicas
	@$(BIN)/python -m dev.stack up --scale "$(SCALE)"

down: $(INSTALLED) ## stop the local stack; its data stays
	@$(BIN)/python -m dev.stack down

status: $(INSTALLED) ## say what of the local stack runs, and where
	@$(BIN)/python -m dev.stack status

test: $(INSTALLED) ## run the tests with coverage; ARGS="-k name" chooses
	@$(SERVERS)
	@$(BIN)/pytest -n 2 --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered $(ARGS)

check: $(INSTALLED) ## linters, formatter, types, import rules, compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

bench-%: $(INSTALLED) ## run one benchmark of bench/, by its name; ARGS are its options
	@$(SERVERS)
	@$(BIN)/python -m bench.$(subst -,_,$*) $(ARGS)

soak soak-twice soak-sync: $(INSTALLED) ## kill, freeze and repeat at random while images pass, and count what was lost
	@$(SERVERS)
	@$(BIN)/python -m bench.$(subst -,_,$@) $(ARGS)

lock: ## resolve the dependencies anew into the lock files
	@dev/lock.sh

clean: ## stop the local stack, then remove its data, the servers and the caches
	@if [ -x $(BIN)/python ] && [ -d .cache/stack ]; then $(BIN)/python -m dev.stack down; fi
	rm -rf .cache .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
