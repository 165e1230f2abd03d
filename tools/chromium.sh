#!/usr/bin/env bash
# Sees to it that a Chromium for the browser tests is there: by apt when root, otherwise it says how.
set -euo pipefail
for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && command -v "$browser" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
  exit 0
fi
echo "The browser tests need Chromium: sudo apt-get install chromium, or set CHROMIUM to a Chrome or Chromium binary. Without it: make test SKIP_BROWSER=1" >&2
[ "${SKIP_BROWSER:-}" = 1 ]
