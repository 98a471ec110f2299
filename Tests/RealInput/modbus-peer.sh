#!/bin/bash
# Reads genuine pymodbus meters, an SDM120 and an SDM630, through the real bus and driver: every
# register on a pair of pseudo-terminals and on TCP, then faults, late replies, and a pulled cable.
#
# Exits 1 when a check failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TIDEGATE_SHARED=${TIDEGATE_SHARED:-$root/../shared}

[ -f "$TIDEGATE_SHARED/peers/modbus/meter_sim.py" ] || {
    echo "skipped: no meters in $TIDEGATE_SHARED/peers/modbus"
    exit 0
}
command -v socat >/dev/null || {
    echo "skipped: socat is missing; apt-get install socat"
    exit 0
}

TIDEGATE_PYMODBUS=$("$here/pymodbus.sh")
export TIDEGATE_PYMODBUS

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
swift test --package-path "$root" --filter GenuinePymodbusTests >"$log" 2>&1 || status=$?
sed -nE 's/^. Test "(.*)" (with .* )?passed after (.*) seconds\.$/ok   \1 (\3 s)/p
         s/^. Test "(.*)" (with .* )?failed after .*$/FAIL \1/p' "$log"
if [ $status -ne 0 ] || ! grep -q 'Test run with [1-9].* passed' "$log"; then
    echo "FAIL the checks did not all pass; what they said:"
    grep -E 'error:|recorded an issue|Fatal|Test run' "$log" || tail -20 "$log"
    exit 1
fi
