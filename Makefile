# Two commands for everybody: `make demo` and `make test`. Both set up what they need. `make check` is the quick loop,
# `make nightly` what takes too long for each change.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
KEEP ?=
CONTAINERS ?= yes
PYTEST_ARGS ?=
REPEAT ?= 5
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROVIDER ?=
VERIFY_ARGS ?=
ISOLATION ?= container
E2E_ARGS ?= --faults 2
PACTS := build/verify/pacts
PARTICIPANTS := $(patsubst e2e/participants/%/provider.yaml,%,$(wildcard e2e/participants/*/provider.yaml))
OURS := contracts broker provider_verifier e2e tests

.PHONY: help demo test nightly e2e verify bench durations check lint format setup wheel images constraints clean

help: ## show these lines
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make the environment in .venv with pinned dependencies

$(STAMP): pyproject.toml constraints.txt
	@command -v git >/dev/null || { echo "sagapact: git is missing; install it (Debian: apt-get install git)"; exit 4; }
	@command -v $(PYTHON) >/dev/null || { echo "sagapact: $(PYTHON) is missing; install Python 3.11 or name another with make PYTHON=…"; exit 4; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "sagapact: $(PYTHON) has no venv; install it (Debian: apt-get install python3.11-venv)"; exit 4; }
	@echo "setting up $(VENV) (pinned dependencies; only the first time, and when they change)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP) ## run the whole chain on the VAS purchase saga (KEEP=1 leaves the broker serving)
	@exec $(BIN)/sagapact demo --out build/demo $(if $(KEEP),--keep)

check: $(STAMP) ## format, lint, types, import rules and the tests that are not slow (a quarter of an hour on two cores)
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -q -n 2 --dist loadgroup -m "not slow and not containers" $(PYTEST_ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check $(OURS)
	@$(BIN)/ruff check $(OURS)
	@$(BIN)/mypy $(OURS)
	@$(BIN)/lint-imports --no-cache

format: $(STAMP) ## put the code into the agreed form
	@$(BIN)/ruff format $(OURS)
	@$(BIN)/ruff check --fix $(OURS)

test: $(STAMP) ## every check and every test (CONTAINERS=no leaves out those that need a Docker engine)
	@bash tests/tools.sh
	@$(MAKE) --no-print-directory lint
ifeq ($(CONTAINERS),no)
	@echo "the tests that need a Docker engine are left out: the last line counts them as deselected"
else
	@$(MAKE) --no-print-directory images
endif
	@$(BIN)/pytest -q -n 2 --dist loadgroup --durations=10 $(if $(filter no,$(CONTAINERS)),-m "not containers") $(PYTEST_ARGS)

nightly: ## tests with more random tries (REPEAT=5), the zoo in full, whole sagas in containers, the benchmarks
	@SAGAPACT_REPEAT=$(REPEAT) $(MAKE) --no-print-directory test PYTEST_ARGS="-o timeout=1200 $(PYTEST_ARGS)"
	@PYTHONPATH=tests/support $(BIN)/python -m tests.benchmarks.kills --runs 20 --out build/zoo
	@$(MAKE) --no-print-directory e2e
	@$(MAKE) --no-print-directory bench

e2e: $(PACTS)/made ## whole sagas with every fault, in containers, with all pairs (ISOLATION=process, E2E_ARGS="--faults 1")
	@$(BIN)/sagapact e2e run --isolation $(ISOLATION) --pacts $(PACTS) --out build/nightly $(E2E_ARGS)

verify: $(PACTS)/made ## verify reference participants alone (PROVIDER="billing vas_packages", VERIFY_ARGS="--faults 2")
	@$(if $(PROVIDER),,echo "sagapact: name a participant: make verify PROVIDER=billing (there are: $(PARTICIPANTS))"; exit 2)
	@$(BIN)/sagapact verify $(PROVIDER:%=e2e/participants/%/provider.yaml) --pact $(PACTS) --reuse build/verify/results $(VERIFY_ARGS)

$(PACTS)/made: $(STAMP) contracts/sagas/vas_purchase/saga.yaml contracts/sagas/vas_purchase/test_contracts.py
	@rm -rf $(PACTS)
	@$(BIN)/pytest -q -p no:cacheprovider -p no:xdist --no-header -r N contracts/sagas/vas_purchase/test_contracts.py --pacts $(PACTS)
	@touch $(PACTS)/made

bench: $(STAMP) ## what is to be quick: saga files, containers that start together, the broker on long histories
	@mkdir -p build/bench
	@$(BIN)/python -m tests.benchmarks.sagas
	@$(BIN)/python -m tests.benchmarks.verifier --json build/bench/verifier.json
	@$(BIN)/python -m tests.benchmarks.e2e --json build/bench/e2e-process.json
	@PYTHONPATH=tests/support $(BIN)/python -m tests.benchmarks.jobs --json build/bench/jobs.json
ifneq ($(CONTAINERS),no)
	@$(MAKE) --no-print-directory images >/dev/null
	@$(BIN)/python -m tests.benchmarks.containers
	@$(BIN)/python -m tests.benchmarks.e2e --isolation container --least 0 --json build/bench/e2e-container.json
endif
	@for database in sqlite postgresql; do $(BIN)/python -m tests.benchmarks.broker --database $$database --json build/bench/broker-$$database.json; done

durations: ## run every test and note in tests/support/durations.json which files take long (the longest come first)
	@SAGAPACT_DURATIONS=write $(MAKE) --no-print-directory test

wheel: $(STAMP) ## build the wheel into dist/
	@rm -f dist/sagapact-*.whl
	@$(BIN)/python -m hatchling build -t wheel -d dist
	@echo "install it anywhere: pip install '$(CURDIR)/dist/$$(cd dist && ls sagapact-*.whl)[all]'"

images: $(STAMP) ## build the container images
	@sh e2e/images/engine.sh
	@$(BIN)/python -m saga_e2e.stage.images

constraints: ## pin the dependencies anew (a while)
	@$(PYTHON) -m venv build/pinning && build/pinning/bin/pip install --quiet pip-tools
	@build/pinning/bin/pip-compile --quiet --upgrade --generate-hashes --unsafe-package sagapact --strip-extras --no-header --no-emit-options \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra dev -o constraints.txt pyproject.toml
	@sed -i '/^# WARNING: The following packages were not pinned/,$$d' constraints.txt
	@sed -i '1i # Every dependency of every extra, pinned with its hashes; made by `make constraints`. No index is named here.' constraints.txt

clean: ## remove what was built
	@sh e2e/images/engine.sh stop
	@rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
