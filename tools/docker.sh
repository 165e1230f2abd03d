#!/usr/bin/env bash
# Sees to what the tests of the images need: a Docker engine, compose and debootstrap, by apt when root; then the wheels of
# the images and the base that stands in for the pinned one. Without them those tests are left out, and say why.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${SKIP_DOCKER:-}" != 1 ] || exit 0
here() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
compose() { here docker-compose || docker compose version >/dev/null 2>&1; }
if ! { docker version >/dev/null 2>&1 || here dockerd; } || ! compose || ! here debootstrap; then
  if [ "$(id -u)" != 0 ] || ! here apt-get; then
    echo "The tests of the images need Docker, compose and debootstrap, and root for an engine and a base of their own: sudo apt-get install docker.io docker-compose debootstrap. Without them they are left out." >&2
    exit 0
  fi
  echo "Installing Docker for the tests of the images"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io docker-compose debootstrap >/dev/null
fi
if [ "$(id -u)" = 0 ]; then .venv/bin/python -m tools.images prepare; else .venv/bin/python -m tools.images wheels; fi
