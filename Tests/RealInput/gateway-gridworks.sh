#!/bin/bash
# The whole gateway with a genuine GridWorks parent: what is made while the parent is away arrives when it
# is back, and nothing is lost or told twice when parent and broker are killed again and again, when
# acknowledgements are withheld, when the parent freezes, or when it cannot decode something.
#
#   gateway-gridworks.sh [PROGRAM]     another program than the release one
#   KILLS=20 SEED=7                    how often the parent and then the broker is killed; 5 when not told
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
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-gridworks.py" "$program" "$python" "$work" \
    "${KILLS:-5}" "${SEED:-1}"
