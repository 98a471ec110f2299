#!/bin/bash
# The whole gateway as a service of a whole Debian: systemd starts it, hears that it lives, finds a hung
# one, and starts it again; the kernel's lines tell when the relay is safe.
#
#   gateway-system.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL", and what it measured; exits 1 when one failed.
set -euo pipefail
. "$(dirname "$0")/payload.sh"

# What a package would have installed beside the program.
mkdir "$work/payload/libraries"
ldd "$program" | awk '/libsqlite3|libmodbus|libgpiod|swift|Foundation|dispatch|Blocks/ {print $3}' |
    xargs -r cp -L -t "$work/payload/libraries"

cat >"$work/payload/house.json" <<'LAYOUT'
{
  "gateway": "d1.system.scada",
  "nodes": [
    {"name": "pump", "kind": "relay", "safeState": "off",
     "component": {"driver": "gpio-relay", "line": "edge-relays/pump"}},
    {"name": "frost", "kind": "relay", "safeState": "on",
     "component": {"driver": "gpio-relay", "line": "edge-relays/frost"}},
    {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": false}},
  ],
  "upstreams": [
    {"name": "house", "broker": "embedded"},
    {"name": "site", "broker": "mqtt://127.0.0.1:1", "user": "u", "password": {"file": "/etc/tidegate/site.key"}},
    {"name": "none", "broker": "mqtt://127.0.0.1:2", "user": "u", "password": {"file": "/etc/tidegate/none.key"}},
  ],
}
LAYOUT

cat >"$work/guest.sh" <<'GUEST'
#!/bin/bash
. /lib/hw.sh
. /payload/guest-gateway.sh
export RUNTIME_DIRECTORY=/run/tidegate
unset STATE_DIRECTORY
# A simulated line falls back to low when its process dies, so only a line that must be high in its safe
# state tells that the gateway has driven it there.
levels() { [ "$(gpio_value relays 4)$(gpio_value relays 5)" = "$1" ]; }
away() { levels 10; }
safe() { levels 01; }
main_pid() { systemctl show -p MainPID --value tidegate; }
state() { systemctl is-active tidegate; }
is_active() { [ "$(state)" = active ]; }
# now: milliseconds since the machine was switched on
now() { echo $(($(sed 's/^\([0-9]*\)\.\([0-9]*\) .*/\1\2/' /proc/uptime) * 10)); }
# The service has a user of its own, and only that user may read the login of its broker.
as_service() {
    setpriv --reuid "$(stat -c %u /run/tidegate)" --clear-groups env HOME=/tmp "$@"
}
tell() { as_service /opt/tidegate/tidegate set "$1" "$2" --timeout 5 >/dev/null 2>&1; }
takes_commands() { tell pump on && tell frost off; }

groupadd -f gpio
groupadd -f tidegate
cat >/etc/udev/rules.d/60-gpio.rules <<'RULE'
SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"
RULE
udevadm control --reload
udevadm control --ping
gpio_new relays edge-relays 8 4=pump 5=frost
udevadm trigger -s gpio
udevadm settle

# Program and layout lie where they would on a board; libraries came with the payload.
mkdir -p /etc/tidegate /opt/tidegate
cp /payload/tidegate /opt/tidegate/
cp /payload/libraries/* /usr/local/lib/
ldconfig
cp /payload/house.json /etc/tidegate/
(umask 077; echo secret >/etc/tidegate/site.key)
/opt/tidegate/tidegate service /etc/tidegate/house.json >/out/tidegate.service
check "the unit is printed: exit status 0" test $? = 0
# The emulated machine is slow, so the watchdog's half minute stays out of it.
sed 's/^WatchdogSec=.*/WatchdogSec=6/' /out/tidegate.service >/etc/systemd/system/tidegate.service
echo "   $(systemd-analyze security --offline=true /etc/systemd/system/tidegate.service 2>/dev/null | tail -1)"
systemctl daemon-reload

echo "# start"
begun=$(now)
systemctl start tidegate
check "systemd hears READY after $(($(now) - begun)) ms" is_active
first=$(main_pid)
check "its status is one line for people: $(systemctl show -p StatusText --value tidegate)" \
    sh -c "systemctl show -p StatusText --value tidegate | grep -q 'nodes run'"
check "it runs as a user of its own, without capabilities" \
    sh -c "grep -q '^CapEff:.0*$' /proc/$first/status && ! grep -q '^Uid:.0' /proc/$first/status"
check "it takes commands" until_true 20 takes_commands
check "both relays are away from their safe states" away
sleep 15
check "it is patted: still the same process after more than twice the watchdog's time" \
    test "$(main_pid)" = "$first"

echo "# local control"
as_member() {
    setpriv --reuid 61992 --regid 61992 --groups "$(getent group tidegate | cut -d: -f3)" env -u RUNTIME_DIRECTORY HOME=/tmp \
        /opt/tidegate/tidegate "$@"
}
socket=/run/tidegate/d1.system.scada.sock
check "the socket belongs to the group: $(stat -c '%G %a' $socket) in $(stat -c '%G %a' /run/tidegate)" \
    test "$(stat -c '%G %a' $socket) $(stat -c '%G %a' /run/tidegate)" = "tidegate 660 tidegate 750"
# A service whose upstreams cannot be reached has faults.
as_member status >/out/status 2>&1
check "a member of the group sees the status: $(head -1 /out/status | tr -d '\033')" \
    grep -q "d1.system.scada: online" /out/status
check "and switches" as_member set pump on
check "the log has who it was" sh -c "journalctl -u tidegate --no-pager | grep -q 'cli uid-61992'"

echo "# secrets and state"
logged() { journalctl -u tidegate --no-pager | grep -qF "$1"; }
owner() { [ "$(stat -Lc %u:%a "$1")" = "$(stat -Lc %u /var/lib/tidegate):600" ]; }
check "a secret that only root may read is read" logged "mqtt://127.0.0.1:1: Connection refused"
check "one that is missing keeps its upstream away and is named" logged "/etc/tidegate/none.key"
check "no core file may hold them" sh -c "grep -q '^Max core file size *0 *0' /proc/$first/limits"
/opt/tidegate/tidegate journal >/out/journal 2>&1
check "journal finds the service's state and names it" grep -q "state directory /var/lib/tidegate" /out/journal
/opt/tidegate/tidegate export --from -1h >/out/export 2>/dev/null
check "export finds it, too" grep -q ",pump,pump," /out/export
/opt/tidegate/tidegate peer keygen --gateway d1.system.scada >/out/keygen 2>&1
check "keygen makes the service's key, which the service may read" owner /var/lib/tidegate/peer-key.pem
/opt/tidegate/tidegate peer pair anna --gateway d1.system.scada \
    --fingerprint "$(printf '0a%.0s' $(seq 32))" >/out/pair 2>&1
check "and so does pair with its list" owner /var/lib/tidegate/peers.json

echo "# a hung gateway: SIGSTOP with the relay on"
away || bad "both relays are away from their safe states before"
stopped=$(now)
kill -STOP "$first"
until_true 40 sh -c "! [ -d /proc/$first ]" || bad "the hung process is killed"
killed=$(now)
check "systemd killed it $((killed - stopped)) ms after it hung; the limit was 6000" \
    test $((killed - stopped)) -ge 3000 -a $((killed - stopped)) -lt 20000
until_true 30 safe || bad "the relays are safe again"
safe=$(now)
until_true 30 is_active || bad "it runs again"
ready=$(now)
second=$(main_pid)
check "the relays are safe $((safe - killed)) ms after the kill, $((safe - stopped)) ms after the hang" safe
check "systemd hears READY $((ready - killed)) ms after the kill" \
    test "$second" != "$first" -a "$second" -gt 0
check "the reason stands in the journal" sh -c "journalctl -u tidegate --no-pager | grep -q 'Watchdog timeout'"
check "it was restarted once: $(systemctl show -p NRestarts --value tidegate)" \
    test "$(systemctl show -p NRestarts --value tidegate)" = 1
check "it takes commands again" until_true 20 takes_commands
check "both relays are away from their safe states again" away

echo "# SIGKILL with the relay on"
killed=$(now)
kill -KILL "$second"
until_true 30 safe
safe=$(now)
check "the relays are safe $((safe - killed)) ms after the kill" safe
until_true 30 is_active || bad "it runs again"

echo "# stop"
until_true 20 takes_commands || bad "it takes commands before the stop"
begun=$(now)
systemctl stop tidegate
check "systemd stops it in $(($(now) - begun)) ms" test "$(state)" = inactive
check "it ended with 0: every relay has confirmed its safe state" test "$(systemctl show -p ExecMainStatus --value tidegate)" = 0
journalctl -u tidegate --no-pager >/out/log
finish
GUEST
"$vm/run.sh" --system --payload "$work/payload" --out "$work/out" --timeout 240 "$work/guest.sh" || status=$?
[ -z "${KEEP:-}" ] || cp -r "$work/out" "$KEEP"
exit "${status:-0}"
