# Every target does the set-up that it needs: uv comes from pip into .uv/, all else from
# uv.lock, everything by its hash.

UV := .uv/bin/uv
RUN := $(UV) run --locked --all-extras

.PHONY: help setup demo test test-slow test-all chaos lint check audit bench bench-beyond docs screenshots clean
RUNS ?= 300
BODIES := --examples tests/fixtures/api

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(UV): .ci/uv.txt
	python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
		--require-hashes --upgrade --target .uv -r .ci/uv.txt
	@touch $(UV)

setup: $(UV) ## install everything into .venv, compiled: commands start in a third of the time
	@$(UV) sync --quiet --locked --all-extras --compile-bytecode
	@$(RUN) python -m compileall -q -x '[.]venv' sources pipelines

demo: setup ## load 60 days of an invented account into data/help_scout.duckdb
	@$(RUN) help-scout demo

test: setup ## run the tests, but for the slow ones
	$(RUN) pytest -n auto --dist loadgroup -m "not slow"

test-slow: setup ## run the slow tests: whole nights, a year through twenty kills
	$(RUN) pytest -n auto --dist loadgroup --no-loadscope-reorder -m slow

lint: setup ## style, types, and whether generated tables are up to date
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) python -m pipelines.docs $(BODIES) --check

test-all: setup ## run all tests at once, the longest first; some of them wait: four workers
	$(RUN) pytest -n 4 --dist loadgroup --no-loadscope-reorder --durations=40

chaos: setup ## 300 loads (RUNS=300) through random faults and kills, each by the dice of its seed
	CHAOS_RUNS=$(RUNS) $(RUN) pytest -v -n auto tests/chaos

check: lint test-all ## what CI runs

audit: setup ## look all locked packages up among the known vulnerabilities
	$(UV) audit --locked

bench: setup ## measure, in one run and as ratios
	$(RUN) python -m tests.bench

bench-beyond: setup ## measure each destination, and many accounts: half an hour
	$(RUN) python -m tests.bench.beyond

docs: setup ## write the generated tables of the READMEs anew
	$(RUN) python -m pipelines.docs $(BODIES)

screenshots: demo ## pictures of the demo's dashboard, and the README's: needs chromium
	$(RUN) python -m tests.ui.screenshots data/help_scout.duckdb data/screenshots

clean: ## remove what was built; the warehouse stays
	rm -rf .venv .uv pipelines/orchestration/*/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
