# One virtual environment per Python minor version; each target installs what it needs, once: .ci/environment.
PYTHON ?= python3
export PYTHON
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH
ARGS ?=
SECONDS ?= 20
RUNS ?= 0
# What begins a line that needs the tools: then "$$python" is the interpreter that has them.
DEV := python=$$(sh .ci/environment dev) &&

.PHONY: run test fuzz chaos bench walk package release audit schemas lock check lint types format clean
.DEFAULT_GOAL := run

run:  ## play a sample meeting on the local cloud and keep serving (ARGS=--once: play it and exit)
	@./roomscribe up $(ARGS)

test:  ## every fast test (ARGS="-k name" or a path: all of those, also what is marked slow)
	@$(DEV) sh tests/setup.sh && "$$python" -m pytest -n auto --dist worksteal $(or $(ARGS),-m "not slow")

fuzz:  ## inputs made up for every parser of what comes from outside (SECONDS=20 each, or RUNS=1000000; ARGS=rules)
	@python=$$(sh .ci/environment fuzz) && "$$python" -m tests.fuzz --seconds $(SECONDS) --runs $(RUNS) $(ARGS)

chaos:  ## a thousand room-hours with everything going wrong at once (ARGS="--seed N")
	@$(DEV) sh tests/setup.sh && "$$python" -m benchmarks.chaos $(ARGS)

bench:  ## the benchmarks, beside peers that the first run installs (ARGS=burst: that one; --full: at full size)
	@$(DEV) sh tests/setup.sh && "$$python" -m benchmarks $(ARGS)

walk:  ## the functions and files that one event passes through (ARGS=101: every step of that one)
	@$(DEV) "$$python" -m benchmarks.walk $(ARGS)

package:  ## write dist/roomscribe.zip for SCF (ARGS="--python python3.10")
	@./roomscribe package $(ARGS)

release:  ## write into dist/ what is published of this version (ARGS=--draft: of what lies here, unreleased)
	@[ -n "$$(sh .ci/find-python python3.10)" ] || \
		{ echo "error: a release has bytecode by Python 3.10, and none runs here: put python3.10 on PATH, or run pyenv install 3.10" >&2; exit 1; }
	@$(DEV) "$$python" -m local.package.release $(ARGS)

audit:  ## whether what is installed goes together, and no key lies anywhere (ARGS="PACKAGE.zip RUN.log": there, too)
	@$(DEV) "$$python" -m pip check && "$$python" -m tests.audit $(ARGS)

schemas:  ## write docs/schemas from the code (ARGS=--release: keep a copy, which the next release must not break)
	@$(DEV) PYTHONPATH=.:functions "$$python" -m tests.schemas $(ARGS)

lock:  ## write what the requirements come to, with hashes, into the .lock beside each (ARGS=--upgrade)
	@$(DEV) PATH="$$(dirname "$$python"):$$PATH" sh .ci/lock $(ARGS)

check: ARGS = tests
check: lint types test  ## what CI runs: every test, also the slow ones

lint:
	@$(DEV) "$$python" -m ruff format --check .
	@$(DEV) "$$python" -m ruff check .

types:
	@$(DEV) "$$python" -m mypy

format:
	@$(DEV) "$$python" -m ruff format .
	@$(DEV) "$$python" -m ruff check --fix .

clean:
	rm -rf .venv .roomscribe build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
