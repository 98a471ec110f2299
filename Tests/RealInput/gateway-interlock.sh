#!/bin/bash
# Two interlocked relays of a whole gateway on a real kernel's GPIO lines, under a storm of commands: a
# second process and the kernel's own record watch that both are never on.
#
#   gateway-interlock.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL", and what it measured; exits 1 when one failed.
set -euo pipefail
. "$(dirname "$0")/payload.sh"
compile levels

cat >"$work/payload/layout.json" <<'LAYOUT'
{
  "gateway": "d1.valve.scada",
  "nodes": [
    {"name": "opens", "kind": "relay", "safeState": "off",
     "component": {"driver": "gpio-relay", "line": "opening/coil-1"}},
    {"name": "closes", "kind": "relay", "safeState": "off",
     "component": {"driver": "gpio-relay", "line": "closing/coil-2"}},
  ],
  "interlocks": [{"atMostOne": ["opens", "closes"], "deadTime": "50ms"}],
  "upstreams": [{"name": "house", "broker": "embedded"}],
}
LAYOUT

# A thousand orders in ten gusts, half of them for each relay, two of three to switch on. The same each
# time. In a gust they come faster than relays switch; between two the emulated machine draws breath.
for relay in opens closes; do
    awk -v relay=$relay 'BEGIN {
        srand(relay == "opens" ? 7 : 11)
        for (i = 1; i <= 500; i++) {
            pause = i % 50 == 0 ? 5000000 : rand() * 20000
            value = rand() < 0.67 ? "on" : "off"
            printf "%d {\"value\":\"%s\",\"id\":\"%s-%d\"}\n", pause, value, relay, i
        }
    }' >"$work/payload/orders-$relay"
done

cat >"$work/guest.sh" <<'GUEST'
. /lib/hw.sh
. /payload/guest-gateway.sh
LAYOUT=/payload/layout.json GATEWAY=d1.valve.scada
gpio_new opening opening 4 0=coil-1
gpio_new closing closing 4 0=coil-2

# The kernel's own record of who switched what, and when.
TRACE=/sys/kernel/tracing
mount -t tracefs none $TRACE 2>/dev/null
mount -t debugfs none /sys/kernel/debug 2>/dev/null
echo mono >$TRACE/trace_clock
echo 4096 >$TRACE/buffer_size_kb
echo 1 >$TRACE/events/gpio/gpio_value/enable || bad "the kernel traces gpio/gpio_value"
number() { sed -n "s/^$(gpio_chip "$1"): GPIOs \([0-9]*\)-.*/\1/p" /sys/kernel/debug/gpio; }
level() { [ "$(gpio_value "$1" 0)" = "$2" ]; }
# answers [TEXT]: how many were published since the mark
answers() { since_mark | grep " tidegate/$GATEWAY/answer/" | grep -c "${1:-}"; }
identities() { since_mark | sed -n 's/.*\/answer\/.*"id": *"\([a-z]*-[0-9]*\)".*/\1/p'; }
enough() { [ "$(answers)" -ge "$1" ]; }
refused() { ! tidegate set "$@" 2>/out/refusal; }

start_gateway || bad "the gateway starts with its embedded broker"

echo "# a storm of 1,000 orders"
mark
echo >$TRACE/trace
levels "$(gpio_dir opening)/sim_gpio0/value" "$(gpio_dir closing)/sim_gpio0/value" >/out/levels &
SAMPLER=$!
began=$(cut -d' ' -f1 /proc/uptime)
feeders=
for relay in opens closes; do
    while read -r pause order; do
        usleep "$pause"
        echo "$order"
    done <"/payload/orders-$relay" | publish -l -t "tidegate/$GATEWAY/set/$relay" &
    feeders="$feeders $!"
done
wait $feeders
ended=$(cut -d' ' -f1 /proc/uptime)
until_true 10 enough 1000
sleep 1
kill $SAMPLER
wait $SAMPLER
check "the sampler saw the lines to the end" test $? = 0
read -r samples changes both pause </out/levels
confirmed=$(answers '"outcome":"confirmed"')
refused=$(answers '"outcome":"refused"')
echo "   $(echo "$began $ended" | awk '{printf "%.0f", $2 - $1}') s; $confirmed confirmed, $refused refused, $(answers '"outcome":"failed"') failed, $(answers '"outcome":"late"') late"
check "$(answers) answers to 1,000 orders" test "$(answers)" = 1000
check "each order was answered once" test "$(identities | sort -u | wc -l)" = 1000
check "each was carried out or refused" test $((confirmed + refused)) = 1000
check "a second process took $samples samples, $((pause / 1000)) ms apart at most, saw $changes switches, and both on in $both" \
    test "$samples" -gt 1000 -a "$changes" -gt 100 -a "$both" = 0
awk -v opens="$(number opening)" -v closes="$(number closing)" '
    / gpio_value: / {
        for (i = 1; $i != "gpio_value:"; i++) time = $i
        line = $(i + 1)
        if ($(i + 2) != "set" || (line != opens && line != closes)) next
        value = $(i + 3)
        if (value == level[line] + 0) next
        level[line] = value
        switches++
        other = line == opens ? closes : opens
        if (value == 0) off[line] = time
        else if (level[other] == 1) both++
        else if (other in off && (gap == "" || time - off[other] < gap)) gap = time - off[other]
    }
    END { printf "%d %d %d\n", switches, both, gap * 1000 }' $TRACE/trace >/out/record
read -r switches both gap </out/record
check "the kernel recorded $switches switches, both on after $both; one went on $gap ms after the other's off at the soonest" \
    test "$switches" -gt 100 -a "$both" = 0 -a "$gap" -ge 50

echo "# one of them is unplugged while it is on, and comes back"
tidegate set closes off >/dev/null
tidegate set opens off >/dev/null
sleep 1
tidegate set opens on >/dev/null
level opening 1 || bad "the line is high before the chip goes"
mark
gpio_unplug opening
check "its fault is told" until_true 5 said fault/opens '"active":true'
check "the other may not go on, as nobody knows of the first" refused closes on
echo "   $(cat /out/refusal)"
check "its line stays low" level closing 0
gpio_plug opening
check "the fault ends" until_true 10 said fault/opens '"active":false'
check "the relay is in its safe state" level opening 0
sleep 1
check "now the other may" test "$(tidegate set closes on)" = "closes is on"
check "its line is high" level closing 1
check "and the first may not" refused opens on
check "its line stays low" level opening 0
check "until the other is off" test "$(tidegate set closes off)" = "closes is off"
sleep 1
check "then it works" test "$(tidegate set opens on)" = "opens is on"

echo "# SIGKILL with it on, and start again"
kill -KILL $PID
wait $PID 2>/dev/null
stop_listening
until_true 5 sh -c '! pidof mosquitto >/dev/null'
start_gateway || bad "the gateway starts again"
check "both relays are in their safe states" sh -c "[ $(gpio_value opening 0)$(gpio_value closing 0) = 00 ]"
check "and work" test "$(tidegate set closes on)" = "closes is on"
kill -TERM $PID
wait $PID
check "exit status 0" test $? = 0
finish
GUEST
"$vm/run.sh" --payload "$work/payload" --out "$work/out" --timeout 145 \
    --add mosquitto --add mosquitto_passwd --add mosquitto_pub --add mosquitto_sub \
    --add /usr/bin/setpriv "$work/guest.sh" || status=$?
[ -z "${KEEP:-}" ] || cp -r "$work/out" "$KEEP"
exit "${status:-0}"
