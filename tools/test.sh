#!/usr/bin/env bash
# Lint, types, the page's unit tests, then every test but the benches: the platform's in .venv, then those of the Pulumi
# program in .venv-infra. Arguments go to pytest; paths go to the half they belong to, and a half no path names is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

# Thousands of processes are started here: where this is set, each one would compile all that it imports.
unset PYTHONDONTWRITEBYTECODE

options=() platform=() infra=()
for argument in "$@"; do
  case "$argument" in
    tests/infra* | tests/stacks* | tests/engine* | tests/cluster*) infra+=("$argument") ;;
    tests/*) platform+=("$argument") ;;
    *) options+=("$argument") ;;
  esac
done
whole=$((${#platform[@]} + ${#infra[@]} == 0))

# run_tests ENVIRONMENT [PATH...]. Three workers for two cores: a third of the platform's time is spent waiting.
# No test found is a success when an option such as -k chose among two halves.
run_tests() {
  local code=0
  "$1/bin/python" -m pytest -q -n "${TEST_WORKERS:-3}" --dist loadfile --no-loadscope-reorder -m "not bench and not quality" \
    ${options[@]+"${options[@]}"} "${@:2}" || code=$?
  [ "$code" = 0 ] || { [ "$code" = 5 ] && [ ${#options[@]} -gt 0 ]; } || exit "$code"
}

.venv/bin/ruff check .
.venv/bin/ruff format --check .
tools/types.sh &
types=$!
npm --prefix frontend run --silent check
npm --prefix frontend test --silent
wait "$types"
if ((whole || ${#platform[@]})); then run_tests .venv ${platform[@]+"${platform[@]}"}; fi
if ((whole || ${#infra[@]})); then run_tests .venv-infra ${infra[@]+"${infra[@]}"}; fi
