#!/bin/bash
# Orders that lie retained on the broker before the gateway comes, and when it comes back: nothing switches.
#
#   gateway-retained.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/gateway-retained.py" "${1:-$root/.build/release/tidegate}" "$work"
