#!/bin/bash
# The local control socket of a gateway without an upstream, asked by the kernel's own users: root, the gateway's
# user, a member of the group and nobody.
#
#   gateway-control.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Needs root, for the users and a /run/tidegate of its own, and is skipped without. Prints a line for each check, "ok"
# or "FAIL"; exits 1 when one failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$(realpath "${1:-$root/.build/release/tidegate}")
if [ "$(id -u)" != 0 ]; then
    echo "skipped: needs root"
    exit 0
fi
# The group, and the folder that systemd makes for a service, are there in these checks only.
if [ "${2:-}" != inside ]; then exec unshare -m "$0" "$program" inside; fi
mount --make-rprivate /
work=$(mktemp -d)
chmod 755 "$work"
gateway=""
trap '[ -z "$gateway" ] || kill -9 "$gateway" 2>/dev/null; rm -rf "$work"' EXIT

owner=61990 group=61991 member=61992
{ grep -v '^tidegate:' /etc/group; echo "tidegate:x:$group:"; } >"$work/group"
mount --bind "$work/group" /etc/group
mkdir -p /run/tidegate && mount -t tmpfs none /run/tidegate
chown $owner:$owner /run/tidegate && chmod 700 /run/tidegate
mkdir "$work/state" && chown $owner:$owner "$work/state"
cat >"$work/house.json" <<'LAYOUT'
{"gateway": "d1.house.scada",
 "nodes": [{"name": "pump", "kind": "relay", "safeState": "off", "component":
   {"driver": "gpio-relay", "line": "chip/1", "simulated": true}}]}
LAYOUT
socket=/run/tidegate/d1.house.scada.sock
failed=0

# check WORDS COMMAND...: whether the command succeeds.
check() {
    local words=$1
    shift
    if "$@" >"$work/check" 2>&1; then echo "ok    $words"; else
        echo "FAIL  $words"
        sed 's/^/      /' "$work/check"
        failed=1
    fi
}
# ends STATUS COMMAND...: whether it ends so; what it says stays in "$work/said".
ends() {
    local wanted=$1 status=0
    shift
    "$@" >"$work/said" 2>&1 </dev/null || status=$?
    cat "$work/said"
    [ $status = "$wanted" ] || { echo "ended with $status, not $wanted"; return 1; }
}
says() { cat "$work/said" && grep -qF -- "$1" "$work/said"; }
clean() { env -i PATH=/usr/bin:/bin HOME="$work" timeout 30 "$@"; }
as_root() { clean "$program" "$@"; }
as_owner() { clean setpriv --reuid $owner --regid $owner --clear-groups "$program" "$@"; }
# By a supplementary group alone, as usermod -aG gives it.
as_member() { clean setpriv --reuid $member --regid $member --groups $group "$program" "$@"; }
as_nobody() { clean setpriv --reuid 65534 --regid 65534 --clear-groups "$program" "$@"; }
# waits SECONDS COMMAND...: until it succeeds.
waits() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}
start() {
    # Not by a function, whose process would not be the gateway's.
    env -i PATH=/usr/bin:/bin HOME="$work" \
        RUNTIME_DIRECTORY=/run/tidegate STATE_DIRECTORY="$work/state" \
        setpriv --reuid $owner --regid $owner --groups $group \
        "$program" run "$work/house.json" 2>>"$work/log" >/dev/null &
    gateway=$!
    waits 20 test -S $socket
}

check "the gateway runs as a user of its own, without an upstream" start
check "its socket is the group's, 0660" test "$(stat -c '%u %g %a' $socket)" = "$owner $group 660"
check "its folder can be looked into by the group, 0750" \
    test "$(stat -c '%g %a' /run/tidegate)" = "$group 750"
for user in root owner member; do
    check "$user sees the status" ends 0 as_$user status
    check "$user sees it as JSON" says "d1.house.scada: online"
    check "$user switches" ends 0 as_$user set pump on
    check "$user releases an override" ends 0 as_$user set pump on --for 10min
    check "  and so on" ends 0 as_$user release pump
done
check "the log has who it was" grep -q "(cli uid-$member)" "$work/log"
# It notices that its reader has gone when it writes again, which need not be soon.
watches() { { timeout 10 setpriv --reuid $member --regid $member --groups $group "$program" watch || true; } |
    head -1 | grep '"channel":"pump"'; }
check "a member watches" watches
check "nobody sees no status" ends 69 as_nobody status
check "  and is referred to the group" says "member of the group tidegate"
check "nobody switches nothing" ends 78 as_nobody set pump on
check "  and is referred to the group" says "members of the group tidegate"
check "nobody cannot connect" ends 0 setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 -c "
import socket, sys
try: socket.socket(socket.AF_UNIX).connect('$socket')
except PermissionError: sys.exit(0)
sys.exit(1)"
chmod o+rx /run/tidegate && chmod o+rw $socket
check "nobody, let in by the mode, sees the status" ends 0 as_nobody status
check "  and switches nothing" ends 1 as_nobody set pump on
check "  because of the right" says "no right to switch"
chmod o-rwx /run/tidegate $socket

cat >"$work/crowd.py" <<'CROWD'
import os, socket, sys, time
path, count = sys.argv[1], int(sys.argv[2])
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
crowd = []
for number in range(count):
    one = socket.socket(socket.AF_UNIX)
    one.connect(path)
    try:
        # Halves of lines, lines without an end, nonsense, and half of them watch and read nothing.
        one.sendall([b'{"ask": "sta', b'x' * 3000, b'\xff\n\x00\n', b'{"ask": "watch"}\n'][number % 4])
    except (BrokenPipeError, ConnectionResetError):
        pass
    crowd.append(one)
print("open", flush=True)
sys.stdin.read()
CROWD
mkfifo "$work/hold"
setpriv --reuid $member --regid $member --groups $group \
    /usr/bin/python3 "$work/crowd.py" $socket 1000 <"$work/hold" >"$work/crowd" 2>&1 &
crowd=$!
exec 9>"$work/hold"
check "a thousand connections of one user are opened" waits 60 grep -q open "$work/crowd"
check "and root is answered beside them" ends 0 as_root status
check "and the owner switches" ends 0 as_owner set pump on
exec 9>&- && wait $crowd
check "the gateway has not grown descriptors" \
    test "$(ls /proc/$gateway/fd | wc -l)" -lt 100

rm $socket
check "a socket that is swept away comes back" waits 15 test -S $socket
check "and can be asked" waits 5 as_member status
kill -9 $gateway && wait $gateway 2>/dev/null
check "after a kill the socket is left, and nobody listens" test -S $socket
check "status ends with 69 then" ends 69 as_root status
check "the next gateway takes its place" start
check "and can be asked" waits 20 as_root status
kill $gateway
stops() { wait $gateway; }
check "it stops in order" stops
gateway=""
check "and takes its socket along" test ! -e $socket
exit $failed
