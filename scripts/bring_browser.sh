#!/usr/bin/env bash
# Sees that there is a browser for the tests of pages: Debian's chromium. It is installed where that is allowed.
set -uo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
run=()
if [[ $(id -u) != 0 ]]; then
  sudo -n true 2>/dev/null || { echo "No browser: ask for 'apt-get install chromium'" >&2; exit 1; }
  run=(sudo -n)
fi
"${run[@]}" apt-get -qq update >/dev/null 2>&1
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null 2>&1 ||
  { echo "No browser: 'apt-get install chromium' failed" >&2; exit 1; }
