#!/bin/bash
# Simulated runs beside real ones on one broker: nothing simulated arrives without its mark, and none of it
# gets where it was not sent in so many words.
#
#   gateway-simulated.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Needs nothing but mosquitto. Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-simulated.py" \
    "${1:-$root/.build/release/tidegate}" "$work"
