# `make demo` shows the whole course, `make test` runs the tests. Both first install missing packages into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# nbgrader calls `alembic` by name
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup dev student demo test test-slow test-all check lint build site bench lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "triptych needs Python 3.11 or later. Install it, or name one with make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The files base and dev record installations, so that packages are only installed again if their list has changed.
$(VENV)/base: $(VENV)/python requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/base requirements-dev.txt
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

setup: $(VENV)/base  ## install the course and triptych into .venv
dev: $(VENV)/dev  ## also install the packages of tests and tools
student: $(VENV)/base  ## open JupyterLab on your own copy of the course, work/ (CHAPTER=5, PORT=8888)
	$(BIN)/python tools/student.py $(CHAPTER) $(if $(PORT),--port $(PORT)) $(if $(NO_BROWSER),--no-browser)

demo: $(VENV)/base  ## build everything, grade a sample class, print the pages to open
	$(BIN)/triptych demo --keep demo

PYTEST := $(BIN)/pytest --numprocesses auto --dist loadgroup --durations 20 --durations-min 5

test: $(VENV)/dev  ## lint and run the fast tests; one exercise: .venv/bin/pytest -k mul_jvp
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/dev  ## run the slow tests: every hostile case, kills, the cluster, the hub, every deck
	$(PYTEST) -m slow

test-all: test test-slow  ## run all tests

bench: $(VENV)/dev  ## measure the tables of docs/developers/performance.md (an hour; as root or in a delegated control group)
	$(BIN)/python benchmarks/grading.py compare
	$(BIN)/python benchmarks/grading.py jobs
	$(BIN)/python benchmarks/grading.py growth 100 500 2000
	$(BIN)/python benchmarks/grading.py whole
	$(BIN)/python benchmarks/slides.py
	$(BIN)/python benchmarks/waiting.py

check: $(VENV)/base  ## check the sources, and release/ against them
	$(BIN)/triptych check
	$(BIN)/triptych build --check

lint: $(VENV)/dev  ## fix, format and type-check the code
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests
	$(BIN)/mypy

build: $(VENV)/base  ## build student versions, answer keys and decks of all chapters
	$(BIN)/triptych build

site: $(VENV)/dev  ## make the book, site/index.html
	$(BIN)/triptych site

lock: $(VENV)/base  ## generate requirements files and environment.yml from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra dev --extra build --output-file requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra build --constraint requirements-dev.txt --output-file requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra hub --extra build --constraint requirements-dev.txt --output-file requirements-hub.txt
	$(BIN)/python tools/environment.py > environment.yml

clean:  ## remove derived files: demo, decks, book, answer keys, caches (never submissions or scores)
	rm -rf demo build site .triptych/answer_keys .triptych/build.json .mypy_cache .ruff_cache .pytest_cache
	rm -f slides/*.html slides/*.pdf
	find solutions -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
