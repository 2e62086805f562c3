# Every command a person needs; CI calls the same ones.

PYTHON ?= python3
PY := .venv/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help demo test serve bench lint format requirements clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "setting up .venv (once; a minute or so)"
	@$(PYTHON) -m venv .venv || { echo "on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP_INSTALL) -r requirements.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(PY) -m compileall -q portal mailer  # where Python keeps no compiled modules, each command would compile them
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@$(PIP_INSTALL) -r requirements.txt -r requirements-dev.txt
	@touch $@

demo: .venv/run ## The sample portal, from notices to an inbox, on this machine alone
	@$(PY) demo.py

test: .venv/dev ## All tests, with the system programs they need
	@tests/prepare.sh
	@$(PY) -m pytest --numprocesses 2 --dist loadfile

serve: .venv/run ## The sample portal on http://127.0.0.1:8000/, built again at every change
	@$(PY) demo.py --serve

bench: .venv/dev ## How fast it is and how much memory it takes, beside its peers: make bench [ONLY="sealed"] [JSON=1]
	@$(PY) -m bench $(ONLY) $(if $(JSON),--json)

lint: .venv/dev ## Format, style, types and import directions
	@.venv/bin/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports

format: .venv/dev ## Put the code in shape
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --quiet --fix .

requirements: .venv/dev ## Pin the requirements anew, with hashes
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade requirements.in -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## Remove everything that the commands above made
	rm -rf .venv site outbox var .cache .site.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
