#!/bin/bash
# `tidegate watch` and `run --watch` on a real terminal: what is shown, what keys do, and that the terminal is
# given back as it was whatever ends or stops the process.
#
#   terminal.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Needs Python 3 and mosquitto. Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/terminal.py" "${1:-$root/.build/release/tidegate}" "$work"
