#!/bin/bash
# The whole gateway on a real kernel's GPIO lines: commands, edges, unplug and replug, stop and kill.
#
#   gateway-gpio.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL", and what it measured; exits 1 when one failed.
set -euo pipefail
. "$(dirname "$0")/payload.sh"
compile moment

cat >"$work/payload/layout.json" <<'LAYOUT'
{
  "gateway": "d1.gpio.scada",
  "nodes": [
    {"name": "pump", "kind": "relay", "safeState": "off",
     "component": {"driver": "gpio-relay", "line": "edge-relays/pump"}},
    {"name": "frost", "kind": "relay", "safeState": "on",
     "component": {"driver": "gpio-relay", "line": "other-board/frost"}},
    {"name": "door", "kind": "sensor",
     "component": {"driver": "gpio-contact", "line": "edge-relays/door"}},
    {"name": "water", "kind": "meter",
     "component": {"driver": "gpio-pulse-counter", "line": "other-board/water", "quantity": "count"},
     "channels": [{"source": "total", "pollPeriod": "500ms", "capturePeriod": "1s"}]},
    {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": false},
     "channels": [{"source": "uptime", "pollPeriod": "500ms", "capturePeriod": "500ms"}]},
  ],
  "upstreams": [{"name": "house", "broker": "embedded"}],
}
LAYOUT

cat >"$work/guest.sh" <<'GUEST'
. /lib/hw.sh
. /payload/guest-gateway.sh
LAYOUT=/payload/layout.json GATEWAY=d1.gpio.scada
gpio_new relays edge-relays 8 0=door 4=pump
gpio_new board other-board 8 1=water 5=frost

# The kernel's own record of who switched what, and when.
TRACE=/sys/kernel/tracing
mount -t tracefs none $TRACE 2>/dev/null
mount -t debugfs none /sys/kernel/debug 2>/dev/null
echo mono >$TRACE/trace_clock
for event in gpio/gpio_value gpio/gpio_direction sched/sched_process_exec sched/sched_process_exit; do
    echo 1 >$TRACE/events/$event/enable || bad "the kernel traces $event"
done
# number NAME OFFSET: a line's number in the kernel's record
number() {
    base=$(sed -n "s/^$(gpio_chip "$1"): GPIOs \([0-9]*\)-.*/\1/p" /sys/kernel/debug/gpio)
    echo $((base + $2))
}
# traced REGEX: the moment of the last such record, in microseconds
traced() { sed -n "s/^.* \([0-9]*\)\.\([0-9]*\): $1.*/\1\2/p" $TRACE/trace | tail -1; }
running() { [ -d "/proc/$1" ]; }
level() { [ "$(gpio_value "$1" "$2")" = "$3" ]; }

start_gateway || bad "the gateway starts with its embedded broker"

echo "# commands"
said_word=$(tidegate set pump on)
check "tidegate set pump on: ends with 0 and says what the relay confirms" \
    test "$? $said_word" = "0 pump is on"
check "the line is high" level relays 4 1
mark
publish -t tidegate/$GATEWAY/set/pump -m off
check "a plain MQTT command is answered confirmed" until_true 5 said answer/pump '"outcome":"confirmed"'
check "the line is low" level relays 4 0
mark
publish -t tidegate/$GATEWAY/set/pump -m '{"value":"on","id":"order-1"}'
check "a JSON command is answered under its id" until_true 5 said answer/pump '"id":"order-1"'
check "the line is high again" level relays 4 1
publish -t tidegate/$GATEWAY/set/pump -m off
until_true 5 level relays 4 0 || bad "the line is low again"
mark
publish -r -t tidegate/$GATEWAY/set/pump -m on
check "a retained command is refused, and told why" until_true 5 said answer/pump 'retained'
check "its answer's outcome is refused" said answer/pump '"outcome":"refused"'
publish -r -n -t tidegate/$GATEWAY/set/pump
sleep 1
check "the line stays low" level relays 4 0
mark
tidegate set door on 2>/out/refusal
check "a contact takes no commands: exit status 1" test $? = 1

echo "# a contact's edge on its way to a subscriber"
PULL=$(gpio_dir relays)/sim_gpio0/pull
sleep 1
i=0
while [ $i -lt 20 ]; do
    i=$((i + 1))
    if [ $((i % 2)) = 1 ]; then pull=pull-up steps=1; else pull=pull-down steps=0; fi
    mark
    at=$(moment "$PULL" $pull)
    if ! until_true 5 said live/door "\"steps\":$steps"; then
        bad "edge $i is published"
        continue
    fi
    line=$(since_mark | grep " tidegate/$GATEWAY/live/door " | grep -F "\"steps\":$steps" | head -1)
    arrival=${line%% *}
    arrival=${arrival%.*}${arrival#*.}
    stamp=$(echo "$line" | sed -n 's/.*"time": *\([0-9]*\).*/\1/p')
    echo $(((arrival - at) / 1000)) >>/out/edges
    echo $(((stamp - at) / 1000)) >>/out/stamps
    # Off the beat of any poll.
    usleep $((150000 + i * 17000))
done
summary() {
    sort -n "$1" | awk '{v[NR] = $1 / 1000} END {
        printf "median %.1f ms of %d, %.1f to %.1f ms", v[int((NR + 1) / 2)], NR, v[1], v[NR]}'
}
median=$(sort -n /out/edges | sed -n 10p)
check "pull to subscriber, 20 ms of debounce in it: $(summary /out/edges); the bar is 100 ms" \
    test "${median:-999999}" -lt 100000
echo "   the message's own time after the pull: $(summary /out/stamps)"

echo "# the chip is pulled out while the relay is on, and comes back under another number"
tidegate set pump on >/dev/null
level relays 4 1 || bad "the line is high before the chip goes"
gpio_level relays 0 0
sleep 1
chip=$(gpio_chip relays)
mark
gpio_unplug relays
check "the relay's fault is told" until_true 5 said fault/pump '"active":true'
check "the contact's fault is told" until_true 5 said fault/door '"active":true'
tidegate set pump on 2>>/out/refusal
check "a command to the lost relay fails: exit status 1" test $? = 1
# The number stays taken while somebody holds the old chip, and by a chip that came meanwhile.
gpio_new taker some-board 4
gpio_plug relays
check "the chip is back as $(gpio_chip relays), was $chip" test "$(gpio_chip relays)" != "$chip"
check "the relay's fault ends" until_true 10 said fault/pump '"active":false'
check "the contact's fault ends" until_true 10 said fault/door '"active":false'
check "the relay is in its safe state: the line is low" level relays 4 0
check "and so it is told" until_true 5 has_steps pump 0
PULL=$(gpio_dir relays)/sim_gpio0/pull
moment "$PULL" pull-up >/dev/null
check "the contact works again" until_true 5 has_steps door 1
tidegate set pump on >/dev/null
check "the relay works again" level relays 4 1
sleep 2
check "exactly one fault of the relay, begun and ended" one_fault pump
check "exactly one fault of the contact, begun and ended" one_fault door
for node in frost water host; do
    check "$node was not disturbed" test "$(count "fault/$node" '')" = 0
done
# The longest pause between two values of a node that has one each half second.
gap=$(since_mark | grep " tidegate/$GATEWAY/readings/host" | cut -d' ' -f1 |
    awk 'NR > 1 && $1 - last > gap {gap = $1 - last} {last = $1} END {printf "%d", gap * 1000}')
check "host went on each 500 ms; the longest pause was $gap ms" test "$gap" -lt 1500

echo "# pulses"
PULL=$(gpio_dir board)/sim_gpio1/pull
pulses() {
    i=0
    while [ $i -lt "$1" ]; do
        i=$((i + 1))
        moment "$PULL" pull-up >/dev/null
        usleep 20000
        moment "$PULL" pull-down >/dev/null
        usleep 20000
    done
}
pulses 30
TOTAL=$(sed -n 's/.* tidegate\/[^ ]*\/live\/\(water[^ ]*\) .*/\1/p' "$MESSAGES" | tail -1)
check "30 pulses are 30" until_true 5 has_steps "$TOTAL" 30

echo "# SIGTERM with the relay on"
level relays 4 1 || bad "the line is high before SIGTERM"
line=$(number relays 4)
mark
echo "stopping" >$TRACE/trace_marker
kill -TERM $PID
wait $PID
check "exit status 0" test $? = 0
asked=$(traced 'tracing_mark_write: stopping')
low=$(traced "gpio_value: $line set 0")
gone=$(traced "sched_process_exit: comm=tidegate pid=$PID ")
check "the line was driven low $(((${low:-0} - asked) / 1000)) ms after the signal and $(((${gone:-0} - ${low:-0}) / 1000)) ms before the exit" \
    test "${low:-0}" -ge "$asked" -a "${low:-0}" -lt "${gone:-0}"
check "it took $(((gone - asked) / 1000)) ms to stop; the bar is 2000 ms" test $((gone - asked)) -lt 2000000
check "off was told before the offline message" sh -c "tail -n +$((MARK + 1)) $MESSAGES |
    awk '/live\/pump .*\"steps\":0/ {off = NR} /\/status .*offline/ {end = NR} END {exit !(off && end && off < end)}'"
check "its run file is gone" test ! -e "$RUNTIME_DIRECTORY/$GATEWAY.json"
check "its broker is gone" sh -c '! pidof mosquitto >/dev/null'
stop_listening

echo "# SIGKILL and start again"
start_gateway || bad "the gateway starts again"
check "30 pulses outlived the stop" until_true 5 has_steps "$TOTAL" 30
pulses 12
check "and 12 more are 42" until_true 5 has_steps "$TOTAL" 42
tidegate set frost off >/dev/null
tidegate set pump on >/dev/null
level board 5 0 && level relays 4 1 || bad "both relays are away from their safe states"
kill -KILL $PID
wait $PID
check "it was killed" test $? = 137
check "its broker goes with it" until_true 5 sh -c '! pidof mosquitto >/dev/null'
stop_listening
line=$(number board 5)
check "the gateway starts after the kill" start_gateway
begun=$(traced "sched_process_exec: filename=[^ ]*tidegate pid=$PID ")
safe=$(traced "gpio_value: $line set 1")
check "from start to safe state $(((${safe:-0} - ${begun:-0}) / 1000)) ms" \
    test "${begun:-0}" -gt 0 -a "${safe:-0}" -gt "${begun:-0}"
check "the frost pump is on, the pump off" sh -c "[ $(gpio_value board 5)$(gpio_value relays 4) = 10 ]"
check "42 pulses outlived the kill" until_true 5 has_steps "$TOTAL" 42
pulses 3
check "and 3 more are 45" until_true 5 has_steps "$TOTAL" 45
check "no total fell back" sh -c "sed -n 's/.*readings\/$TOTAL .*\"steps\": *\([0-9]*\).*/\1/p' $MESSAGES | sort -nc"
kill -TERM $PID
wait $PID
check "exit status 0 again" test $? = 0
finish
GUEST
"$vm/run.sh" --payload "$work/payload" --out "$work/out" --timeout 150 \
    --add mosquitto --add mosquitto_passwd --add mosquitto_pub --add mosquitto_sub \
    --add /usr/bin/setpriv "$work/guest.sh" || status=$?
[ -z "${KEEP:-}" ] || cp -r "$work/out" "$KEEP"
exit "${status:-0}"
