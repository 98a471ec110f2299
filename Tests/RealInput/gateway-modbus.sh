#!/bin/bash
# The whole gateway with genuine Modbus servers: an SDM120 behind a serial port, another behind a
# transparent serial server, an SDM630 on TCP, and one of which the layout wants too much.
#
#   gateway-modbus.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
meters=${TIDEGATE_SHARED:-$root/../shared}/peers/modbus
program=${1:-$root/.build/release/tidegate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -f "$meters/meter_sim.py" ] || {
    echo "skipped: no simulated meters in $meters"
    exit 0
}
command -v socat >/dev/null || {
    echo "skipped: socat is missing; apt-get install socat"
    exit 0
}
python=$("$here/pymodbus.sh")
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/gateway-modbus.py" \
    "$program" "$root/profiles" "$meters" "$work"
