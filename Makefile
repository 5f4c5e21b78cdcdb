# `make` lists the targets. Needs make, bash, git and Python 3.11 or newer (PYTHON=... chooses one); the rest installs itself.

SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PORTAL := accounts apimanager gateway keymanager store
TEMPLATES := templates playground/templates
# Commands that only look at the code keep their state out of the demo's.
SCRATCH := APIM_VAR=$(CURDIR)/var/lint PHOTOS_VAR=$(CURDIR)/var/lint/photos PLAYGROUND_VAR=$(CURDIR)/var/lint/playground

LINTERS := lint-types-portal lint-types-photos lint-types-playground lint-format lint-style lint-imports \
	lint-templates lint-templates-format lint-migrations

.DEFAULT_GOAL := help
.PHONY: help run test lint fix bench screenshots demo-reset trust lock clean environment environment-dev python scratch $(LINTERS)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: environment ## Start the demo: portal, gateway, playground and photo service (Ctrl-C ends all)
	@exec $(BIN)/python -m demo run

test: environment-dev ## Run everything: linters, types, import contracts, unit tests, the walk in a browser
	@exec $(BIN)/python -m tests

lint: environment-dev ## Run the linters, type checkers and import contracts only
	@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=2 \
		$(LINTERS)

fix: environment-dev ## Format the code and mend what the linters can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	find $(TEMPLATES) -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2

docs: environment-dev ## Write the exchanges of docs/grants and the table of docs/sections.md anew
	$(BIN)/python -m tests.sections
	APIM_DOCS=write $(BIN)/python -m pytest --quiet tests/keymanager/test_wire.py

screenshots: environment-dev ## Take the pictures of docs/screenshots anew
	APIM_SCREENSHOTS=docs/screenshots CHROME=$$($(BIN)/python -m demo.browser) \
		$(BIN)/python -m pytest --quiet tests/journeys -k "word_for_word or statistics"
	rm -f docs/screenshots/*-dark-narrow.png

demo-reset: environment ## Forget the demo's databases and pictures (keeps the certificates)
	@exec $(BIN)/python -m demo reset

trust: environment ## Put the demo's certificate authority into the browsers' and the system's store
	@exec $(BIN)/python -m demo trust

bench: environment-dev ## Compare the key manager's speed with django-oauth-toolkit's (BENCH="--rows" and more: docs/performance.md)
	@exec $(BIN)/python -m bench $(BENCH)

lock: environment-dev ## Renew requirements.lock and requirements-dev.lock (UPGRADE=1 takes newer versions)
	$(BIN)/python -m demo.locking $(if $(UPGRADE),--upgrade)

clean: ## Remove the environment, caches and test results (keeps var/)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results var/lint
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed, and $(PYTHON) was not found. Set PYTHON=/path/to/python3." >&2; exit 1; }

environment: python
	@$(PYTHON) -m demo.environment requirements.lock

environment-dev: python
	@$(PYTHON) -m demo.environment requirements.lock requirements-dev.lock

scratch:
	@mkdir -p var/lint

lint-format:
	$(BIN)/ruff format --check .

lint-style:
	$(BIN)/ruff check .

# Three Django projects, so three times: the plugin reads the settings of one.
lint-types-portal: scratch
	DJANGO_SETTINGS_MODULE=tests.settings $(SCRATCH) $(BIN)/mypy --cache-dir .mypy_cache/portal \
		--exclude '^(tests/(photos|playground)|bench/toolkit)/' $(PORTAL) bench demo tests manage.py

lint-types-photos lint-types-playground: lint-types-%: scratch
	DJANGO_SETTINGS_MODULE=$*.settings $(SCRATCH) $(BIN)/mypy --cache-dir .mypy_cache/$* $* tests/$*

lint-imports:
	$(BIN)/lint-imports

lint-templates:
	$(BIN)/djlint --lint --quiet $(TEMPLATES)

lint-templates-format:
	find $(TEMPLATES) -name '*.html' -print0 | xargs -0 $(BIN)/djade --target-version 5.2 --check

lint-migrations: scratch
	$(SCRATCH) $(BIN)/python manage.py makemigrations --check --dry-run --settings tests.settings
	$(SCRATCH) $(BIN)/python -m photos makemigrations --check --dry-run
	$(SCRATCH) $(BIN)/python -m playground makemigrations --check --dry-run
