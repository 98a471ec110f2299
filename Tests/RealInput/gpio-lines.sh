#!/bin/bash
# Runs the suites for GPIO lines and their drivers on a real kernel's gpio-sim, as root and as nobody.
#
#   gpio-lines.sh                  builds the tests first
#   gpio-lines.sh PROGRAM          runs tests that were built already
#   gpio-lines.sh --suite SUITE    builds them in a folder of their own against libgpiod 2 from
#                                  bookworm-backports (2.1) or trixie (2.2): a few minutes at first
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

build=(swift build --package-path "$root" --build-tests)
if [ "${1:-}" = --suite ]; then
    usr=$("$vm/fetch_gpiod2.sh" "$2")/usr
    lib=$usr/lib/$(gcc -print-multiarch)
    # Other libraries' own -L would come first and find the system's libgpiod.
    mkdir "$work/pkgconfig"
    for name in mosquitto modbus; do
        sed "s|^Libs:.*|Libs: -L$lib -l$name|" \
            "$(pkg-config --variable=pcfiledir lib$name)/lib$name.pc" \
            >"$work/pkgconfig/lib$name.pc"
    done
    export PKG_CONFIG_PATH=$work/pkgconfig CPATH=$usr/include
    build+=(--scratch-path "$root/.build/libgpiod-$2" -Xlinker "-rpath=$lib")
    shift 2
fi
tests=${1:-}
if [ -z "$tests" ]; then
    "${build[@]}"
    tests=$("${build[@]}" --show-bin-path)/tidegatePackageTests.xctest
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
