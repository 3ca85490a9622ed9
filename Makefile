# Two commands do everything on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Most tests wait for a load to end: two at a time take little more than half as long. TESTERS=0: one after the other.
TESTERS := 2
READY := $(VENV)/.ready

.PHONY: demo test check setup replay bench soak constraints format clean

demo: $(READY)  ## the main job: chat on embedded PostgreSQL and DynamoDB Local, and what the harness itself costs
	@$(BIN)/python -m loadtests.demo

test: $(READY)  ## everything, Docker tests included where a daemon answers
	@$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile

check: $(READY)  ## format, lint, types, import rules and the tests that need no server
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m fast

setup: $(READY)  ## only build .venv

replay: $(READY)  ## run a trace: make replay TRACE=path/to/trace.csv
	@test -n "$(TRACE)" || { echo "replay needs a trace: make replay TRACE=path/to/trace.csv" >&2; exit 2; }
	@$(BIN)/dbverdict run --target postgres --target dynamodb-local --workload replay --trace "$(TRACE)" \
	  --provider embedded --speed 10 --warmup 5s --duration 30s

bench: $(READY)  ## ratios against plain scripts, interleaved, on this machine
	@$(BIN)/python -m pip install --quiet --requirement benches/requirements.txt
	@$(BIN)/python -m benches.table

soak: $(READY)  ## twenty minutes at 2,000 operations a second: are memory and lag flat?
	@$(BIN)/python -m benches.soak

constraints: $(READY)  ## pin every dependency anew, with hashes, for every Python we support
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --all-extras \
	  --upgrade pyproject.toml --output-file constraints.txt

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("dbverdict needs Python 3.11 or newer: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
