#!/bin/bash
# The program and all its SQL with the libraries of Debian 13: it was built against those of Debian 12. A
# gateway keeps readings, is killed and started again, and a relay is set; the tests of the rooms that call
# these libraries run too: journals, wires, brokers and peers.
#
#   debian13.sh [PROGRAM [TESTS]]     .build/release/tidegate and .build/debug/tidegatePackageTests.xctest
#
# Needs root, and once the network: debian13-tree.sh fetches the libraries. Only libgpiod stays Debian 12's,
# whose later version has another name; gpio-lines.sh --suite trixie builds against that. Prints a line for
# each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$(realpath "${1:-$root/.build/release/tidegate}")
tests=$(realpath -q "${2:-$root/.build/debug/tidegatePackageTests.xctest}" || true)

skip() {
    echo "skipped: $1"
    exit 0
}
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip "only root may use another root folder"
tree=$("$here/debian13-tree.sh" 2>/dev/null) || skip "the libraries of Debian 13 cannot be fetched"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/lib"
# What the program has of its own: libgpiod under Debian 12's name, and Swift's libraries in debug builds.
for file in "$program" ${tests:+"$tests"}; do
    ldd "$file" | awk '$1 ~ /^(libgpiod|libswift|libFoundation|lib_Foundation|libdispatch|libBlocksRuntime|libTesting|libXCTest|lib_Testing)/ { print $3 }'
done | sort -u | xargs -r cp -L -t "$work/lib"
PYTHONDONTWRITEBYTECODE=1 exec unshare -m -p --fork --kill-child bash -c '
set -e
tree=$1 work=$2 program=$3 tests=$4 here=$5
mount --make-rprivate /
mount -t tmpfs tmpfs "$tree/tmp"
mkdir "$tree/tmp/lib"
# What is in there says where commands go, so the gateway takes none that others may write to.
mkdir -m 700 "$tree/tmp/run"
cp "$work"/lib/* "$tree/tmp/lib/"
for file in "$program" $tests; do
    : >"$tree/tmp/$(basename "$file")"
    mount --bind "$file" "$tree/tmp/$(basename "$file")"
done
mount --rbind /dev "$tree/dev"
mount --bind /sys "$tree/sys"
mount -t proc proc "$tree/proc"
mount -t proc proc /proc
cp /etc/passwd /etc/group "$tree/etc/"
chroot "$tree" ldconfig
# Not in place of this shell, which buries what processes leave behind.
python3 "$here/debian13.py" "$tree" "tmp/$(basename "$program")" "${tests:+tmp/$(basename "$tests")}" || exit 1
' bash "$tree" "$work" "$program" "$tests" "$here"
