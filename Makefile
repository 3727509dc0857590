# Every target works from a bare checkout: the environment it needs is made on first use and kept in .venv.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --no-input

export MPLBACKEND := Agg
# One thread a process: the tests already run in as many processes as there are cores.
THREADS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo test lint types bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

demo: $(VENV)/stamp-demo ## train, measure and draw: results in demo/
	$(PY) examples/digits.py

test: $(VENV)/stamp-dev ## the whole test suite, doctests included
	$(THREADS) $(PY) -m pytest -q -n auto

lint: $(VENV)/stamp-dev ## style of every file
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/stamp-dev ## the type checker
	$(PY) -m pyright

bench: $(VENV)/stamp-bench ## benchmarks against other libraries (large downloads)
	@set -e; for script in $(sort $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))); do \
	  echo "== $$script"; $(PY) $$script; done

clean: ## remove what the other targets made
	rm -rf $(VENV) demo build dist .pytest_cache .ruff_cache .hypothesis
	find tapeless tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "tapeless needs Python 3.11 or newer: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/stamp-demo: EXTRAS := viz,data
$(VENV)/stamp-dev: EXTRAS := dev
$(VENV)/stamp-bench: EXTRAS := bench
$(VENV)/stamp-demo $(VENV)/stamp-dev $(VENV)/stamp-bench: pyproject.toml $(VENV)/stamp-venv
	$(PIP) install --quiet --editable '.[$(EXTRAS)]'
	@touch $@
