#!/bin/bash
# The whole gateway on a real kernel's sensors: 1-wire, an I2C converter and an I2C thermometer.
#
#   gateway-sensors.sh [PROGRAM]     .build/release/tidegate unless told otherwise
#
# Prints a line for each check, "ok" or "FAIL"; exits 1 when one failed.
set -euo pipefail
. "$(dirname "$0")/payload.sh"

cat >"$work/payload/layout.json" <<'LAYOUT'
{
  "gateway": "d1.sensors.scada",
  "nodes": [
    {"name": "tank", "kind": "sensor",
     "component": {"driver": "ds18b20", "sensor": "28-000000000001"},
     "channels": [{"source": "temperature", "pollPeriod": "2s", "capturePeriod": "2s"}]},
    {"name": "outdoor", "kind": "sensor",
     "component": {"driver": "ds18b20", "sensor": "28-000000000002"},
     "channels": [{"source": "temperature", "pollPeriod": "2s", "capturePeriod": "2s"}]},
    {"name": "pressure", "kind": "sensor",
     "component": {"driver": "iio-adc", "device": "ads1015", "input": "voltage0"},
     "channels": [{"source": "voltage", "pollPeriod": "1s", "capturePeriod": "1s"}]},
    {"name": "level", "kind": "sensor",
     "component": {"driver": "iio-sensor", "device": "ads1015", "inputs": ["voltage1"]},
     "channels": [{"source": "voltage-1", "pollPeriod": "1s", "capturePeriod": "1s"}]},
    {"name": "cabinet", "kind": "sensor",
     "component": {"driver": "hwmon", "chip": "lm75", "input": "temp1"},
     "channels": [{"source": "temperature", "pollPeriod": "1s", "capturePeriod": "1s"}]},
  ],
  "upstreams": [{"name": "house", "broker": "embedded"}],
}
LAYOUT

cat >"$work/guest.sh" <<'GUEST'
. /lib/hw.sh
. /payload/guest-gateway.sh
LAYOUT=/payload/layout.json GATEWAY=d1.sensors.scada
w1_new 21500,-10125
i2c_new 0x48,0x49,0x4a
modprobe lm75
modprobe ti-ads1015
# lm75: 0x1980 is 25.5 °C. ADS1115: 0x0640 is 1600 steps, at its range after reset of 2.048 V.
i2cset -y $I2C 0x48 0 0x8019 w
i2c_driver lm75 0x48
i2cset -y $I2C 0x49 0 0x4006 w
i2c_driver ads1115 0x49
adc=$(ls -d /sys/bus/iio/devices/iio:device*)
scale=$(cat "$adc"/in_voltage0_scale)
raw=$(cat "$adc"/in_voltage0_raw)
millivolts=$(awk "BEGIN {printf \"%.0f\", $raw * $scale}")

# quiet NODE...: no fault of these since the mark
quiet() {
    for node in "$@"; do
        check "$node was not disturbed" test "$(count "fault/$node" '')" = 0
    done
}
# only CHANNEL STEPS...: of all values published since the mark, as reading or as live value, each
# good one is one of these
only() {
    local channel=$1 wrong
    shift
    wrong=$(since_mark | grep -E " tidegate/$GATEWAY/(live|readings)/$channel " |
        grep -F '"quality":"good"' | grep -vE "\"steps\":($(echo "$*" | tr ' ' '|'))," | head -3)
    [ -z "$wrong" ] || echo "   $wrong"
    [ -z "$wrong" ]
}

MARK=0
start_gateway || bad "the gateway starts with its embedded broker"
echo "# values"
check "ds18b20: 21.5 °C" until_true 10 has_steps tank 21500
check "ds18b20: -10.125 °C" until_true 10 has_steps outdoor -10125
check "hwmon: 25.5 °C" until_true 5 has_steps cabinet 25500
check "iio-adc: $raw steps of $scale mV are $millivolts mV" until_true 5 has_steps pressure "$millivolts"
check "iio-sensor: the same of its other input, in µV" until_true 5 has_steps level "${millivolts}000"
w1_set 30000,-10125
check "ds18b20: a new value comes through, 30 °C" until_true 10 has_steps tank 30000
# The kernel driver holds the address, so it takes force.
i2cset -f -y $I2C 0x48 0 0x001a w
check "hwmon: a new value comes through, 26 °C" until_true 5 has_steps cabinet 26000
check "only what the sensors showed was published" only tank 21500 30000
check "no sensor was in fault" test "$(count 'fault/.*' '')" = 0

echo "# a wrong checksum"
mark
w1_bad_crc 1
check "fault is told" until_true 10 said fault/tank '"active":true'
check "its kind is malformedReply" said fault/tank '"kind":"malformedReply"'
sleep 6
w1_set 31000,-10125
w1_bad_crc 0
check "it ends" until_true 15 said fault/tank '"active":false'
check "the value is right again, 31 °C" until_true 10 has_steps tank 31000
check "exactly one fault, begun and ended" one_fault tank
check "no wrong value was published" only tank 30000 31000
quiet outdoor pressure cabinet

echo "# a thermometer is pulled out and put back"
mark
w1_present 2
check "fault is told" until_true 15 said fault/tank '"active":true'
# The kernel takes its folder away only after ten searches of the bus.
until_true 30 test ! -e /sys/bus/w1/devices/28-000000000001 || echo "   the kernel still shows its folder"
sleep 3
w1_set 19000,-10125
w1_present 3
check "it ends" until_true 40 said fault/tank '"active":false'
check "the value is right again, 19 °C" until_true 10 has_steps tank 19000
check "each fault that began has ended" \
    test "$(count fault/tank '"active":true')" = "$(count fault/tank '"active":false')"
echo "   $(since_mark | grep " tidegate/$GATEWAY/fault/tank " | sed 's/.*"kind":"\([a-zA-Z]*\)","on":\([a-z]*\).*/\1 \2/' | tr '\n' ';')"
check "no wrong value was published" only tank 31000 19000
quiet outdoor pressure cabinet

echo "# the I2C devices go, and come back under other numbers"
mark
echo 0x49 >"/sys/bus/i2c/devices/i2c-$I2C/delete_device"
echo 0x48 >"/sys/bus/i2c/devices/i2c-$I2C/delete_device"
check "the converter's fault is told" until_true 10 said fault/pressure '"active":true'
check "the thermometer's fault is told" until_true 10 said fault/cabinet '"active":true'
i2cset -y $I2C 0x48 0 0x0014 w
# Another kind of chip comes first and takes the thermometer's number.
i2c_driver tmp75 0x4a
i2c_driver ads1115 0x49
i2c_driver lm75 0x48
check "the converter's fault ends" until_true 40 said fault/pressure '"active":false'
check "the thermometer's fault ends" until_true 40 said fault/cabinet '"active":false'
check "the thermometer's value is right again, 20 °C" until_true 5 has_steps cabinet 20000
check "exactly one fault of the converter, begun and ended" one_fault pressure
check "exactly one fault of its other input, begun and ended" one_fault level
check "no wrong value of it was published" only level "${millivolts}000"
check "exactly one fault of the thermometer, begun and ended" one_fault cabinet
check "no wrong value was published" only cabinet 26000 20000
check "none of the converter either" only pressure "$millivolts"
quiet tank outdoor
kill -TERM $PID
wait $PID
check "exit status 0" test $? = 0
finish
GUEST
status=0
"$vm/run.sh" --payload "$work/payload" --out "$work/out" --timeout 150 \
    --add mosquitto --add mosquitto_passwd --add mosquitto_pub --add mosquitto_sub \
    --add /usr/bin/setpriv "$work/guest.sh" || status=$?
[ -z "${KEEP:-}" ] || cp -r "$work/out" "$KEEP"
exit "$status"
