# make run     install, then the whole demo: MongoDB, three simulated controllers, the application
# make test    install, then every test
# make check   formatting, lint, types, import contracts
# make bench, make soak, make install, make requirements, make clean

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 $(BIN)/uv
PYTEST_OPTIONS ?= -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := run
.PHONY: run test browser check bench soak install requirements clean

run: $(STAMP)
	@exec $(BIN)/labkeeper demo

# Compiled modules are kept, whatever the environment says: a hundred processes of the product are started by the tests.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP) browser
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) -m "not soak" --ignore=tests/benchmarks

# Tests of the dashboard need a Chromium; where there is none they are skipped, and say how to get it. In CI it is got.
browser:
	@if [ "$$CI" = true ] && [ -z "$$LABKEEPER_CHROMIUM" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& ! command -v chromium >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
		|| echo "no Chromium could be installed" >&2; \
	fi

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

soak: $(STAMP)
	$(BIN)/python -m pytest -m soak --timeout=7200

install: $(STAMP)

# Build isolation is off because the build backend is among the pinned and hashed requirements.
$(STAMP): requirements.txt pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Labkeeper needs Python 3.11 or later; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "no virtual environment could be made; on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	@test "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = $(UV_VERSION) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $(STAMP)

requirements:
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); }
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --quiet \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file requirements.txt

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
