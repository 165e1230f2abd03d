# Each target is one line where it can be. `make help` lists them.
SHELL := /bin/bash
PORT ?=
SCENARIO ?=
BASE ?=
WRITE ?=
CHECK ?=
MOVE ?=
STACK ?=
NAMES ?=

.DEFAULT_GOAL := help
.PHONY: help run test setup venv setup-test lint lock bench bench-quality schema plan pins docs clean wheels images

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: setup ## the whole platform on this machine (SCENARIO=calibrated|open|halt|last-hour|event|quiet|spxw-replay, PORT=8000)
	@.venv/bin/spy up $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(PORT),--port $(PORT))

test: setup-test ## every test but the benches; installs what it needs (SKIP_BROWSER=1, SKIP_ENGINE=1: without these)
	@tools/test.sh

lint: setup-test ## ruff, mypy --strict in both environments, tsc
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && tools/types.sh && npm --prefix frontend run --silent check

bench: setup-test ## the budget rows of the architecture, as ratios to a peer or a floor (at most 20 minutes)
	@.venv/bin/python -m tests.bench

bench-quality: setup-test ## the detection-quality table and false episodes (at most 60 minutes)
	@.venv/bin/python -m tests.bench.quality

schema: setup ## write the page's types from apps/contracts
	@.venv/bin/python -m apps.contracts.schema frontend/src/contracts

plan: venv ## what every stack's program declares, against stacks/plan: no cloud, no CLI (WRITE=1 renews stacks/plan)
	@.venv-infra/bin/python -m infra.cli plan $(if $(WRITE),--write)

pins: venv ## digests of others' images in tools/versions.toml, asked of their registries, online (CHECK=1 writes nothing, MOVE=1 renews, STACK=S names hosts)
	@.venv-infra/bin/python -m tools.pins $(if $(CHECK),--check) $(if $(MOVE),--move) $(if $(STACK),--stack $(STACK)) $(NAMES)

docs: venv ## the pages that are written from the program: configuration, resources, policies, cost, outputs, diagram
	@.venv-infra/bin/python -m stacks.schema --write && .venv-infra/bin/python -m infra.pages --write

lock: setup-test ## renew the locks: both environments, tests on top of each, the peer client, the page, the external programs
	@tools/lock.sh

wheels: setup ## what the images are made of, fetched with hashes into build/wheels; a build of an image has no network
	@.venv/bin/python -m tools.images wheels

images: setup ## the four images as NAME:local, for docker compose up (BASE=REFERENCE: on another base than the pinned one)
	@BASE=$(BASE) .venv/bin/python -m tools.images build

setup: .venv/.runtime frontend/dist/index.html ## the environment and the page, if not there yet

venv: .venv-infra/.runtime ## the environment of the Pulumi program, .venv-infra, apart from the platform's

setup-test: ## what the tests add: checkers, Chromium, the Pulumi engine, Azurite, a Kubernetes control plane (SKIP_ENGINE=1 leaves these three out)
	@$(MAKE) --no-print-directory -j3 .venv/.test .venv-infra/.test frontend/dist/index.html
	@tools/chromium.sh
	@tools/docker.sh
	@.venv/bin/python tools/external.py

.venv/.runtime: requirements/runtime.lock pyproject.toml
	@tools/setup.sh runtime

.venv-infra/.runtime: requirements/infra.lock pyproject.toml $(wildcard infra/__init__.py stacks/__init__.py)
	@tools/setup.sh infra

.venv-infra/.test: requirements/infra-test.lock .venv-infra/.runtime
	@tools/setup.sh infra-test

.venv/.test: requirements/test.lock requirements/peer-ib-async.lock .venv/.runtime
	@tools/setup.sh test

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@tools/setup.sh node_modules

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(shell find frontend/src frontend/index.html frontend/public frontend/vite.config.ts -type f 2>/dev/null)
	@tools/setup.sh page

clean: ## forget the environment, the page and the local data
	@rm -rf .venv .venv-infra build frontend/node_modules frontend/dist var
