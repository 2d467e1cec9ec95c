# make run    install what is missing, then serve the console at http://127.0.0.1:8000 (PORT and HOST change it)
# make test   every check and every test, browser and PostgreSQL included
# make test-postgres  the whole suite with PostgreSQL beneath it, by a server of the suite's own
# make bench  the console's speed against the machine's own, as a table (RUNS=10000: memory over so many)
# make coverage  whether the statistics keep their promise, over 2,000 comparisons whose truth is known (COMPARISONS)
# make chaos  kill -9 and SIGTERM at random moments, ROUNDS times (100)
# make fuzz   any bytes at all into every parser of foreign bytes, SECONDS (60) each
# make audit  known weaknesses of the pinned packages, where an advisory service can be reached

PYTHON ?= $(shell tools/find_python)
BIN := .venv/bin
# Not compiled at once: most modules are never imported, and Python compiles the others when they are.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
PINS := pyproject.toml constraints.txt tools/needs.py

.PHONY: run test test-postgres lint bench coverage chaos fuzz audit clean

run: .venv/.run
	@$(BIN)/python manage.py serve

test: .venv/.test
	@$(BIN)/python -m tools.check

test-postgres: .venv/.test
	@$(BIN)/python -m tools.check --postgres

lint: .venv/.test
	@$(BIN)/python -m tools.check --lint

RUNS ?= 2000
bench: .venv/.test
	@RUNS=$(RUNS) $(BIN)/python -m bench

COMPARISONS ?= 2000
coverage: .venv/.test
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.coverage $(COMPARISONS)

ROUNDS ?= 100
chaos: .venv/.test
	@$(BIN)/python -m tests.chaos $(ROUNDS)

# Without atheris (it has no build for every Python) hypothesis takes its place, and says so.
SECONDS ?= 60
fuzz: .venv/.test
	@$(PIP) $$($(BIN)/python tools/needs.py fuzz) || echo "atheris could not be installed."
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

audit: .venv/.test
	@$(PIP) $$($(BIN)/python tools/needs.py audit)
	@$(BIN)/python -m tools.audit

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The marks are written last: an installation that was cut off is done again.
.venv/.run: $(PINS) | .venv/bin/python
	@echo "Installing what betaconsole needs into .venv (the first time takes a minute) ..."
	@$(PIP) $$($(BIN)/python tools/needs.py)
	@touch $@

.venv/.test: $(PINS) | .venv/bin/python
	@echo "Installing what the tests need into .venv ..."
	@$(PIP) $$($(BIN)/python tools/needs.py dev)
	@touch .venv/.run $@

.venv/bin/python:
	@$(PYTHON) tools/make_venv.py .venv
