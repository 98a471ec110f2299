#!/bin/bash
# Runs the suites for GPIO lines and their drivers on a real kernel's gpio-sim, as root and as nobody.
#
#   gpio-lines.sh           builds the tests first
#   gpio-lines.sh PROGRAM   runs tests that were built already
#
# Exits 1 when a test failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vm=${TIDEGATE_SHARED:-$root/../shared}/gpio-vm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -x "$vm/run.sh" ] || {
    echo "skipped: no simulated hardware in $vm"
    exit 0
}

tests=${1:-}
if [ -z "$tests" ]; then
    swift build --package-path "$root" --build-tests
    tests=$(swift build --package-path "$root" --show-bin-path)/tidegatePackageTests.xctest
fi
mkdir "$work/payload"
cp "$tests" "$work/payload/tests"
cat >"$work/guest.sh" <<'GUEST'
. /lib/hw.sh
set -e
export HOME=/tmp
gpio_new sim0 edge-relays 8 0=button 4=relay0
/usr/bin/setpriv --reuid 65534 --clear-groups \
    tests --testing-library swift-testing --filter 'RealLinesTests.*may not be opened'
tests --testing-library swift-testing --filter RealLinesTests
GUEST
"$vm/run.sh" --payload "$work/payload" --add /usr/bin/setpriv --mem 1024 --timeout 120 \
    "$work/guest.sh"
