#!/bin/bash
# `tidegate upstream` with a genuine GridWorks child on a real broker: its events are stored and then
# acknowledged; the link comes back after either side, or the broker, was killed; a frozen child is noticed.
#
#   upstream-child.sh [PROGRAM]     another program than the release one
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TIDEGATE_SHARED=${TIDEGATE_SHARED:-$root/../shared}
program=${1:-$root/.build/release/tidegate}

[ -x "$TIDEGATE_SHARED/peers/gridworks/setup.sh" ] || {
    echo "skipped: no GridWorks peer in $TIDEGATE_SHARED/peers/gridworks"
    exit 0
}
python=$("$here/gridworks.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/upstream-child.py" "$program" "$python" "$work"
