#!/bin/bash
# Prints a Python that has the genuine GridWorks packages: the one of TIDEGATE_GRIDWORKS, or one that is
# made in .build-peers now.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${TIDEGATE_SHARED:-$root/../shared}
made=$root/.build-peers/gridworks
for python in "${TIDEGATE_GRIDWORKS:-}" "$made/bin/python"; do
    if [ -n "$python" ] && "$python" -c 'import gwproactor, gwproto, gwsproto' 2>/dev/null; then
        echo "$python"
        exit
    fi
done
# A name that is found need not be one that runs.
for base in python3.11 python3.12 python3.13 python3; do
    ! "$base" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || break
done
"$shared/peers/gridworks/setup.sh" "$made" "$base" >&2
echo "$made/bin/python"
