# Python 3.11+ and make are all that is assumed. The first target to run makes .venv and installs into it;
# after that nothing is fetched until pyproject.toml changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test check setup lint format types defects proof mutants bench docs coverage wheel clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cksum < pyproject.toml | cut -d ' ' -f 1)

# The first interpreter found that is new enough; `make PYTHON=/path/to/python test` says otherwise.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$python; break; fi; done)

help:
	@echo 'make demo      18 months of a real shop, through one journey'
	@echo 'make test      lint, types, architecture, tests, documentation: what a change must pass'
	@echo 'make check     test, coverage, proof and defects: what a release must pass'
	@echo 'make lint types format docs coverage proof mutants defects bench wheel clean'

setup: $(READY)

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo 'journeykit needs Python 3.11 or newer; name one with make PYTHON=...' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --editable '.[dev]'
	@rm -f $(VENV)/.ready-*
	@touch $@

demo: $(READY)
	$(BIN)/python examples/cdnow/demo.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)
	$(BIN)/mypy

# Everything in tests/: architecture, public names and documentation snippets among it.
test: lint types
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m 'not slow'

docs: $(READY)
	$(BIN)/python scripts/defects.py --write
	$(BIN)/python scripts/insight.py --write
	$(BIN)/python scripts/recipes.py --write
	$(BIN)/python scripts/performance.py --write
	$(BIN)/python -m pytest -q tests/test_docs.py

coverage: $(READY)
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -q -m 'not slow'
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

# The same tests with many more invented customers, the ones that take long, and 5,000 times kill -9 (make proof KILLS=...).
KILLS ?= 5000
proof: $(READY)
	JOURNEYKIT_KILLS=$(KILLS) HYPOTHESIS_PROFILE=proof $(BIN)/python -m pytest -q -n 2 --dist worksteal
	$(MAKE) mutants MUTANTS='$(or $(MUTANTS),--sample 400 --processes 2)'

# One small change of model and core at a time, which a test must notice. All of them take a night; --hours 2 stops then, and the next call
# goes on; --sample 400 --processes 2, as in `make proof`, is five minutes on two cores.
mutants: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --editable '.[mutants]'
	$(BIN)/python scripts/mutants.py $(MUTANTS)

# Each patch in tests/defects breaks one promise on purpose; its test must notice.
defects: $(READY)
	$(BIN)/python scripts/defects.py

# Floors and peers side by side; make bench BENCH='--quick --only timers' chooses.
bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --editable '.[bench]'
	$(BIN)/python benchmarks/run.py $(BENCH)

wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

check: test coverage proof defects

clean:
	rm -rf $(VENV) build dist htmlcov mutants .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
