#!/bin/bash
# The whole gateway with a genuine server of Network UPS Tools, whose driver shows what a file holds.
#
#   gateway-ups.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
for part in upsd dummy-ups; do
    [ -x /lib/nut/$part ] || { echo "skipped: /lib/nut/$part is not there; apt install nut-server"; exit 0; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-ups.py" "${1:-$root/.build/release/tidegate}" "$work"
