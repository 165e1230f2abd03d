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
# What each image holds: a part of the runtime's lock, for the one platform and Python that images have.
for_image=(.venv/bin/uv pip compile --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url)
for image in backend bot detector simulator; do
  "${for_image[@]}" --upgrade --constraint requirements/runtime.lock --group "image-$image" -o "requirements/image-$image.lock"
done
"${for_image[@]}" --upgrade --group image-build -o requirements/image-build.lock
# What the calendar package says of each day is kept as data: ask the one that is locked now.
tools/setup.sh runtime && .venv/bin/python -m tools.exchange_days
npm --prefix frontend update --silent
npm --prefix tools/azurite update --silent --package-lock-only
for module in pulumi kubernetes etcd kwok coredns; do (cd "tools/$module" && go mod tidy); done
