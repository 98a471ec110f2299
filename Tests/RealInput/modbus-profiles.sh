#!/bin/bash
# Reads every register of every profile through the real bus and driver from a genuine pymodbus server, which
# modbus-profiles.py fills with known numbers, and compares each value with what that program has worked out.
#
# Exits 1 when a value is wrong.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
TIDEGATE_PYMODBUS=$("$here/pymodbus.sh")
export TIDEGATE_PYMODBUS

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
swift test --package-path "$root" --filter "ProfilePymodbusTests|ModbusBitsTests" >"$log" 2>&1 || status=$?
grep -aE '^[0-9]+ profiles, ' "$log" || true
sed -nE 's/^. Test "(.*)" passed after (.*) seconds\.$/ok   \1 (\2 s)/p
         s/^. Test "(.*)" failed after .*$/FAIL \1/p' "$log"
if [ $status -ne 0 ] || ! grep -q 'Test run with [1-9].* passed' "$log"; then
    echo "FAIL the checks did not all pass; what they said:"
    grep -aE 'error:|recorded an issue|Fatal|Test run' "$log" || tail -20 "$log"
    exit 1
fi
