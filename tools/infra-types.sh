#!/usr/bin/env bash
# mypy --strict over the Pulumi program, its stacks and their tests, in the environment that has the provider packages.
set -euo pipefail
cd "$(dirname "$0")/.."
checked=(tools/external.py tools/images tools/pins.py tools/charts.py)
for folder in infra stacks tests/infra tests/stacks tests/engine tests/cluster; do
  if [ -n "$(find "$folder" -name '*.py' 2>/dev/null | head -1)" ]; then checked+=("$folder"); fi
done
exec .venv-infra/bin/mypy --config-file tools/mypy-infra.ini "${checked[@]}" "$@"
