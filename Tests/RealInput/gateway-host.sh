#!/bin/bash
# The whole gateway about the machine it runs on: what it publishes is what the kernel says just then.
#
#   gateway-host.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Needs nothing but mosquitto. Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-host.py" \
    "${1:-$root/.build/release/tidegate}" "$root/hardware-layouts/host.json" "$work"
