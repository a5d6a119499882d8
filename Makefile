# make help lists what there is. Everything runs in .venv, made on first use.
PYTHON ?= python3
VENV   ?= .venv
EXTRA  ?= cpu
PORT   ?= 8000
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed-$(EXTRA)

.DEFAULT_GOAL := help
.PHONY: help install run ask test lint types tests clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 16
	@echo 'EXTRA=gpu takes faiss-gpu instead of faiss-cpu; PORT=8001 serves on another port.'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'CiteRx needs Python 3.11 or newer: make PYTHON=python3.12 ...' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRA),eval,llm,train,dev]'
	@touch $@

install: $(STAMP) ## make the environment

run: $(STAMP) ## ingest and index the starter corpus if the store is empty, then serve
	$(BIN)/citerx serve --starter --port $(PORT)

ask: $(STAMP) ## answer once on the terminal: make ask Q="..."
	@test -n "$(Q)" || { echo 'usage: make ask Q="What are the interactions between propafenone and colchicine?"' >&2; exit 2; }
	@$(BIN)/citerx ask --starter "$(Q)"

test: lint types tests ## environment, lint, types, tests

lint: $(STAMP) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

tests: $(STAMP) ## pytest on two processes
	$(BIN)/pytest -n 2

clean: ## remove the environment and the store
	rm -rf $(VENV) .citerx .mypy_cache .ruff_cache .hypothesis
