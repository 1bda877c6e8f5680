# The whole menu; each target makes its own environment in .venv, from PyPI, without root.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

VERSIONS ?= 3.11 3.12 3.13
# Another one for each run, and one for all of its processes, which must see the same sets in the same order.
SEED     := $(strip $(shell od -An -N2 -tu2 /dev/urandom))

.PHONY: help demo test versions check bench fuzz oracles promise kills million ways servers redaction docs clean

help:  ## show this menu
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: $(READY)  ## two applications, three kinds of credential, over real HTTP (ARGS=--keep leaves them up)
	@$(BIN)/python -m examples.demo $(ARGS)

test: $(READY)  ## every test, on all cores (ARGS=tests/web runs a part)
	@PYTHONHASHSEED=$(SEED) $(BIN)/python -m pytest -q -n auto --dist loadfile $(ARGS)

versions:  ## every test on each Python from 3.11 on that is there (VERSIONS="3.12 3.13"), in .venv-3.x
	@for version in $(VERSIONS); do \
	  for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python none; do \
	    "$$python" -c pass 2>/dev/null && break; \
	  done; \
	  if [ "$$python" = none ]; then echo "Python $$version: skipped, for it is not here"; continue; fi; \
	  echo "Python $$version"; \
	  $(MAKE) --no-print-directory test VENV=.venv-$$version PYTHON="$$python" || exit 1; \
	done

check: $(READY)  ## what CI runs: format, lint, types, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pyright
	@$(MAKE) --no-print-directory test

bench: $(READY)  ## what authmux adds to a bare application (ARGS=--quick takes under a minute)
	@$(BIN)/python -m benchmarks.overhead $(ARGS)

fuzz: $(READY)  ## look for input that breaks a parser (ARGS=--minutes=60, ARGS=--target=headers, ARGS="--replay FILE")
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --only-binary=atheris --group fuzz || true
	@$(BIN)/python -m tests.fuzz $(ARGS)

oracles: $(READY)  ## a million mutated tokens and key sets, judged by other libraries too (ARGS="--count 100000", --table)
	@$(BIN)/python -m tests.oracles $(or $(ARGS),--count 1080000)

promise: $(READY)  ## revoke while several processes verify, on SQLite and PostgreSQL: how long is a revoked key let in?
	@$(BIN)/python -m tests.stores.promise $(ARGS)

kills: $(READY)  ## kill -9 a writer a hundred times: is a key, a revocation or an audit entry lost? (ARGS="--on postgresql")
	@$(BIN)/python -m tests.stores.kills $(or $(ARGS),--kills 100)

million: $(READY)  ## a million credentials in SQLite and in PostgreSQL: do look-ups and lists stay flat?
	@$(BIN)/python -m benchmarks.million $(ARGS)

ways: $(READY)  ## every way of adding the middleware, as a table: docs/reference/ways.md
	@$(BIN)/python -m tests.ways

servers: $(READY)  ## the same requests behind every server, as a table: docs/reference/servers.md
	@$(BIN)/python -m tests.servers servers

redaction: $(READY)  ## credentials in every server's log, as a table: docs/reference/redaction.md
	@$(BIN)/python -m tests.servers redaction

docs: $(READY)  ## build the documentation site into site/, strictly, and check it: links, and code that runs
	@$(BIN)/zensical build --clean --strict
	@$(BIN)/python -m pytest -q tests/docs
	@echo "docs: the site is $(CURDIR)/site/index.html; to search in it: $(BIN)/python -m http.server -d site"

clean:  ## remove what was made
	rm -rf $(VENV) .venv-3.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz .coverage* .cache site

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "authmux needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "this Python has no venv module; install it (Debian: python3-venv) or name another: make PYTHON=…" >&2; exit 1; }
	@echo "making the environment in $(VENV) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable . --group check
	@touch $(READY)
