"""gateway-modbus.py PROGRAM PROFILES METERS WORK: see gateway-modbus.sh."""
import json
import os
import pathlib
import struct
import subprocess
import sys
import time
from fractions import Fraction

import gateway
from gateway import Gateway, check, free_port, wait, without_comments

program, profiles, meters, work = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
sys.path.insert(0, str(meters))
import meters as tables  # noqa: E402

UNITS = {"V": "volt", "A": "ampere", "W": "watt", "VA": "voltAmpere", "var": "var", "Hz": "hertz",
         "": "powerFactor", "deg": "degree", "kWh": "wattHour", "kvarh": "varHour"}
NODES = {"single": (1, "eastron-sdm120", tables.SDM120, "serial"),
         "three": (2, "eastron-sdm630", tables.SDM630, "network"),
         "tunnel": (3, "eastron-sdm120", tables.SDM120, "tunnel")}
# A meter of which the layout wants a register that it does not have, between two others.
PARTIAL = {"name": "partial", "kind": "meter", "component": {
    "driver": "modbus-meter", "bus": "network", "unit": 2, "maxGap": 20, "registers": [
        {"name": name, "address": address, "type": "int16", "unit": "count",
         "pollPeriod": "1s", "capturePeriod": "1s"}
        for name, address in [("there", 100), ("also-there", 102), ("beyond", 5000)]]}}


def expected_steps(unit, register):
    """What `meter_sim.py --static` has in this register, in the channel's steps, exactly."""
    value, = struct.unpack(">f", struct.pack(">f", 1000 * unit + register["address"] / 100))
    exact = Fraction(value) * register.get("scale", 1) / Fraction(10) ** register["exponent"]
    return round(exact)


def describe(node):
    """The node's layout, and for each of its channels the steps that are right."""
    unit, profile, table, bus = NODES[node]
    document = json.loads(without_comments((profiles / f"{profile}.json").read_text()))
    known = {row[0]: UNITS[row[4]] for row in table}
    channels, right = [], {}
    for register in document["registers"]:
        if known.get(register["address"]) != register["unit"]:
            check(False, f"{profile} {register['name']}: the maker's table has "
                  f"{known.get(register['address'])} at address {register['address']}")
        # The values are no mains' values, so the profile's limits must not judge them.
        channels.append({"source": register["name"], "lowest": 0, "highest": 10_000_000,
                         "pollPeriod": "1s", "capturePeriod": "1s"})
        right[f"{node}-{register['name']}"] = expected_steps(unit, register)
    component = {"driver": "modbus-meter", "bus": bus, "unit": unit, "profile": profile}
    return {"name": node, "kind": "meter", "component": component, "channels": channels}, right


class Servers:
    """The meters, the cable of the serial one, and the serial server of the tunnelled one."""

    def __init__(self):
        self.port, self.faults, self.running = free_port(), work / "faults.json", []
        self.tunnel = free_port()
        self.plug = work / "gateway-end"

    def start(self):
        ours, theirs = work / "our-end", work / "meter-end"
        self.run("socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}")
        wait(lambda: ours.exists() and theirs.exists(), 5)
        self.meter("1:SDM120", "--serial", theirs)
        behind = work / "tunnel-end"
        self.run("socat", f"pty,raw,echo=0,link={behind}", f"tcp-listen:{self.tunnel},reuseaddr")
        wait(behind.exists, 5)
        self.meter("3:SDM120", "--serial", behind)
        # Plugged in last: a cable without a meter at its end would be silent, which is another fault.
        self.plug.symlink_to(os.readlink(ours))
        self.meter("2:SDM630", "--tcp", self.port)

    def meter(self, unit, *wire):
        server = self.run(sys.executable, meters / "meter_sim.py", *wire, "--unit", unit,
                          "--static", "--faults", self.faults, stdout=subprocess.PIPE)
        server.stdout.readline()

    def run(self, *command, **extra):
        process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL, **extra)
        self.running.append(process)
        return process

    def kill(self):
        self.plug.unlink(missing_ok=True)
        for process in self.running:
            process.kill()
            process.wait()
        self.running = []

    def misbehave(self, faults):
        new = self.faults.with_suffix(".new")
        new.write_text(json.dumps(faults))
        os.replace(new, self.faults)


servers = Servers()
servers.misbehave({})
layouts = [describe(node) for node in NODES]
right = {name: steps for _, those in layouts for name, steps in those.items()}
right |= {"partial-there": 0, "partial-also-there": 0}
layout = work / "layout.json"
layout.write_text(json.dumps({
    "gateway": "d1.modbus.scada",
    "buses": [{"name": "serial", "port": str(work / "gateway-end"), "baud": 9600},
              {"name": "network", "host": "127.0.0.1", "tcpPort": servers.port},
              {"name": "tunnel", "host": "127.0.0.1", "tcpPort": servers.tunnel, "rtuOverTcp": True}],
    "nodes": [node for node, _ in layouts] + [PARTIAL],
    "upstreams": [{"name": "house", "broker": "mqtt://127.0.0.1"}]}))


def break_and_mend(house, what, nodes, begin, end, lasting=4):
    """One fault of `nodes`: raised once, cleared once, and no business of the other node."""
    mark = len(house.messages)
    at = time.monotonic()
    begin()
    told = wait(lambda: all(house.faults(node, mark) for node in nodes), 10)
    delay = time.monotonic() - at
    time.sleep(max(0, lasting - delay))
    end()
    at = time.monotonic()
    mended = wait(lambda: all(any(not fault["active"] for fault in house.faults(node, mark))
                              for node in nodes), 30)
    took = time.monotonic() - at
    time.sleep(2.2)
    for node in NODES:
        told_of = [f"{t['kind']} {'on' if t['active'] else 'off'}" for t in house.faults(node, mark)]
        if node in nodes:
            # A server that comes back may answer its first request late: a fault of another kind, once as well.
            kinds = {}
            for fault in house.faults(node, mark):
                kinds.setdefault(fault["kind"], []).append(fault["active"])
            is_once = 1 <= len(kinds) <= 2 and all(each == [True, False] for each in kinds.values())
            check(told and mended and is_once, f"{what}: {node} was told {', '.join(told_of)}; "
                  f"begun within {delay:.1f} s, ended {took:.1f} s after the fault")
        else:
            check(not told_of, f"{what}: {node} was not disturbed")


try:
    servers.start()
    with Gateway(program, layout, work / "gateway") as house:
        check(wait(lambda: right.keys() <= {m.name for m in house.values()}, 20),
              f"all {len(right)} channels of the meters are published, whatever one of them lacks")
        told = [(t["channel"], t["active"]) for t in house.faults("partial", 0)]
        check(told == [("partial-beyond", True)], f"the register that is not there is told: {told}")
        for what, fault in [("silent", {"silent": [1, 2, 3]}),
                            ("late by 0.7 s", {"delay": {"1": 0.7, "2": 0.7, "3": 0.7}}),
                            ("truncated", {"truncate": [1, 2, 3]}), ("busy", {"exception": [1, 2, 3]})]:
            break_and_mend(house, what, list(NODES), lambda: servers.misbehave(fault),
                           lambda: servers.misbehave({}))
        break_and_mend(house, "wrong checksum", ["single", "tunnel"],
                       lambda: servers.misbehave({"crc": [1, 3]}), lambda: servers.misbehave({}))
        break_and_mend(house, "cable and servers gone", list(NODES), servers.kill, servers.start)
        check(house.stop() == 0, "exit status 0 on SIGTERM")
        values = house.values()
        good = [m for m in values if m.body["quality"] == "good"]
        wrong = [m for m in good if m.body["steps"] != right[m.name]]
        bad = [m for m in values if m.body["quality"] == "bad"]
        late = [m for m in values if m.body["quality"] == "stale"
                and round(Fraction(str(m.body["last"])) / Fraction(10) ** m.body["exponent"]) != right[m.name]]
        check(not wrong and good, f"{len(good)} good values were published, {len(wrong)} of them wrong")
        check(not bad and not late, f"{len(values) - len(good)} stale ones besides, none of them wrong")
        for m in (wrong + bad + late)[:5]:
            print("  ", m.kind, m.name, json.dumps(m.body), "right is", right[m.name])
finally:
    servers.kill()
sys.exit(gateway.failures > 0)
