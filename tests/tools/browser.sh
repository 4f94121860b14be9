#!/usr/bin/env bash
# Sees to it that there is a Chromium for the tests of the console: $CHROMIUM, else /usr/bin/chromium, which root installs
# from Debian's packages where it is missing.
#
# Exit codes: 0 ready · 1 the installation failed · 3 it is missing and not ours to install
set -euo pipefail

say() { printf 'tools: %s\n' "$*" >&2; }

readonly browser=${CHROMIUM:-/usr/bin/chromium}
if [ -x "$browser" ]; then exit 0; fi

if [ -n "${CHROMIUM:-}" ]; then
  say "CHROMIUM is $browser, where there is no program"
  exit 3
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  say "Chromium is missing. Install it (on Debian: apt-get install chromium), or set CHROMIUM to a program that is one."
  exit 3
fi
say "installing chromium, once"
"$(dirname "${BASH_SOURCE[0]}")/apt.sh" chromium
say "it is ready after $SECONDS s"
