#!/usr/bin/env bash
# Renews every lock file. Locks carry hashes and no download addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url)
"${compile[@]}" --upgrade --group build -o requirements/runtime.lock pyproject.toml
"${compile[@]}" --upgrade --constraint requirements/runtime.lock --group test -o requirements/test.lock pyproject.toml
"${compile[@]}" --upgrade --group peer-ib-async -o requirements/peer-ib-async.lock
npm --prefix frontend update --silent
