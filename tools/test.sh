#!/usr/bin/env bash
# Lint, types, the page's unit tests, then every test but the benches.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
npm --prefix frontend run --silent check
npm --prefix frontend test --silent
exec .venv/bin/python -m pytest -q -n "${TEST_WORKERS:-2}" --dist loadfile -m "not bench and not quality" "$@"
