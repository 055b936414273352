# Every command a person needs. On a bare Debian: python3 (3.11 or later), python3-venv and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Two test processes at most: more of them starve the browser on a small machine.
PARALLEL ?= -n logical --maxprocesses=2 --dist worksteal
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo run test test-services test-nightly services lint format bench pictures messages

help:
	@echo "make demo           the product with sample data, web and background jobs, on this machine"
	@echo "make run            the same on your own data (first: manage.py begin, see README.md)"
	@echo "make test           the whole suite on SQLite               (ARGS='tests/members -k roster')"
	@echo "make test-services  the same on PostgreSQL and Redis        (DATABASE_URL, REDIS_URL or throw-away servers)"
	@echo "make test-nightly   the suite with many more generated cases and races, on both engines"
	@echo "make services       throw-away PostgreSQL and Redis until Ctrl-C"
	@echo "make lint           every check that needs no test;  make format  puts layout right"
	@echo "make bench          the benchmarks as a table;       make messages  collects the sentences to translate"
	@echo "make pictures       takes the pictures of manual and README again      (ARGS=score-desktop for some)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Install python3-venv first: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make an installation happen once, and again only when the requirements change.
$(VENV)/.runtime: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

venv: $(VENV)/.dev

demo: $(VENV)/.runtime
	@exec $(BIN)/python bin/demo.py

run: $(VENV)/.runtime
	@exec $(BIN)/python bin/demo.py --own

test: venv
	env -u DATABASE_URL -u REDIS_URL $(PYTEST) $(PARALLEL) $(ARGS)

test-services: venv
	$(BIN)/python bin/services.py run $(PYTEST) $(PARALLEL) $(ARGS)

test-nightly: venv
	env -u DATABASE_URL -u REDIS_URL HYPOTHESIS_PROFILE=nightly $(PYTEST) $(PARALLEL) $(ARGS)
	HYPOTHESIS_PROFILE=nightly $(BIN)/python bin/services.py run $(PYTEST) $(PARALLEL) $(ARGS)

services: venv
	@exec $(BIN)/python bin/services.py serve

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --quiet templates
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python bin/check_tree.py

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --reformat --quiet templates || true

bench: venv
	$(BIN)/python -m benchmarks $(ARGS)

pictures: venv
	$(BIN)/python -m bin.pictures $(ARGS)

messages: venv
	@mkdir -p locale
	$(BIN)/python manage.py makemessages --locale en --ignore '$(VENV)' --ignore var
