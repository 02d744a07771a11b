# fastapi-spine: every command a developer needs. `make help` lists them.
#
# Needs Python 3.11 to 3.14 with venv, and make. No root, nothing outside this folder.
# The set-up lives in .venv and is reused; a changed pins file or pyproject.toml renews it.
#
#   ARGS="…"     is passed on:  make demo ARGS="--seconds 10"    make test ARGS="-k route"
#   PYTHON=…     picks the interpreter (default: the newest suitable one on PATH)
#   VENV=…       another set-up folder, for trying a second Python beside the first

ARGS   ?=
PYTHON ?=
VENV   ?= .venv

PY   := $(VENV)/bin/python
PIP  := $(PY) -m pip --disable-pip-version-check --no-input install --quiet
PINS := $(PIP) --require-hashes --only-binary :all: --requirement
UV    = $(VENV)/bin/uv --quiet pip compile --universal --python-version 3.11 --only-binary :all: \
        --generate-hashes --no-emit-index-url --annotation-style line \
        --custom-compile-command 'make pins'
HERE := scripts/venv.sh

# Files of tests run beside each other, up to four at once; `make test ARGS=-n0` runs one after the other.
# In their order: by number of tests, as it would be otherwise, the longest come last, and one runs alone in the end.
BESIDE := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Under CI a test that skips because a piece is missing is a failure (scripts/missing_piece.py).
PYTEST := PYTHONPATH="scripts$${PYTHONPATH:+:$$PYTHONPATH}" $(PY) -m pytest $(if $(CI),-p missing_piece)

# The tests start hundreds of processes: none of them should compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:  # one set-up folder, one writer: `make -j` is welcome and changes nothing
.PHONY: help demo test check fmt bench soak pins clean

# Before any stamp is looked at: a set-up that was moved, lost its Python or has another
# Python than the one asked for is thrown away, so that the rules below make it anew.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
  SAID := $(shell PYTHON="$(PYTHON)" sh $(HERE) stale "$(VENV)" 2>&1)
  $(if $(SAID),$(if $(filter-out 0,$(.SHELLSTATUS)),$(error $(SAID)),$(info $(SAID))))
endif

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' Makefile
	@echo '  ARGS="…" is passed on to demo, test, bench, soak and pins.'

demo: $(VENV)/.pins-demo $(VENV)/.editable ## start the demo shop, send it traffic, show its logs
	@$(PY) -m fastapi_spine.demo $(ARGS)

test: check ## check, then every test
	@$(PYTEST) $(BESIDE) $(ARGS)

check: $(VENV)/.pins-dev $(VENV)/.editable ## format, lint, types, import contracts
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo

fmt: $(VENV)/.pins-dev ## put every file into its form, repair what can be
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

bench: $(VENV)/.pins-bench $(VENV)/.editable ## measure the cost, write benchmarks/results.md
	@$(PY) -m benchmarks $(ARGS)

soak: $(VENV)/.pins-dev $(VENV)/.editable ## the long and large tests; a whole run writes benchmarks/soak.md
	@$(PYTEST) -m soak -p soak_report $(if $(ARGS),$(ARGS),--soak-results benchmarks/soak.md)

pins: $(VENV)/.pins-pins ## re-compile requirements/*.txt (ARGS=--upgrade for newer versions)
	$(UV) --group pins $(ARGS) --output-file requirements/pins.txt
	$(UV) pyproject.toml --extra demo --extra instrument --extra redis --group build --group test --group check --group bench \
	  $(ARGS) --output-file requirements/bench.txt
	@# The smaller files start from the largest, so that all of them agree on every version.
	cp requirements/bench.txt requirements/dev.txt
	$(UV) pyproject.toml --extra demo --extra instrument --extra redis --group build --group test --group check \
	  --output-file requirements/dev.txt
	cp requirements/dev.txt requirements/demo.txt
	$(UV) pyproject.toml --extra demo --group build --output-file requirements/demo.txt

clean: ## remove the set-up and everything generated
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  .spine-demo build dist
	find src tests benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +

# --- the set-up: a stamp for each step that is done --------------------------------------

$(VENV)/.made:
	@PYTHON="$(PYTHON)" sh $(HERE) make "$(VENV)"

$(VENV)/.pins-%: requirements/%.txt | $(VENV)/.made
	@echo 'installing $< into $(VENV) (once; a minute or so the first time)'
	@$(PINS) $<
	@touch $@

$(VENV)/.editable: pyproject.toml | $(VENV)/.made
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
