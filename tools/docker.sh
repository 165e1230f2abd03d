#!/usr/bin/env bash
# Sees to what the tests of the images need: a Docker engine, compose and debootstrap, by apt when root; then the wheels of
# the images and the base that stands in for the pinned one. Starts no engine: the tests start and end their own. It never
# fails: what could not be had is said here, and the tests that need it say it again, skipped or, with CI=true, failed.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${SKIP_DOCKER:-}" = 1 ]; then
  echo "SKIP_DOCKER=1: the tests of the built images are left out"
  exit 0
fi

here() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
compose() { here docker-compose || docker compose version >/dev/null 2>&1; }

# A package's service that starts while it is installed would go on after the tests.
policy=/usr/sbin/policy-rc.d
packages() {
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io docker-compose debootstrap >/dev/null
}

if ! { docker version >/dev/null 2>&1 || here dockerd; } || ! compose || ! here debootstrap; then
  if [ "$(id -u)" != 0 ] || ! here apt-get; then
    echo "The tests of the images need Docker, compose and debootstrap, and root for an engine and a base of their own: sudo apt-get install docker.io docker-compose debootstrap. Without them they are left out." >&2
    exit 0
  fi
  echo "Installing Docker for the tests of the images"
  packages || echo "apt could not install Docker, compose and debootstrap: the tests of the images will say what is missing." >&2
fi
if [ "$(id -u)" = 0 ]; then what=prepare; else what=wheels; fi
.venv/bin/python -m tools.images "$what" || echo "The tests of the images will make up for that, or say why not." >&2
