#!/usr/bin/env bash
# Renews every lock file. Locks carry hashes and no download addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url)
"${compile[@]}" --upgrade --group build -o requirements/runtime.lock pyproject.toml
"${compile[@]}" --upgrade --constraint requirements/runtime.lock --group test -o requirements/test.lock pyproject.toml
"${compile[@]}" --upgrade --group peer-ib-async -o requirements/peer-ib-async.lock
# The Pulumi program's environment shares with the platform's what it can (pydantic, which apps/contracts is made of, above
# all), and with its tests the checkers; only protobuf differs, which Pulumi holds at another major version.
shared=$(mktemp)
trap 'rm -f "$shared"' EXIT
grep -hoE '^[A-Za-z0-9._-]+==[^ ]+' requirements/test.lock | grep -v '^protobuf==' >"$shared"
"${compile[@]}" --upgrade --constraint requirements/runtime.lock --group build --group infra -o requirements/infra.lock
"${compile[@]}" --upgrade --constraint requirements/infra.lock --constraint "$shared" --group infra --group infra-test -o requirements/infra-test.lock
npm --prefix frontend update --silent
npm --prefix tools/azurite update --silent --package-lock-only
(cd tools/pulumi && go mod tidy)
