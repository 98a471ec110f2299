#!/bin/bash
# Shows generated telegrams of meters to independent decoders and to ours: both must find the same values.
# SML beside smllib, P1 beside dsmr-parser (a quarter of them encrypted), M-Bus beside pyMeterBus.
#
# Prints a line for each kind, "ok" or "FAIL"; exits 1 when one failed. TELEGRAMS sets how many of each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
count=${TELEGRAMS:-1000}
python=$root/.build-peers/meters/bin/python

if [ ! -x "$python" ]; then
    python3 -m venv "$root/.build-peers/meters"
    for package in smllib==1.7 dsmr-parser==1.11.2 pyMeterBus==0.8.5 cryptography; do
        "$python" -m pip install --quiet "$package" >&2 || echo "left out: $package cannot be installed" >&2
    done
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
for kind in sml p1 mbus; do
    case $("$python" "$here/meter-telegrams.py" $kind "$count" "$work/$kind.tsv" 2>"$work/error" && echo made) in
    *made) ;;
    *)
        echo "skipped: $kind, for want of its decoder: $(tail -1 "$work/error")"
        continue
        ;;
    esac
    if TIDEGATE_TELEGRAMS=$work/$kind.tsv swift test --package-path "$root" --skip-build \
        --filter GenuineTelegramsTests >"$work/log" 2>&1 &&
        grep -aq "compared $count telegrams" "$work/log"; then
        echo "ok   $kind: $count telegrams, $(grep -aoE '[0-9]+ values' "$work/log" | head -1) the same"
    else
        echo "FAIL $kind:"
        grep -aE 'recorded an issue|↳|error:' "$work/log" | head -20
        status=1
    fi
done
exit $status
