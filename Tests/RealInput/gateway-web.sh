#!/bin/bash
# The web server of a whole gateway: asked with curl, and by clients that are slow, many, malformed or of other sites.
#
#   gateway-web.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
command -v curl >/dev/null || { echo "skipped: curl is not there; apt install curl"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/gateway-web.py" "${1:-$root/.build/release/tidegate}" "$work"
