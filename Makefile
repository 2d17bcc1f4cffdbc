# The two commands of the README are `make run` and `make test`.
PYTHON ?= python3
VENV    = .venv
BIN     = $(VENV)/bin

.PHONY: help run test bench soak pictures lint clean

help:
	@echo "make run       import the bundled sample (or your .env's files) and publish the answers"
	@echo "make test      run the tests"
	@echo "make soak      kill a run 1,000 times, rebuild 300 times under readers, watch, backup and"
	@echo "               restore, import a million lines, and look for a trace (an hour)"
	@echo "make bench     measure the import beside its peers, into benchmarks/results.md"
	@echo "make pictures  take the README's pictures of the report again"
	@echo "make lint      check style and types"

run: $(VENV)/.run
	@$(BIN)/python -m app run

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n auto --dist loadgroup

soak: $(VENV)/.dev
	@COMPTOIR_KILLS=1000 COMPTOIR_REBUILDS=300 $(BIN)/python -m pytest -q -n auto \
	    tests/test_kills.py tests/test_concurrency.py tests/test_changed_source.py

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/bench.py

pictures: $(VENV)/.dev
	@$(BIN)/python docs/pictures/make.py

lint: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Comptoir needs Python 3.11 or newer; name one with: make PYTHON=python3.12 run" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(BIN)/python
	@echo "Installing what Comptoir needs into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing the development tools into $(VENV) (once)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run
