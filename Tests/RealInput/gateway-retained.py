"""gateway-retained.py PROGRAM WORK: see gateway-retained.sh."""
import json
import pathlib
import sys
import time

import gateway
from gateway import Gateway, check

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
ROOT = "tidegate/d1.kept.scada"
RELAYS = {"pump": "on", "fan": '{"value":"on","id":"kept-1"}', "frost": "off"}
layout = work / "layout.json"
layout.write_text(json.dumps({
    "gateway": "d1.kept.scada",
    "nodes": [
        {"name": name, "kind": "relay", "safeState": "on" if name == "frost" else "off",
         "component": {"driver": "gpio-relay", "line": f"sim/{name}", "simulated": True}}
        for name in RELAYS],
    "upstreams": [{"name": "site", "broker": "mqtt://127.0.0.1:1"}],
}))
SAFE = {"pump": 0, "fan": 0, "frost": 1}


def leave_orders(house):
    for name, order in RELAYS.items():
        house.publish(f"{ROOT}/set/{name}", order, "-r")


def answers(house, name, since=0):
    return [m.body for m in house.messages[since:] if (m.kind, m.name) == ("answer", name)]


def levels(house, name, since=0):
    return {m.body["steps"] for m in house.messages[since:] if m.is_value and m.name == name}


def refusals(house):
    return house.log.read_text().count("event=command.refused")


with Gateway(program, layout, work / "house", before=leave_orders) as house:
    check(house.wait(lambda: all(answers(house, name) for name in RELAYS), 10), "each order that lay there before the start is answered")
    time.sleep(1)
    for name in RELAYS:
        told = answers(house, name)
        check(len(told) == 1 and told[0]["outcome"] == "refused" and "retained" in told[0]["detail"],
              f"{name}: refused once, because it was retained")
        check(levels(house, name) == {SAFE[name]}, f"{name}: never left its safe state, {SAFE[name]}")
    log = len(house.messages)
    house.restart_broker()
    # The listener comes back by itself, and so does the gateway, maybe before it: so the log is asked.
    check(house.wait(lambda: refusals(house) == 2 * len(RELAYS), 30), "each is refused again when the connection is back")
    check(house.wait(lambda: all(levels(house, name, log) for name in RELAYS), 30), "and each state is told again")
    time.sleep(1)
    for name in RELAYS:
        check(levels(house, name) == {SAFE[name]}, f"{name}: still never left its safe state")
    check("confirmed" not in house.log.read_text(), "nothing was switched, says the log")
    log = len(house.messages)
    house.publish(f"{ROOT}/set/pump", "on")
    check(house.wait(lambda: 1 in levels(house, "pump", log), 10), "the same order, not retained, switches")
    check(house.stop() == 0, "exit status 0 on SIGTERM")
sys.exit(gateway.failures > 0)
