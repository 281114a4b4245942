# Every command of the README. Needs python >= 3.10, make, git and a package index; nothing else.
#   make run                      set-up, then the whole experiment
#   make run PYTHON=python3.12    with another interpreter (the first time)
#   make run TORCH_INDEX=https://download.pytorch.org/whl/cpu     with the CPU build of torch: 2.3 GB instead of 7

PYTHON ?= python3
TORCH_INDEX ?=
TEXT ?=
QUESTION ?=
NAME =
BEFORE =
PORT ?= 5000

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# the stages of dvc.yaml call `python`, and mean the one of the virtual environment
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TEXT QUESTION  # by the environment, so that quotes in them are harmless
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup run evidence ablations test lint unit smoke same sanity demo ui profile clean

help:
	@echo "make run                                the whole experiment: download, train, compare, plot (reports/README.md)"
	@echo "make evidence                           further arms and the hypotheses with all of them (reports/evidence/README.md)"
	@echo "make ablations                           settings changed one by one, and further seeds (reports/ablations/README.md)"
	@echo "make test                               lint, types, import contracts, tests, the graph at toy size"
	@echo "make smoke                              the same graph at toy size, in a temporary clone"
	@echo "make same BEFORE=commit                 does the working tree give what that commit gave? both graphs at toy size"
	@echo "make sanity                             step 0 on the real small LLM: shapes, the loss falls, cached = fresh"
	@echo "make demo TEXT=file QUESTION='...'      ask the trained compressor about a text of yours"
	@echo "make ui [PORT=5000]                     the runs, curves and models in MLflow"
	@echo "make profile NAME=smoke|gpu|embedded    write a profile into params.yaml"
	@echo "make clean                              remove caches of tools; data, models and runs stay"

# --- set-up -------------------------------------------------------------------------------------------------

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "python %d.%d is too old: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)  # none yet, or half of one
	$(if $(TORCH_INDEX),$(PIP) --no-deps "$$(grep '^torch==' requirements.lock)" --index-url $(TORCH_INDEX))
	$(PIP) -r requirements.lock
	$(PIP) --quiet --no-deps --no-build-isolation -e .
	@touch $@

# --- the experiment -----------------------------------------------------------------------------------------

run: setup
	$(BIN)/dvc repro
	@echo "read reports/README.md; compare runs with: make ui"

evidence: setup
	@$(BIN)/python -c 'import kvpress, llmlingua' || { echo "the peers cannot be imported: kvpress needs Python 3.10 to 3.12 (make setup PYTHON=python3.12 in a fresh clone)" >&2; exit 1; }
	$(BIN)/python -m adamem.ablate --mark    # what other settings gave has no say
	$(BIN)/dvc repro stages/evidence/dvc.yaml
	@echo "read reports/evidence/README.md"

# two experiments at a time, and then the pages that speak of them, also where one failed; those left out may be of older code
ablations: setup
	$(BIN)/python -m adamem.ablate; failed=$$?; \
	$(BIN)/python -m adamem.ablate --mark && \
	$(BIN)/dvc repro --single-item stages/ablations/dvc.yaml:compare stages/evidence/dvc.yaml:weigh && \
	exit $$failed
	@echo "read reports/ablations/README.md"

demo: setup
	@test -n "$$TEXT" -a -n "$$QUESTION" || { echo "usage: make demo TEXT=notes.txt QUESTION='Who ...?'" >&2; exit 2; }
	@test -f models/llm/model.safetensors || $(BIN)/dvc repro --quiet llm
	$(BIN)/python -m adamem.demo --text "$$TEXT" --question "$$QUESTION"

sanity: setup
	@test -f models/llm/model.safetensors || $(BIN)/dvc repro --quiet llm
	$(BIN)/python -m adamem.sanity

ui: setup
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow server --workers 1 --host 127.0.0.1 --port $(PORT) \
		--backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}"

profile: setup
	@test -n "$(NAME)" || { echo "usage: make profile NAME=smoke|gpu|embedded" >&2; exit 2; }
	$(BIN)/python -m adamem.profile $(NAME)

# --- the checks ---------------------------------------------------------------------------------------------

test: lint unit smoke

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

# one thread for each of two workers: torch's threads wait for each other by spinning, and two sets of them on
# two cores would spin most of the time
unit: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not smoke" --numprocesses 2 --dist loadfile --no-loadscope-reorder

smoke: setup
	$(BIN)/python -m pytest tests/test_smoke.py -m smoke -s

same: setup
	@test -n "$(BEFORE)" || { echo "usage: make same BEFORE=commit" >&2; exit 2; }
	$(BIN)/python -m tests.same $(BEFORE)

clean:
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache build adamem.egg-info
	find adamem stages tests -name __pycache__ -type d -prune -exec rm -rf {} +
