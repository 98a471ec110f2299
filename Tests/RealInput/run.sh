#!/bin/bash
# Runs all checks of this folder. Prints every line of theirs and what came of each; exits 1 when one
# failed. Takes about twenty minutes.
#
#   run.sh [CHECK]...     those checks only: run.sh gateway-gpio.sh
set -uo pipefail
# The gateway refuses folders that others may write to, and these checks make some.
umask 022
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vm=${TIDEGATE_SHARED:-$root/../shared}/gpio-vm
passed=0 failed=0 skipped=0 again=0 failures=""

# Root may install what the virtual machine needs; all others find it installed or are told so.
if [ -x "$vm/prepare.sh" ]; then
    install=()
    [ "$(id -u)" != 0 ] || install=(--install)
    "$vm/prepare.sh" "${install[@]}" >/dev/null || echo "the virtual machine could not be prepared"
fi

# run CHECK [ARGUMENT]...
run() {
    local said status=0
    said=$(mktemp)
    echo "== $*"
    "$here/$1" "${@:2}" 2>&1 | tee "$said" || status=1
    # These programs wait by real time, and another program may have had the machine. It is said at the end.
    if [ $status != 0 ]; then
        echo "== $1 failed, and is tried once more"
        failures+="$1, at the first try: $(grep -aE 'FAIL|WRONG|rror' "$said" | tail -5)"$'\n'
        again=$((again + 1)) status=0
        "$here/$1" "${@:2}" 2>&1 | tee "$said" || status=1
    fi
    if [ $status != 0 ]; then
        failed=$((failed + 1))
        echo "== $1 failed"
        # Said once more at the end, where the last lines of a long log are all that is read.
        failures+="$1: $(grep -aE 'FAIL|WRONG|rror' "$said" | tail -5)"$'\n'
    elif grep -q '^skipped: ' "$said"; then
        skipped=$((skipped + 1))
    else
        passed=$((passed + 1))
    fi
    rm -f "$said"
}

checks=("$@")
[ $# -gt 0 ] || checks=(gpio-shim.sh gpio-lines.sh modbus-peer.sh modbus-profiles.sh meter-telegrams.sh gateway-host.sh terminal.sh gateway-modbus.sh
    gateway-gpio.sh gateway-interlock.sh gateway-retained.sh gateway-ups.sh gateway-sensors.sh gateway-system.sh gateway-control.sh gateway-web.sh gateway-page.sh gridworks-codec.sh upstream-child.sh
    gateway-simulated.sh debian13.sh gateway-disk.sh gateway-crash.sh gateway-gridworks.sh gateway-home-assistant.sh peer-wire.sh peer-chirp.sh
    peer-gateways.sh cases.sh)
for check in "${checks[@]}"; do run "$check"; done
printf '%s' "$failures"
echo "$passed passed, $failed failed, $skipped skipped; $again tried twice"
exit $((failed > 0))
