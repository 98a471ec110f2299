#!/bin/bash
# Prints a folder with the libraries, the broker and a few tools of Debian 13, kept in
# .build-peers/debian13; 1 where it cannot be had. They come from the mirror that apt uses for Debian here, or MIRROR, and are unpacked, not
# installed: about 40 MB to fetch once.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$root/.build-peers/debian13
packages=(libc-bin libsqlite3-0 libmosquitto1 libmodbus5 libssl3t64 libstdc++6 mosquitto dash openssl coreutils util-linux)

make() {
    local work=$root/.build-peers/debian13.new mirror=${MIRROR:-}
    # The first source of Debian's own main packages.
    [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(SITE) $(LABEL) $(CREATED_BY)' |
        awk '$2 == "Debian" && $3 == "Packages" { print $1; exit }')
    [ -n "$mirror" ] || return 1
    rm -rf "$work"
    mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial,etc} "$work/tree"
    : >"$work/apt/status"
    echo "deb $mirror trixie main" >"$work/apt/etc/sources.list"
    local apt=(apt-get -qq -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status"
        -o Dir::Cache="$work/apt/cache" -o Dir::Etc="$work/apt/etc" -o Dir::Etc::preferencesparts=/dev/null
        -o Dir::Etc::trustedparts=/etc/apt/trusted.gpg.d/ -o APT::Sandbox::User=root
        -o APT::Install-Recommends=false -o Acquire::Languages=none)
    "${apt[@]}" update && "${apt[@]}" --download-only -y install "${packages[@]}" || return 1
    local package
    for package in "$work"/apt/cache/archives/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
    # Where a package still has its own /lib, Debian 13 has a link.
    local name
    for name in bin sbin lib lib64; do
        if [ -d "$work/tree/$name" ] && [ ! -L "$work/tree/$name" ]; then
            mkdir -p "$work/tree/usr/$name"
            cp -a "$work/tree/$name/." "$work/tree/usr/$name/"
            rm -rf "${work:?}/tree/$name"
        fi
        [ -e "$work/tree/$name" ] || ln -s "usr/$name" "$work/tree/$name"
    done
    mkdir -p "$work/tree"/{proc,sys,dev,tmp,root,run}
    rm -rf "$tree" "$work/apt"
    mv "$work/tree" "$tree"
    rmdir "$work"
}

[ -x "$tree/usr/bin/setpriv" ] || make >&2
echo "$tree"
