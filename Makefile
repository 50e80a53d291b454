# Targets for users and for CI; works with GNU make 3.81 (macOS) and later. `make` alone prints them.
SCENARIO ?= article
KEEP ?=
UPGRADE ?=
FUZZ_SECONDS ?= 10
REQUESTS ?= 3705
BATCHES ?= 20

BIN := .venv/bin
TOOLS := .tools/bin
SCENARIOS := $(sort $(notdir $(patsubst %/,%,$(wildcard events/*/))))
WITH_FUNCTIONS := PYTHONPATH=functions/processor:functions/timeline_widget

export SAM_CLI_TELEMETRY := 0
# Where a shell or an image sets it, each start of sam, cfn-lint or pytest would compile all that it imports: half its time.
export PYTHONDONTWRITEBYTECODE :=
export PYTHON
export CHROME

.DEFAULT_GOAL := help
.PHONY: help setup browser checkov tagging agent known-scenario demo demo-agent down test benchmark drills check types templates format docs lock prices build wheel clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## Install everything the other targets need into .venv and .tools (PYTHON=path names an interpreter)
	@scripts/setup.sh

browser: ## Find a Chromium for the tests, or fetch Debian's into .tools (CHROME=path names one)
	@scripts/browser.sh

demo: known-scenario setup ## Deploy to a local AWS, play an experiment, show it (SCENARIO=article, chat, overlap or seven; KEEP=1 leaves it running)
	@$(BIN)/request-lens demo --scenario "$(SCENARIO)" $(if $(filter-out 0,$(KEEP)),--keep)

known-scenario:
	@test -n "$(filter $(SCENARIO),$(SCENARIOS))" || \
		{ echo "demo: no scenario $(SCENARIO); there are $(SCENARIOS)" >&2; exit 2; }

agent: setup
	@scripts/setup.sh agent

demo-agent: agent ## Run a real agent on a local AWS and show its calls (SPANS=1 links by its spans; KEEP=1 leaves it running; PACE=0.3: faster answers)
	@$(BIN)/request-lens demo-agent $(if $(filter-out 0,$(SPANS)),--spans) $(if $(filter-out 0,$(KEEP)),--keep) $(if $(PACE),--pace $(PACE))

down: setup ## Stop the local AWS that `make demo KEEP=1` left running
	@$(BIN)/request-lens local down

checkov: setup
	@scripts/setup.sh checkov

tagging: setup
	@scripts/setup.sh tagging tagging-invoke-unknown tagging-converse-unknown tagging-python-310

# Four processes, also on two cores: three of them have the end-to-end tests, and wait for a local AWS most of the time.
test: setup browser checkov tagging agent ## Run every test, the end-to-end test on the local AWS included (FUZZ_SECONDS=60 fuzzes for longer)
	FUZZ_SECONDS="$(FUZZ_SECONDS)" $(BIN)/pytest -n 4 -m "not benchmark"

benchmark: setup ## Print links as requests come closer, what a million calls cost, reading speed, memory, cold starts, delays
	$(BIN)/pytest tests/benchmark -m benchmark -q -s

drills: setup ## Load, kill and upgrade the stack on a local AWS, at full size (BATCHES="1 5 20 100": log events in a batch)
	DRILL_REQUESTS="$(REQUESTS)" DRILL_BATCHES="$(BATCHES)" DRILL_KILLED_REQUESTS=300 $(BIN)/pytest -q -s \
		tests/e2e/drills/test_load.py tests/e2e/drills/test_killed_workers.py tests/e2e/drills/test_upgrade.py

check: setup ## Format, lint, types, import contracts, template, the cases and the quick unit tests
	cmp requirements/runtime.txt layers/dependencies/requirements.txt
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory --jobs 2 types templates
	$(BIN)/pytest -n 2 tests/unit tests/cases -m "not slow"

# Both take half a minute of one processor, so they run side by side.
types:
	$(BIN)/mypy
	$(BIN)/mypy --python-version 3.10 layers/request_tag

templates:
	$(BIN)/cfn-lint template.yaml dashboard.yaml layers/request_tag/template.yaml examples/agent/template.yaml
	$(TOOLS)/sam validate --lint --template template.yaml
	$(TOOLS)/sam validate --lint --template examples/agent/template.yaml

format: setup ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format --quiet

docs: setup browser ## Make the generated parts of the documents anew: tables, outputs of commands, pictures (a minute)
	$(BIN)/python -m scripts.document_tables
	$(BIN)/python -m scripts.timeline_picture >/dev/null
	$(BIN)/python -m scripts.overlap_picture
	$(WITH_FUNCTIONS) $(BIN)/python -m scripts.dashboard.picture
	$(BIN)/python -m tests.support.command_line.command_outputs
	$(BIN)/python -m tests.support.command_line.table_page
	$(BIN)/python -m tests.cases.golden
	$(WITH_FUNCTIONS) $(BIN)/python -m tests.benchmark.cost_table
	$(BIN)/python -m tests.benchmark.linking_figure
	$(WITH_FUNCTIONS) $(BIN)/python -m tests.browser.document_pictures

build: setup ## Build the stack into .aws-sam, as `sam deploy` wants it
	PATH="$(CURDIR)/$(TOOLS):$$PATH" sam build

wheel: setup ## Build into dist/ the command, for machines without a clone, and request_tag, for your agent
	rm -rf dist
	$(BIN)/python -m hatchling build --target wheel --directory dist
	cd layers/request_tag && ../../$(BIN)/python -m hatchling build --target wheel --directory ../../dist

lock: setup ## Lock each dependency group into requirements/ (UPGRADE=1 takes newer versions)
	@PATH="$(CURDIR)/$(TOOLS):$$PATH" scripts/lock.sh $(if $(filter-out 0,$(UPGRADE)),--upgrade)

prices: setup ## Compile the table of Bedrock's list prices (UPGRADE=1 takes the newest ones)
	$(if $(filter-out 0,$(UPGRADE)),PATH="$(CURDIR)/$(TOOLS):$$PATH" scripts/lock.sh --upgrade-package=genai-prices && scripts/setup.sh)
	$(BIN)/python scripts/bedrock_prices.py

clean: ## Remove what the targets made: environments, builds, caches and out/
	@[ ! -x $(BIN)/request-lens ] || $(BIN)/request-lens local down
	rm -rf .venv .tools .aws-sam layers/request_tag/.aws-sam examples/agent/.aws-sam examples/agent/build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
