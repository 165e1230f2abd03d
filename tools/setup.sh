#!/usr/bin/env bash
# Sets up one part of the working copy: setup.sh runtime | test | infra | infra-test | node_modules | page. Idempotent;
# names what is missing. .venv has what the services need, .venv-infra what the Pulumi program needs.
set -euo pipefail
cd "$(dirname "$0")/.."

need_python() {
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Python 3.11, 3.12 or 3.13 with venv is needed and was not found. Debian and Ubuntu: sudo apt-get install python3 python3-venv; macOS: brew install python@3.13; elsewhere: python.org/downloads." >&2
  exit 1
}

need_node() {
  if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null; then
    echo "Node.js 20.19, 22.12 or newer with npm is needed and was not found. macOS: brew install node; elsewhere: nodejs.org/en/download." >&2
    exit 1
  fi
}

make_venv() { [ -x "$1/bin/python" ] || { echo "Setting up $2 (once, about a minute)"; "$(need_python)" -m venv "$1"; }; }

install_locked() { "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "${@:2}"; }

# Most of it is never imported (Pulumi's model of all of Azure), so what is compiles on its first import.
install_uncompiled() { install_locked "$@" --no-compile; }

install_ours() { "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; }

case "${1:-}" in
  runtime)
    make_venv .venv Python
    install_locked .venv requirements/runtime.lock
    install_ours .venv
    touch .venv/.runtime
    ;;
  test)
    echo "Setting up the test tools (once, about a minute)"
    install_uncompiled .venv requirements/test.lock
    rm -rf .venv/peers/ib_async
    install_uncompiled .venv requirements/peer-ib-async.lock --target .venv/peers/ib_async
    touch .venv/.test
    ;;
  infra)
    make_venv .venv-infra "Python for the Pulumi program, 530 MB"
    install_uncompiled .venv-infra requirements/infra.lock
    install_ours .venv-infra
    touch .venv-infra/.runtime
    ;;
  infra-test)
    echo "Setting up the test tools of the Pulumi program (once)"
    install_uncompiled .venv-infra requirements/infra-test.lock
    touch .venv-infra/.test
    ;;
  node_modules)
    need_node
    echo "Setting up the page's tools (once)"
    npm --prefix frontend ci --silent --no-audit --no-fund
    touch frontend/node_modules/.package-lock.json
    ;;
  page)
    need_node
    echo "Building the page"
    npm --prefix frontend run --silent build
    ;;
  *)
    echo "usage: tools/setup.sh runtime|test|infra|infra-test|node_modules|page" >&2
    exit 2
    ;;
esac
