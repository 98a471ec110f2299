#!/bin/bash
# Prints the folder of a genuine Home Assistant: the one of TIDEGATE_HOME_ASSISTANT, or one that is made in
# .build-peers now, in some minutes. Exits 77, and says why, where there is no Python that it runs with.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${TIDEGATE_SHARED:-$root/../shared}
version=2025.4.4
made=$root/.build-peers/home-assistant
for folder in "${TIDEGATE_HOME_ASSISTANT:-}" "$made"; do
    if [ -n "$folder" ] && [ -x "$folder/bin/hass" ] && [ -e "$folder/complete" -o "$folder" != "$made" ]; then
        echo "$folder"
        exit
    fi
done
# Later ones want a later Python; this one runs with 3.13 alone.
for python in python3.13 ~/.pyenv/versions/3.13*/bin/python; do
    "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || continue
    rm -rf "$made"
    "$shared/peers/home-assistant/setup.sh" "$made" $version "$python" >&2
    touch "$made/complete"
    echo "$made"
    exit
done
echo "Home Assistant $version needs Python 3.13" >&2
exit 77
