#!/bin/bash
# The whole gateway with a genuine Home Assistant: devices appear, switches switch, and all is known again
# after each of them, or the broker, was stopped, restarted or killed. What is gone from the layout is gone
# there, and Home Assistant's own log, which checks every announcement, stays clean.
#
#   gateway-home-assistant.sh [PROGRAM]     another program than the release one
#   LENGTH=full                             also statistics of an energy meter over a kill: 12 minutes more
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TIDEGATE_SHARED=${TIDEGATE_SHARED:-$root/../shared}
peer=$TIDEGATE_SHARED/peers/home-assistant
export TIDEGATE=${1:-$root/.build/release/tidegate} PYTHONPATH=$here/lib PYTHONDONTWRITEBYTECODE=1
export CASE_LIMIT=${CASE_LIMIT:-1500}

[ -x "$peer/setup.sh" ] || {
    echo "skipped: no Home Assistant peer in $peer"
    exit 0
}
status=0
venv=$("$here/home-assistant.sh") || status=$?
[ $status != 77 ] || {
    echo "skipped: Home Assistant needs Python 3.13"
    exit 0
}
[ $status = 0 ] || exit 1
exec "$venv/bin/python" "$here/gateway-home-assistant.py" "$peer" "$venv" "${LENGTH:-short}"
