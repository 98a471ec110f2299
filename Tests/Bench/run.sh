#!/bin/bash
# Measures the gateway, each time beside a peer or a raw ceiling of the same run, and prints a table.
#
#   run.sh           about fifteen minutes on a machine that does nothing else
#   run.sh --quick   one short run of everything, to see that it works
#   run.sh --commands [--quick]   how long a command takes, alone
#   run.sh --channels [--quick]   the channels alone
#   run.sh --link [--quick]       the journal and the link alone
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
for raw in floor roundtrip; do
    "${swift}c" -O -static-stdlib "$here/$raw.swift" -o "$peers/$raw"
done
# A peer that cannot be installed is left out of the table.
install() {
    [ ! -e "$peers/$1/.complete" ] || return 0
    if python3 -m venv "$peers/$1" && "$peers/$1/bin/pip" install -q "$1==$2"; then
        touch "$peers/$1/.complete"
    else
        rm -rf "${peers:?}/$1"
        echo "without $1: it cannot be installed here"
    fi
}
quick=()
for argument in "$@"; do [ "$argument" != --quick ] || quick=(--quick); done
if [ "${1:-}" = --commands ]; then
    install mqtt-io 2.7.0
    exec python3 "$here/bench.py" "$folder/tidegate" "$folder/bench" "$peers/floor" "$peers/mqtt-io" "$@"
fi

# The journal and the link; the genuine GridWorks peer comes from ../shared.
link() {
    python3 "$here/journal.py" "$folder/bench" "${quick[@]}"
    local shared=${TIDEGATE_SHARED:-$root/../shared} python
    if [ -d "$shared/peers/gridworks" ] && python=$("$here/../RealInput/gridworks.sh"); then
        TIDEGATE_SHARED=$shared python3 "$here/link.py" "$folder/tidegate" "$folder/bench" \
            "$peers/floor" "$python" "${quick[@]}"
    else
        echo "without the genuine GridWorks child: it cannot be had here"
    fi
    python3 "$here/week.py" "$folder/tidegate" "$folder/bench" "${quick[@]}"
}
if [ "${1:-}" = --link ]; then
    link
    exit
fi

install frequenz-channels 1.12.0
python3 "$here/channels.py" "$folder/bench" "$peers/frequenz-channels" "${quick[@]}"
[ "${1:-}" != --channels ] || exit 0
link
chirp=$("$here/../RealInput/chirp.sh") || echo "without libchirp: it cannot be built here"
python3 "$here/peers.py" "$folder/tidegate" "$folder/bench" "$peers/roundtrip" "${chirp:-none}" "$@"
install mqtt-io 2.7.0
exec python3 "$here/bench.py" "$folder/tidegate" "$folder/bench" "$peers/floor" "$peers/mqtt-io" "$@"
