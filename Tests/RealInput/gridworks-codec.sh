#!/bin/bash
# Shows our GridWorks messages to the genuine decoders, of gwproactor and of gridworks-scada, and theirs to
# ours: every one must become the class that it is meant for.
#
# Prints a line for each kind of message, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export TIDEGATE_SHARED=${TIDEGATE_SHARED:-$root/../shared}

[ -x "$TIDEGATE_SHARED/peers/gridworks/setup.sh" ] || {
    echo "skipped: no GridWorks peer in $TIDEGATE_SHARED/peers/gridworks"
    exit 0
}
python=$("$here/gridworks.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" "$here/gridworks-codec.py" write "$work/theirs.jsonl"
export TIDEGATE_GRIDWORKS_FOLDER=$work
if ! swift test --package-path "$root" --filter GridworksPeerTests >"$work/log" 2>&1 ||
    ! grep -q 'Test run with [1-9].* passed' "$work/log"; then
    echo "FAIL the genuine messages were not all understood:"
    grep -E 'error:|recorded an issue|Fatal|Test run' "$work/log" || tail -20 "$work/log"
    exit 1
fi
echo "ok   $(wc -l <"$work/theirs.jsonl") genuine messages are understood here"
"$python" "$here/gridworks-codec.py" check "$work/ours.jsonl"
