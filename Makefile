# Needs make and Python 3.11 or newer. Everything else goes into .venv, made on first use and kept until
# pyproject.toml changes.
#   make demo ARGS="--trials 2"     options of `ladle demo`
#   make test PYTHON=python3.12     another Python (after `make clean`)
#   make test WORKERS=8             as many processes of tests

PYTHON ?= python3
ARGS ?=
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test lint clean

help:  ## Show this list.
	@echo "Targets:"
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / { printf "  make %-8s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.lab  ## Run the whole loop on real images and write ladle-report.html (under 5 minutes).
	$(BIN)/ladle demo --force $(ARGS)

test: lint  ## Lint, check types and run every test: what CI runs.
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

lint: $(VENV)/.dev  ## Lint, check formatting and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:  ## Remove the environment, caches, builds and reports.
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis ladle-report*.html
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Ladle needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "If Python says that ensurepip is missing: sudo apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@touch $@

# -e: the environment follows the sources, so only a change of dependencies installs again.
$(VENV)/.lab: $(VENV)/.made pyproject.toml
	@echo "Installing Ladle and what its demo needs (about a minute)"
	@$(PIP) -e '.[lab]'
	@touch $@

$(VENV)/.dev: $(VENV)/.lab
	@echo "Installing the tools of the tests"
	@$(PIP) -e '.[dev]'
	@touch $@
