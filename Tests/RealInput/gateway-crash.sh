#!/bin/bash
# The whole gateway under load, killed with SIGKILL at random moments. A checker holds what a subscriber
# heard against what the journal kept: everything kept arrives, nothing twice under another name or with
# another content, in order in each channel, and no kill takes more than one commit interval.
#
#   gateway-crash.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#   CRASHES=100 SEED=7             how many kills, 12 when not told, and the seed of their moments. From
#                                  50 on the broker is ended and started at random, too
#
# Needs nothing but mosquitto. Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-crash.py" \
    "${1:-$root/.build/release/tidegate}" "$work" "${CRASHES:-12}" "${SEED:-1}"
