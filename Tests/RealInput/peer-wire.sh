#!/bin/sh
# The direct link against an independent implementation of its wire: both roles, both modes, plain and TLS.
# Usage: peer-wire.sh [messages]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tidegate=${TIDEGATE:-$here/../../.build/release/tidegate}
count=${1:-2000}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

# A key for each side; each has the other's on its list.
for side in ours theirs; do
    "$tidegate" peer keygen --name $side --state-directory "$folder/$side" >/dev/null
    sed -n '/BEGIN CERT/,/END CERT/p' "$folder/$side/peer-key.pem" >"$folder/$side.crt"
done
"$tidegate" peer pair theirs --certificate "$folder/theirs.crt" --state-directory "$folder/ours" >/dev/null
ours="--tls --state-directory $folder/ours"
theirs="--tls $folder/theirs/peer-key.pem --peer $folder/ours.crt"

# start COMMAND…: runs a server and reads the port that it prints at the end of its first line.
start() {
    mkfifo "$folder/said"
    "$@" >"$folder/said" &
    server=$!
    read -r line <"$folder/said"
    rm "$folder/said"
    port=${line##*[ :]}
}

stop() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
}

for mode in sync async; do
    for tls in plain tls; do
        own=; other=
        [ $tls = plain ] || { own=$ours; other=$theirs; }
        # shellcheck disable=SC2086
        start "$tidegate" peer serve --listen 127.0.0.1:0 --mode $mode $own
        for cut in 0 1 7; do
            messages=$count
            [ $cut = 0 ] || messages=$((count / 10))
            printf '%s, %s, they ask, cut %s: ' $mode $tls $cut
            # shellcheck disable=SC2086
            python3 "$here/chirp_peer.py" ask "$port" --count "$messages" --mode $mode --cut $cut $other
        done
        printf '%s, %s, they ask, cut at every byte: ' $mode $tls
        # shellcheck disable=SC2086
        python3 "$here/chirp_peer.py" boundaries "$port" --mode $mode $other
        stop
        for cut in 0 5; do
            # shellcheck disable=SC2086
            start python3 "$here/chirp_peer.py" serve --mode $mode --cut $cut $other
            printf '%s, %s, we ask, cut %s: ' $mode $tls $cut
            # shellcheck disable=SC2086
            "$tidegate" peer ping "127.0.0.1:$port" --count "$count" --mode $mode $own
            stop
        done
    done
done
echo "the wire: every message was answered"
