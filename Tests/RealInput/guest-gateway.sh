# A whole gateway on the simulated machine, watched by a subscriber. Guest scripts source it after
# /lib/hw.sh; LAYOUT names the layout file and GATEWAY its alias.
#
# Everything that was published lies in /out/messages, one message a line:
#   TIME-OF-ARRIVAL RETAINED TOPIC PAYLOAD        (seconds with nine decimals; 0 or 1)

mkdir -p /run /tmp /out /var/lib
export HOME=/root RUNTIME_DIRECTORY=/run/tidegate
MESSAGES=/out/messages
FAILURES=0
: >"$MESSAGES"
ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up

ok() { echo "ok: $*"; }
bad() {
    echo "FAIL: $*"
    FAILURES=$((FAILURES + 1))
}
# check "WHAT" COMMAND...: one line for what the command proves
check() {
    local what=$1
    shift
    if "$@"; then ok "$what"; else bad "$what"; fi
}
# until_true SECONDS COMMAND...
until_true() {
    local end=$(($(cut -d. -f1 /proc/uptime) + $1 + 1))
    shift
    until "$@"; do
        [ "$(cut -d. -f1 /proc/uptime)" -lt $end ] || return 1
        usleep 20000
    done
}

# run_file_member NAME: what the gateway left for its own user
run_file_member() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$RUNTIME_DIRECTORY/$GATEWAY.json"; }
as_client() {
    local program=$1 broker
    shift
    broker=$(run_file_member broker)
    exec "$program" --unix "${broker#mqtt+unix://}" "$@"
}
publish() { (as_client mosquitto_pub -q 1 "$@"); }
listen() {
    (as_client mosquitto_sub -q 1 -t '#' -F '%U %r %t %p') >>"$MESSAGES" 2>>/out/subscriber &
    SUBSCRIBER=$!
    until_true 10 grep -q "tidegate/$GATEWAY/status .*online" "$MESSAGES"
}
# A subscriber would go on looking for its broker for ever.
stop_listening() {
    kill $SUBSCRIBER
    wait $SUBSCRIBER
} 2>/dev/null
# start_gateway [OPTION]...: runs it and listens
start_gateway() {
    rm -f "$RUNTIME_DIRECTORY/$GATEWAY.json"
    : >"$MESSAGES"
    tidegate run "$LAYOUT" --log-format text --state-directory /var/lib/tidegate "$@" \
        >>/out/log 2>&1 &
    PID=$!
    until_true 20 test -s "$RUNTIME_DIRECTORY/$GATEWAY.json" && listen
}
# finish: the script's end
finish() {
    if [ $FAILURES -gt 0 ]; then
        echo "--- the gateway's log:"
        cat /out/log
    fi
    exit $((FAILURES > 0))
}

# mark: from here on the messages are looked at
mark() { MARK=$(wc -l <"$MESSAGES"); }
since_mark() { tail -n +$((MARK + 1)) "$MESSAGES"; }
# said TOPIC-END TEXT: a message since the mark
said() { since_mark | grep " tidegate/$GATEWAY/$1 " | grep -qF "$2"; }
# count TOPIC-END TEXT
count() { since_mark | grep " tidegate/$GATEWAY/$1 " | grep -cF "$2"; }
# steps CHANNEL: its last good value
steps() {
    grep " tidegate/$GATEWAY/live/$1 " "$MESSAGES" |
        sed -n 's/.*"steps": *\(-\{0,1\}[0-9][0-9]*\).*/\1/p' | tail -1
}
has_steps() { [ "$(steps "$1")" = "$2" ]; }
# one_fault NODE: since the mark exactly one began and exactly one ended, and nothing stands
one_fault() { [ "$(count "fault/$1" '"active":true') $(count "fault/$1" '"active":false')" = "1 1" ]; }
