#!/bin/bash
# Two gateways in one building while their broker is down: one reads the other's meter and switches its
# relay, and a link that is pulled in the middle gives each command exactly one outcome.
#
#   peer-gateways.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# As root each gateway has a network namespace of its own and TLS is spoken between them; for all others both
# are on this machine's loopback, and the link is pulled by ending the other gateway.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 "$here/peer-gateways.py" \
    "${1:-${TIDEGATE:-$root/.build/release/tidegate}}" "$work"
