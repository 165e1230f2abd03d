#!/usr/bin/env bash
# Lint, types, the page's unit tests, then every test but the benches: the platform's in .venv and, beside them, those of the
# Pulumi program in .venv-infra. Arguments go to pytest; paths go to the half they belong to, and a half no path names is
# left out.
set -euo pipefail
cd "$(dirname "$0")/.."

options=() platform=() infra=()
for argument in "$@"; do
  case "$argument" in
    tests/infra* | tests/stacks* | tests/engine* | tests/cluster*) infra+=("$argument") ;;
    tests/*) platform+=("$argument") ;;
    *) options+=("$argument") ;;
  esac
done
named=$((${#platform[@]} + ${#infra[@]}))

# For a subshell, which becomes pytest: become_pytest NICENESS ENVIRONMENT [PATH...]
become_pytest() {
  exec nice -n "$1" "$2/bin/python" -m pytest -q -n "${TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder \
    -m "not bench and not quality" ${options[@]+"${options[@]}"} "${@:3}"
}

# passed CODE: no test found is a success when an option such as -k chose among two halves.
passed() { [ "$1" = 0 ] || { [ "$1" = 5 ] && [ ${#options[@]} -gt 0 ]; }; }

# Both at once. The platform's tests wait for clocks and browsers: those of the program compute in the time that these
# leave, and what they print is shown when they are done.
run_both() {
  local printed program platform_code=0 program_code=0
  printed=$(mktemp)
  (become_pytest 10 .venv-infra ${infra[@]+"${infra[@]}"}) >"$printed" 2>&1 &
  program=$!
  trap "kill $program 2>/dev/null || true; rm -f '$printed'" EXIT
  (become_pytest 0 .venv ${platform[@]+"${platform[@]}"}) || platform_code=$?
  wait "$program" || program_code=$?
  trap "rm -f '$printed'" EXIT
  cat "$printed"
  passed "$platform_code" && passed "$program_code"
}

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
tools/infra-types.sh
npm --prefix frontend run --silent check
npm --prefix frontend test --silent
if ((!named || (${#platform[@]} && ${#infra[@]}))); then
  run_both
elif ((${#platform[@]})); then
  (become_pytest 0 .venv "${platform[@]}")
else
  (become_pytest 0 .venv-infra "${infra[@]}")
fi
