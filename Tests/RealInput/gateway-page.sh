#!/bin/bash
# The page of a whole gateway in a real Chromium.
#
#   gateway-page.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# CHROMIUM is the browser (chromium), PICTURES a folder for screenshots. Prints a line for each check, "ok" or "FAIL";
# exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
command -v "${CHROMIUM:-chromium}" >/dev/null || { echo "skipped: chromium is not there; apt install chromium"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-page.py" "${1:-$root/.build/release/tidegate}" "$work"
