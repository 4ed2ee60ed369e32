# The two commands a fresh machine needs: `make serve` and `make test`. Each sets up what is missing first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Two forms of installation, each with the stamp that says it is up to date: the light one serves, indexes and asks; the
# development form adds every extra and the tools of the tests, and serves too.
LIGHT := $(VENV)/.light
DEVELOPMENT := $(VENV)/.development
SERVING := $(if $(wildcard $(DEVELOPMENT)),$(DEVELOPMENT),$(LIGHT))

PEERS := .bench
INTEGRATIONS := .integrations

.PHONY: setup light serve unit test test-all lint bench bench-peers integrations evaluate soak screenshots lighthouse clean

setup: $(DEVELOPMENT)

light: $(LIGHT)

$(LIGHT): FORM := .
$(DEVELOPMENT): FORM := .[dev]

$(LIGHT) $(DEVELOPMENT): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '$(FORM)'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "citeqa needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv; then run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)

serve: $(SERVING)
	$(BIN)/citeqa serve $(ARGS)

# Two processes, as many as the smallest machine has cores; a test and those after it that share its server or browser
# stay in one of them.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist worksteal

unit: setup
	$(PYTEST) -m "not (integration or slow or faults or data)" tests/index tests/rag $(ARGS)

test: setup
	$(PYTEST) -m "not (slow or data)" $(ARGS)

test-all: setup
	$(PYTEST) $(ARGS)

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
	@rm -rf $(TREE) && mkdir -p $(TREE) && cp -p api/citeqa/*.py $(TREE)/ && cp -rp index rag api $(TREE)/
	PYTHONPATH=build/tree $(BIN)/lint-imports

bench: setup
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/run.py $(ARGS)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/growth.py $(PASSAGES)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/scale.py $(SIZES)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/stages.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/clients.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/equal.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/formats.py
	$(MAKE) bench-peers ARGS=

bench-peers: setup
	@$(MAKE) --no-print-directory $(PEERS)/.installed || echo "The peers cannot be installed; the table will say so."
	PYTHONPATH=tests:. $(BIN)/python -m benchmarks.peers.run $(ARGS)

$(PEERS)/.installed: tests/benchmarks/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

integrations: setup $(LINKS) $(INTEGRATIONS)/.installed
	$(BIN)/pytest -rs tests/docs/test_integrations.py $(ARGS)

$(INTEGRATIONS)/.installed: examples/requirements.txt
	test -x $(INTEGRATIONS)/bin/python || $(PYTHON) -m venv $(INTEGRATIONS)
	$(INTEGRATIONS)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

evaluate: setup
	$(BIN)/python -m citeqa.api.evaluation.public $(ARGS)

# How often a writer is killed.
soak: KILLS := 200
soak: setup
	CITEQA_TEST_SOAK=1 CITEQA_TEST_KILLS=$(KILLS) $(BIN)/pytest -s --timeout=7200 -m soak
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/soak.py $(ARGS)

screenshots: setup
	PYTHONPATH=tests $(BIN)/python tests/browser/screenshots.py

# The page as Lighthouse judges it; needs node (18.16 or newer) and Chromium.
LIGHTHOUSE := build/lighthouse
LIGHTHOUSE_VERSION := 12.8.2

lighthouse: setup $(LIGHTHOUSE)/.$(LIGHTHOUSE_VERSION)
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/lighthouse.py $(LIGHTHOUSE)/node_modules/.bin/lighthouse

$(LIGHTHOUSE)/.$(LIGHTHOUSE_VERSION):
	@mkdir -p $(LIGHTHOUSE)
	npm install --silent --no-audit --no-fund --prefix $(LIGHTHOUSE) lighthouse@$(LIGHTHOUSE_VERSION)
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) $(INTEGRATIONS) .citeqa build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
