#!/usr/bin/env bash
# mypy --strict over the Pulumi program, its stacks and their tests, in the environment that has the provider packages.
set -euo pipefail
cd "$(dirname "$0")/.."
checked=(tools/external.py tools/images tools/pins.py tools/charts.py)
for folder in infra stacks tests/infra tests/stacks tests/engine tests/cluster; do
  if [ -n "$(find "$folder" -name '*.py' 2>/dev/null | head -1)" ]; then checked+=("$folder"); fi
done
# One cache for every clone: what it holds of the provider packages takes minutes to find, and mypy compares contents.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/spy-options/mypy-infra"
exec .venv-infra/bin/mypy --config-file tools/mypy-infra.ini --cache-dir "$cache" "${checked[@]}" "$@"
