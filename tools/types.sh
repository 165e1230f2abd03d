#!/usr/bin/env bash
# mypy --strict in both environments, side by side: the platform in .venv; the Pulumi program, its stacks and their tests
# in .venv-infra, which has the provider packages.
set -euo pipefail
cd "$(dirname "$0")/.."
# One cache for every clone: what it holds of the provider packages takes minutes to find, and mypy compares contents.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/spy-options"
.venv/bin/mypy --cache-dir "$cache/mypy-platform" &
platform=$!
code=0
.venv-infra/bin/mypy --config-file tools/mypy-infra.ini --cache-dir "$cache/mypy-infra" tools/external.py tools/images \
  tools/pins.py tools/charts.py infra stacks tests/infra tests/stacks tests/engine tests/cluster || code=$?
wait "$platform"
exit "$code"
