# Everything a newcomer needs: `make demo` shows it, `make test` proves it. Both set themselves up.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/run
DEV := $(VENV)/dev

.DEFAULT_GOAL := help

.PHONY: help
help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

.PHONY: demo
demo: $(RUN)/done ## a complete invented company, from its bills to a showback
	PYTHONPATH=src $(RUN)/bin/python -m everyline demo

.PHONY: test
test: format lint types tests ## all checks and tests

.PHONY: format
format: $(DEV)/done ## whether the code is formatted
	$(DEV)/bin/ruff format --check --diff .

.PHONY: lint
lint: $(DEV)/done ## whether the code keeps the rules a linter sees
	$(DEV)/bin/ruff check .

.PHONY: types
types: $(DEV)/done ## whether the types are whole
	$(DEV)/bin/mypy

.PHONY: tests
tests: $(DEV)/done ## the tests alone
	$(DEV)/bin/python -m pytest -n 2 --dist worksteal -m "not soak"

.PHONY: soak
soak: $(DEV)/done ## long runs
	$(DEV)/bin/python -m pytest -m soak

.PHONY: docs
docs: $(DEV)/done ## the reference pages anew, from code and data
	$(DEV)/bin/python docs/generate.py

.PHONY: pictures
pictures: $(DEV)/done ## pages as pictures: the README's, and all of them in every state
	PYTHONPATH=tests $(DEV)/bin/python tests/web/pictures.py --readme docs/pictures/pages.webp
	PYTHONPATH=tests $(DEV)/bin/python tests/web/pictures.py everyline-pictures

.PHONY: benchmark
benchmark: $(DEV)/done ## speed and memory as ratios
	$(DEV)/bin/python benchmarks/bills.py
	$(DEV)/bin/python benchmarks/spend_logs.py
	$(DEV)/bin/python benchmarks/trace.py
	$(DEV)/bin/python benchmarks/truth.py
	$(DEV)/bin/python benchmarks/provisioning.py
	$(DEV)/bin/python benchmarks/chargeback.py
	$(DEV)/bin/python benchmarks/served_pages.py

.PHONY: lock
lock: ## newest allowed versions, with hashes
	$(PYTHON) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url pyproject.toml --extra web -o requirements/run.txt
	$(PYTHON) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url pyproject.toml --extra web --group dev -o requirements/dev.txt

.PHONY: clean
clean: ## takes away what was set up and made
	rm -rf $(VENV) everyline-demo everyline-pictures .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUN)/done: requirements/run.txt
	$(PYTHON) -m venv $(RUN)
	$(RUN)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	touch $@

$(DEV)/done: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(DEV)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
