#!/bin/bash
# The whole gateway on a disk of half a megabyte that it fills by itself, and on one that others fill: what
# is acknowledged makes room, history goes upstream from memory, and nothing is lost that there is room for.
#
#   gateway-disk.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Needs root, for a disk in memory, and mosquitto. Prints a line for each check, "ok" or "FAIL"; exits 1 when
# one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || {
    echo "skipped: only root may mount a disk in memory"
    exit 0
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 unshare -m bash -c '
    mkdir "$2/state" && mount -t tmpfs -o size=512k tmpfs "$2/state" && exec python3 "$0" "$1" "$2"' \
    "$here/gateway-disk.py" "${1:-$root/.build/release/tidegate}" "$work"
