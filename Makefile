# One virtual environment per Python minor version; each target installs what it needs, once.
PYTHON ?= python3
ARGS ?=
FOUND := $(shell sh .ci/find-python $(PYTHON))
PY_VERSION := $(if $(FOUND),$(shell $(FOUND) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
VENV := .venv/$(PY_VERSION)
BIN := $(VENV)/bin
# pip before 23.1 builds wheels only with --use-pep517.
INSTALL := -m pip install --use-pep517 --quiet --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL)

.PHONY: run test chaos bench package check lint types format clean
.DEFAULT_GOAL := run

run: $(VENV)/local.done  ## play a sample meeting on the local cloud and keep serving (ARGS=--once: play it and exit)
	@$(BIN)/python -m local up $(ARGS)

test: $(VENV)/dev.done  ## every test (ARGS="-k name" for some)
	@sh tests/setup.sh
	$(BIN)/python -m pytest -n auto $(ARGS)

chaos: $(VENV)/dev.done  ## a thousand room-hours with everything going wrong at once (ARGS="--seed N")
	@sh tests/setup.sh
	$(BIN)/python -m benchmarks.chaos $(ARGS)

bench: $(VENV)/dev.done  ## the benchmarks, beside peers that the first run installs (ARGS=burst: that one; --full: at full size)
	@sh tests/setup.sh
	$(BIN)/python -m benchmarks $(ARGS)

package: $(VENV)/local.done  ## write dist/roomscribe.zip for SCF (ARGS="--python python3.10")
	@$(BIN)/python -m local package $(ARGS)

check: lint types test  ## what CI runs

lint: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.done
	$(BIN)/mypy

format: $(VENV)/dev.done
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .roomscribe build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PY_VERSION)" || { echo "'$(PYTHON)' does not run. Install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3.10" >&2; exit 1; }
	@$(FOUND) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "'$(PYTHON)' is Python $(PY_VERSION); Roomscribe needs 3.10 or newer: make PYTHON=python3.10" >&2; exit 1; }
	@$(FOUND) -m venv $(VENV) || { rm -rf $(VENV); echo "'$(FOUND) -m venv' failed. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/local.done: requirements.txt requirements-local.txt | $(BIN)/python
	@echo "installing requirements-local.txt into $(VENV)"
	@$(PIP) -r requirements-local.txt
	@touch $@

$(VENV)/dev.done: requirements.txt requirements-local.txt requirements-dev.txt tests/requirements-intl.txt $(VENV)/tccli.done | $(BIN)/python
	@echo "installing requirements-dev.txt into $(VENV)"
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps --upgrade --target $(VENV)/intl -r tests/requirements-intl.txt
	@touch $@ $(VENV)/local.done

# Compiling the whole SDK would take most of the time and half of the disk.
$(VENV)/tccli.done: tests/requirements-tccli.txt | $(BIN)/python
	@echo "installing tests/requirements-tccli.txt into $(VENV)/tccli"
	@$(BIN)/python -m venv $(VENV)/tccli
	@$(VENV)/tccli/bin/python $(INSTALL) --no-deps --no-compile -r tests/requirements-tccli.txt
	@touch $@
