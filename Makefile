# The two commands a fresh machine needs: `make serve` and `make test`. Each sets up what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

PEERS := .bench

.PHONY: setup serve test lint bench bench-peers evaluate soak screenshots clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "citeqa needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv; then run make again."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

serve: setup
	$(BIN)/citeqa serve $(ARGS)

test: setup
	$(BIN)/pytest $(ARGS)

# What is installed as citeqa.index, citeqa.rag and citeqa.api lies in three folders; tools that follow folders see it so.
LINKS := build/links/citeqa

$(LINKS):
	@mkdir -p $@
	@ln -sfn ../../../index ../../../rag ../../../api $@/
	@ln -sfn $(addprefix ../../../,$(wildcard api/citeqa/*.*)) $@/

# Where links are not followed: a copy.
TREE := build/tree/citeqa

lint: setup $(LINKS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@rm -rf $(TREE) && mkdir -p $(TREE) && cp -p api/citeqa/__init__.py $(TREE)/ && cp -rp index rag api $(TREE)/
	PYTHONPATH=build/tree $(BIN)/lint-imports

bench: setup
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/run.py $(ARGS)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/growth.py $(PASSAGES)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/scale.py $(SIZES)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/stages.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/clients.py
	$(MAKE) bench-peers ARGS=

bench-peers: setup
	@$(MAKE) --no-print-directory $(PEERS)/.installed || echo "The peers cannot be installed; the table will say so."
	PYTHONPATH=tests:. $(BIN)/python -m benchmarks.peers.run $(ARGS)

$(PEERS)/.installed: tests/benchmarks/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

evaluate: setup
	$(BIN)/python -m citeqa.api.evaluation.public $(ARGS)

soak: setup
	CITEQA_TEST_SOAK=1 $(BIN)/pytest -s --timeout=3600 tests/index/storage/test_crash.py tests/index/storage/test_faults.py tests/index/storage/test_stateful.py tests/api/test_load.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/soak.py $(ARGS)

screenshots: setup
	PYTHONPATH=tests $(BIN)/python tests/browser/screenshots.py

clean:
	rm -rf $(VENV) $(PEERS) .citeqa build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
