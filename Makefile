# `make run` serves the API, `make test` checks everything. Only Python 3.11+ and make are needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .venv-tools
CLIENTS := .venv-clients
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 1
# Of `make demo`: where, how many orders, and by which seed.
DEMO ?= sqlite:///./nexticket-demo.db
ORDERS ?= 2000
DEMO_SEED ?= 7
# Test processes; `make test JOBS=0` runs in one process, for a debugger.
JOBS ?= auto
# Modules stay together, for what they set up; which of them begin, tests/conftest.py says.
PYTEST := $(BIN)/pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder
# Requests that `make fuzz` makes up per operation.
EXAMPLES ?= 100
# How long `make soak` goes on with each database, and with which (`make overload` and
# `make bench` too): postgres, sqlite or both.
MINUTES ?= 10
BACKEND ?= both
# How long `make overload` keeps each number of clients at work.
SECONDS ?= 60
# What `make bench` measures: a commit beside this checkout, some of the scenarios and rounds, and
# reports and lists with so many orders.
BASELINE ?=
SCENARIOS ?=
ROUNDS ?= 0
ROWS ?=
BENCH := $(BIN)/python -m benchmarks --backend $(BACKEND) --rounds $(ROUNDS) \
	$(if $(BASELINE),--baseline $(BASELINE)) $(if $(SCENARIOS),--scenarios $(SCENARIOS)) \
	$(if $(ROWS),--rows $(ROWS))
# What `make revision` calls the migration.
NAME ?= change
# `make lock` keeps the pins that still do; `make lock UPGRADE=1` takes the newest versions.
UPGRADE ?=
# Who tells `make audit` of vulnerabilities: pypi, the package index itself, or osv.
SERVICE ?= pypi
# Where `make fuzz` and `make soak` start, to have the same again.
SEED ?= random

.PHONY: run demo test check lint types tests coverage fuzz faults soak overload bench bench-quick flash fairness slow-provider exports listeners pictures protections reference openapi clients revision migrate install stripe lock audit sbom clean help

run: install migrate ## Install, migrate and serve http://localhost:8000
	$(BIN)/python cli.py serve --host $(HOST) --port $(PORT) --workers $(WORKERS)

demo: install ## The same with a season of made-up sales, in nexticket-demo.db
	DATABASE_URL=$(DEMO) $(BIN)/python cli.py demo --orders $(ORDERS) --seed $(DEMO_SEED) --if-empty
	@echo "The organiser's page: http://$(HOST):$(PORT)/dashboard"
	@echo "The shop:             http://$(HOST):$(PORT)/shop"
	@echo "The guide:            http://$(HOST):$(PORT)/guide"
	@echo "The API, to be tried: http://$(HOST):$(PORT)/docs"
	DATABASE_URL=$(DEMO) $(BIN)/python cli.py serve --host $(HOST) --port $(PORT)

test: check tests ## Lint, types and all tests, on SQLite and PostgreSQL

check: lint types ## Lint and types only

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy .

tests: $(VENV)/.dev clients ## All tests
	$(PYTEST)

coverage: $(VENV)/.dev clients ## All tests, with the branch coverage of the product code
	$(PYTEST) --cov --cov-report=term-missing

fuzz: $(VENV)/.dev ## Search for what contradicts the OpenAPI document and the model: make fuzz EXAMPLES=1000
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=$(SEED) $(BIN)/pytest tests/test_contract.py tests/stateful

faults: $(VENV)/.dev ## The failure tests alone: processes killed, databases crashed, frozen and full
	$(PYTEST) tests/faults

soak: $(VENV)/.dev ## Sales with a fault every few seconds, and a verdict: make soak MINUTES=10 BACKEND=postgres
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --backend $(BACKEND) --seed $(SEED)

overload: $(VENV)/.dev ## 200 clients against the default settings: make overload SECONDS=60 BACKEND=sqlite
	$(BIN)/python -m benchmarks.overload --seconds $(SECONDS) --backend $(BACKEND)

bench: $(VENV)/.dev ## What requests cost, beside a commit: make bench BASELINE=1a2b3c4 SCENARIOS=read,order
	$(BENCH)

bench-quick: $(VENV)/.dev ## The main ones of these in a few minutes, with less data
	$(BENCH) --quick

flash: $(VENV)/.dev ## A flash sale: 10,000 units of one ticket, 16 to 256 clients, none sold twice
	$(BIN)/python -m benchmarks.flash --backend $(BACKEND) $(if $(BASELINE),--baseline $(BASELINE))

fairness: $(VENV)/.dev ## A hoarder with 50 accounts and 200 buyers, with the limits of a customer and without
	$(BIN)/python -m benchmarks.fairness --backend $(BACKEND)

slow-provider: $(VENV)/.dev ## Readers beside 200 buyers whose payment provider takes 2 seconds
	$(BIN)/python -m benchmarks.slow_provider

exports: $(VENV)/.dev ## Orders beside an export of a million: make exports BACKEND=postgres
	$(BIN)/python -m benchmarks.exports --backend $(BACKEND)

pictures: $(VENV)/.dev ## Pictures of all pages for the documents, by the tests in a real Chromium
	mkdir -p docs/images
	PICTURES=1 $(BIN)/pytest -q tests/web/test_pictures.py
	$(BIN)/python -m tests.support.web.pictures

listeners: $(VENV)/.dev ## Orders beside 1,000 listeners to live stock: make listeners BACKEND=postgres
	$(BIN)/python -m benchmarks.listeners --backend $(BACKEND)

protections: $(VENV)/.dev ## Take each protection out of a copy of the code: a test must miss it
	$(BIN)/python -m tests.protections

reference: $(VENV)/.dev ## Write docs/reference.md anew from the code
	$(BIN)/python -m tools.reference

openapi: $(VENV)/.dev ## Write docs/openapi.json anew from the code
	$(BIN)/python -m tools.openapi

revision: $(VENV)/.dev ## Write a migration for what the tables have changed: make revision NAME=vouchers
	$(BIN)/alembic upgrade head
	$(BIN)/alembic revision --autogenerate -m "$(NAME)" \
		--rev-id $$(printf '%04d' $$(( 1 + $$(ls migrations/versions/*.py | wc -l) )))
	$(BIN)/ruff check --quiet --fix migrations && $(BIN)/ruff format --quiet migrations

migrate: install ## Bring the database's schema up to date
	$(BIN)/alembic upgrade head

install: $(VENV)/.run ## Make the virtual environment

stripe: $(VENV)/.run ## Install what payments by Stripe need besides
	$(BIN)/python $(INSTALL) requirements-stripe.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Only files whose hash the lock names: a release that was changed, or a file that somebody put in
# its place, is not installed. Which index they come from is pip's own setting.
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --requirement

$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) $<
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(BIN)/python $(INSTALL) $<
	@touch $@ $(VENV)/.run

$(TOOLS)/.made: requirements-tools.lock | $(VENV)/bin/python
	$(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/python $(INSTALL) $<
	@touch $@

clients: $(CLIENTS)/.made $(CLIENTS)/.node ## Install what clients are generated with, which tests do

$(CLIENTS)/.made: requirements-clients.lock | $(VENV)/bin/python
	$(BIN)/python -m venv $(CLIENTS)
	$(CLIENTS)/bin/python $(INSTALL) $<
	@touch $@

# By the hashes of its lock, as pip does; no package runs a script of its own. Where npm can't be had
# or can't reach its registry all else is tested, but in CI nothing is left out.
NPM := npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund
$(CLIENTS)/.node: tests/clients/package.json tests/clients/package-lock.json | $(CLIENTS)/.made
	@if ! command -v npm > /dev/null; then echo "There is no npm: what needs it is not tested."; \
	elif cp $^ $(CLIENTS) && $(NPM); then touch $@; \
	elif [ -z "$$CI" ]; then rm -rf $(CLIENTS)/node_modules; \
		echo "npm could not install its packages: what needs them is not tested."; \
	else exit 1; fi

# For every platform and each Python from 3.11 on, by markers, with the hashes of all files of a
# release. uv does not read what pip is told of indexes, except here.
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --no-config --no-python-downloads --universal \
	--python $(TOOLS)/bin/python --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
ifdef PIP_INDEX_URL
lock: export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

lock: $(TOOLS)/.made ## Pin what the requirements ask for, with hashes: make lock UPGRADE=1 to the newest
	$(COMPILE) requirements.txt --output-file requirements.lock
	$(COMPILE) requirements-stripe.txt --constraint requirements.lock --output-file requirements-stripe.lock
	$(COMPILE) requirements-dev.txt --constraint requirements.lock --constraint requirements-stripe.lock \
		--output-file requirements-dev.lock
	$(COMPILE) requirements-tools.txt --constraint requirements-dev.lock --output-file requirements-tools.lock
	$(COMPILE) requirements-clients.txt --output-file requirements-clients.lock

audit: $(TOOLS)/.made ## Known vulnerabilities of what is locked; Error 3: nobody could tell
	$(TOOLS)/bin/python -m tools.audit --service $(SERVICE)

sbom: $(VENV)/.dev ## Write sbom.json, a CycloneDX list of all that is locked
	$(BIN)/python -m tools.sbom

clean: ## Remove what make and the tools made, not the database
	rm -rf $(VENV) $(TOOLS) $(CLIENTS) sbom.json .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage*

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'
