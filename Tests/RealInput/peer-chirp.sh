#!/bin/sh
# The direct link against genuine libchirp: both roles, both modes, plain and TLS 1.3.
# Usage: peer-chirp.sh [messages]
#
# Says `skipped: …` where libchirp cannot be had.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tidegate=${TIDEGATE:-$root/.build/release/tidegate}
count=${1:-2000}
python=$("$here/chirp.sh") || { echo "skipped: libchirp cannot be built here"; exit 0; }
# libchirp encrypts by address: this machine's own one beyond loopback is encrypted.
host=$(ip -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

# An authority and a certificate for each side; libchirp wants leaf, authority and key in one file.
certificates() {
    cd "$folder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
        -subj /CN=rig -keyout ca.key -out ca.pem 2>/dev/null
    for side in tidegate libchirp; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$side \
            -keyout $side.key -out $side.csr 2>/dev/null
        echo "subjectAltName=DNS:$side" >$side.ext
        openssl x509 -req -in $side.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
            -extfile $side.ext -out $side.crt 2>/dev/null
    done
    openssl dhparam -dsaparam -out dh.pem 2048 2>/dev/null
    cat libchirp.crt ca.pem libchirp.key dh.pem >libchirp.pem
    cat tidegate.crt tidegate.key >tidegate.pem
    echo '{"ca": "'"$folder"'/ca.pem", "peers": [{"name": "libchirp", "rights": []}]}' \
        >peers.json
    cd - >/dev/null
}
certificates

# start COMMAND…: runs a server and reads the port at the end of its first line.
start() {
    mkfifo "$folder/said"
    "$@" >"$folder/said" &
    server=$!
    read -r line <"$folder/said"
    rm "$folder/said"
    port=${line##*[ :]}
}

stop() {
    kill -9 "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

ours="--key $folder/tidegate.pem --list $folder/peers.json"
for mode in sync async; do
    for tls in plain tls; do
        to=127.0.0.1; listen=127.0.0.1; pem=
        if [ $tls = tls ]; then
            [ -n "$host" ] || { echo "$mode, tls: no address beyond loopback, left out"; continue; }
            to=$host; listen=$host; pem=$folder/libchirp.pem
        fi
        # shellcheck disable=SC2086
        start "$tidegate" peer serve --listen $listen:0 --mode $mode $ours
        printf '%s, %s, libchirp asks: ' $mode $tls
        # shellcheck disable=SC2086
        "$python" "$here/peer-chirp.py" ask "$port" "$count" $mode $to $pem
        stop
        # shellcheck disable=SC2086
        start "$python" "$here/peer-chirp.py" serve $mode $to $pem
        for lanes in 1 100; do
            printf '%s, %s, we ask, %s in flight: ' $mode $tls $lanes
            # shellcheck disable=SC2086
            "$tidegate" peer ping "$to:$port" --count "$count" --mode $mode --in-flight $lanes $ours
        done
        stop
    done
done
echo "libchirp: every message was answered"
