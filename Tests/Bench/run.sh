#!/bin/bash
# Measures the gateway, each time beside a peer or a raw ceiling of the same run, and prints a table.
#
#   run.sh           about fifteen minutes on a machine that does nothing else
#   run.sh --quick   one short run of everything, to see that it works
#   run.sh --stack   what each driver uses of its thread's stack
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
swift=${SWIFT:-swift}
cd "$root"
flags=(-c release --static-swift-stdlib --explicit-target-dependency-import-check error)
for product in tidegate bench; do
    "$swift" build "${flags[@]}" --product $product >&2
done
folder=$("$swift" build "${flags[@]}" --show-bin-path)

if [ "${1:-}" = --stack ]; then
    "$folder/bench" stack hardware-layouts/demo.json | awk '
        $2 == "default" { size = $1; next }
        { kib = $1; $1 = ""; printf "%4d KiB %s\n", kib, $0; if (kib > most) most = kib }
        END {
            printf "%4d KiB  the most, to the page; the smallest stack that holds all\n", most
            printf "%4d KiB  SyncThread.defaultStackSize, %.1f times the most\n", size, size / most
            if (size < 4 * most) { print "less than four times the most"; exit 1 }
        }'
    exit
fi

peers=$root/.build-peers
mkdir -p "$peers"
"${swift}c" -O -static-stdlib "$here/floor.swift" -o "$peers/floor"
# A peer that cannot be installed is left out of the table.
if [ ! -e "$peers/mqtt-io/bin/mqtt_io" ] && [ ! -e "$peers/mqtt-io/.complete" ]; then
    if python3 -m venv "$peers/mqtt-io" &&
        "$peers/mqtt-io/bin/pip" install -q "mqtt-io==2.7.0"; then
        touch "$peers/mqtt-io/.complete"
    else
        rm -rf "$peers/mqtt-io"
        echo "without mqtt-io: it cannot be installed here"
    fi
fi
python3 "$here/peers.py" "$folder/tidegate" "$peers/bin/python" "$@"
exec python3 "$here/bench.py" "$folder/tidegate" "$folder/bench" "$peers/floor" "$peers/mqtt-io" "$@"
