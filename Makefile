# Everything here also works by hand on Windows and macOS: docs/install.md has the commands.
VENV ?= .venv
export VENV
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: environment
environment: ## install what is missing: system libraries, uv, Python packages
	@scripts/system-packages
	@scripts/environment

.PHONY: demo
demo: environment ## play a short session and analyse it
	@scripts/with-display $(BIN)/mbtexp demo

# A failed check does not keep the tests from running; pytest's summary is the last word. Tests that
# measure times at a window go one after the other, with nothing beside them; the others take all
# cores, with a private display each, and one process more, because many of them wait at a window.
PROCESSES = $$(($$(getconf _NPROCESSORS_ONLN) + 1))
.PHONY: test
test: environment ## all checks, then all tests
	@failed=0; \
	$(MAKE) --no-print-directory --keep-going checks || failed=1; \
	scripts/with-display $(BIN)/pytest -m "screen and not untimed" || failed=1; \
	scripts/with-display $(BIN)/pytest -m "not screen or untimed" --numprocesses $(PROCESSES) \
		--dist loadfile --no-loadscope-reorder || failed=1; \
	exit $$failed

.PHONY: lint
lint: environment checks ## the checks alone: rules, format, types, imports

.PHONY: checks check-rules check-format check-types check-imports
checks: check-rules check-format check-types check-imports
check-rules:
	@$(BIN)/ruff check
check-format:
	@$(BIN)/ruff format --check
check-types:
	@$(BIN)/mypy
check-imports:
	@$(BIN)/lint-imports --no-logo

.PHONY: constraints
constraints: ## take the newest versions into constraints.txt; then make test
	@scripts/newest-versions >constraints.new
	@mv constraints.new constraints.txt

.PHONY: clean
clean: ## remove what the tools left behind, not the environment
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find mbtexp tasks analysis stimuli tests -name __pycache__ -prune -exec rm -rf {} +
