#!/bin/bash
# Compiles the GPIO shim against libgpiod 1.6, 2.1 and 2.2 and checks each on a real kernel.
#
#   gpio-shim.sh            all of it, about a minute
#   gpio-shim.sh --compile  compile and link only
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
vm=${TIDEGATE_SHARED:-$root/../shared}/gpio-vm
triplet=$(cc -print-multiarch 2>/dev/null || gcc -print-multiarch)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

[ -x "$vm/run.sh" ] || {
    echo "skipped: no simulated hardware in $vm"
    exit 0
}

# build NAME [FOLDER]: a program for the payload of one machine, against the libgpiod of FOLDER
build() {
    local flags=()
    [ $# = 1 ] ||
        flags=(-I "$2/usr/include" -L "$2/usr/lib/$triplet" -Wl,-rpath,"$2/usr/lib/$triplet")
    mkdir "$work/$1"
    if cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I "$root/Sources/Clibs/CGpiod/include" \
        "$root/Sources/Clibs/CGpiod/CGpiod.c" "$here/gpio-shim.c" -o "$work/$1/gpio-shim" \
        "${flags[@]}" -lgpiod; then
        echo "ok: compiles and links with libgpiod $1"
    else
        echo "FAIL: compiles and links with libgpiod $1"
        failures=$((failures + 1))
    fi
}

cat >"$work/guest.sh" <<'GUEST'
. /lib/hw.sh
set -e
gpio_new sim0 edge-relays 8 0=button 4=relay0
gpio-shim
GUEST

# run NAME: its program on the machine
run() {
    [ -x "$work/$1/gpio-shim" ] || return 0
    if "$vm/run.sh" --payload "$work/$1" --timeout 120 "$work/guest.sh" |
        sed "s/^/libgpiod $1: /"; then
        echo "ok: libgpiod $1 on a real kernel"
    else
        echo "FAIL: libgpiod $1 on a real kernel"
        failures=$((failures + 1))
    fi
}

build 1.6
build 2.1 "$("$vm/fetch_gpiod2.sh" bookworm-backports)"
build 2.2 "$("$vm/fetch_gpiod2.sh" trixie)"
[ "${1:-}" = --compile ] || for version in 1.6 2.1 2.2; do run $version; done
exit $((failures > 0))
