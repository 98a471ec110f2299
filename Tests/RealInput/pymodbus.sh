#!/bin/bash
# Prints a Python that has pymodbus: the one of TIDEGATE_PYMODBUS, python3, or one that is made in
# .build-peers now.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
made=$root/.build-peers/pymodbus/bin/python
for python in "${TIDEGATE_PYMODBUS:-}" python3 "$made"; do
    if [ -n "$python" ] && "$python" -c 'import pymodbus.simulator, serial' 2>/dev/null; then
        echo "$python"
        exit
    fi
done
python3 -m venv "$root/.build-peers/pymodbus"
"$made" -m pip install --quiet pymodbus==3.16.1 pyserial==3.5 >&2
echo "$made"
