# One command checks everything, the same here and in CI. `make help` lists the targets.
PYTHON ?= python3
SECONDS ?=
NAME ?=
BIN = .venv/bin
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready bundle ## make the environment: .venv, dependencies, browser files

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Standpipe needs Python 3.11 or later; name one with: make setup PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip 'setuptools>=77'
	@touch $@

.venv/.ready: .venv/.python pyproject.toml constraints.txt
	@echo "setup: installing Python packages (about a minute the first time)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt -e '.[dev]'
	@touch $@

bundle: .venv/.ready
	@$(BIN)/python -m console.build

demo: setup ## run everything with a simulated town; SECONDS=100 stops by itself
	@$(BIN)/standpipe demo $(if $(SECONDS),--seconds $(SECONDS))

test: setup ## run all tests; what is skipped is named with its reason
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

check: setup ## formatting, lint, types, import order, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/standpipe check --config provisioning/standpipe.toml
	@$(BIN)/python -m plugins.listing --check
	@$(BIN)/standpipe dashboards check

bench: setup ## measure against peers; NAME=tsdb runs one
	@$(BIN)/python -m bench $(NAME)

docs: setup ## write the generated documents anew
	@$(BIN)/python -m plugins.listing
	@$(BIN)/standpipe dashboards generate

clean: ## remove what setup and runs have made
	rm -rf .venv node_modules console/node_modules console/static/dist data build *.egg-info

.PHONY: help setup bundle demo test check bench docs clean
