"""gateway-ups.py PROGRAM WORK: see gateway-ups.sh."""
import getpass
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import gateway
from gateway import Gateway, accepts, check, free_port, wait

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
port = free_port()


class Ups:
    """upsd and its driver dummy-ups, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.device = folder / "rack.dev"
        (folder / "ups.conf").write_text(
            f'[rack]\ndriver = dummy-ups\nport = {self.device}\ndesc = "A \\"quoted\\" UPS"\n')
        (folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\nMAXAGE 3\n")
        (folder / "upsd.users").write_text("")
        self.environment = dict(os.environ, NUT_CONFPATH=str(folder), NUT_STATEPATH=str(folder))

    def show(self, **variables):
        lines = [f"{name.replace('_', '.')}: {value}\n" for name, value in variables.items()]
        # All at once, or the driver reads half of it.
        fresh = self.folder / "fresh"
        fresh.write_text("".join(lines))
        fresh.rename(self.device)

    def start(self, part, *options):
        with open(self.folder / f"{part}.log", "a") as log:
            return subprocess.Popen(
                [f"/lib/nut/{part}", "-u", getpass.getuser(), "-D", *options], env=self.environment,
                stdout=log, stderr=log)

    def start_driver(self):
        self.driver = self.start("dummy-ups", "-a", "rack")
        wait(lambda: list(self.folder.glob("dummy-ups-rack")), 10)

    def start_server(self):
        self.server = self.start("upsd")
        wait(lambda: accepts(port), 10)

    def end(self, part):
        part.send_signal(signal.SIGCONT)
        part.terminate()
        part.wait(10)


def layout(ups="rack"):
    channels = [{"source": source, "pollPeriod": "1s", "capturePeriod": "1s"}
                for source in ("on-battery", "low-battery", "battery.charge", "runtime", "load")]
    path = work / f"{ups}.json"
    path.write_text(json.dumps({
        "gateway": "d1.ups.scada",
        "nodes": [{"name": "ups", "kind": "sensor", "channels": channels,
                   "component": {"driver": "nut-ups", "host": "127.0.0.1", "tcpPort": port, "ups": ups}}],
        "upstreams": [{"name": "house", "broker": "embedded"}]}))
    return path


ups = Ups(work / "nut")
ups.show(ups_status="OL CHRG", battery_charge="97.5", battery_runtime="1800", ups_load="23", ups_mfr='Maker "X"')
ups.start_driver()
ups.start_server()
try:
    with Gateway(program, layout(), work / "house", embedded=True) as house:
        def last(source):
            """The last good value since the mark."""
            found = [m.body["steps"] for m in house.values()[mark:]
                     if m.name == f"ups-{source}" and m.body["quality"] == "good"]
            return found[-1] if found else None

        def fault(active, kind, since):
            """Whether the node has such a fault."""
            return any(body["active"] == active and body["kind"] == kind and "channel" not in body
                       for body in house.faults("ups", since))

        mark = 0
        check(wait(lambda: [last(s) for s in ("on-battery", "low-battery", "charge", "runtime", "load")]
                   == [0, 0, 975, 1800, 230], 15), "on the mains: 97.5 %, 1800 s, load 23 %")
        since, mark = len(house.messages), len(house.values())
        ups.show(ups_status="OB LB", battery_charge="9", battery_runtime="60", ups_load="31")
        check(wait(lambda: [last(s) for s in ("on-battery", "low-battery", "charge", "runtime", "load")]
                   == [1, 1, 90, 60, 310], 15), "on the battery, which is low: 9 %, 60 s, load 31 %")
        check(not [body for body in house.faults("ups", since) if body["active"]], "no fault comes with it")

        since = len(house.messages)
        ups.driver.send_signal(signal.SIGSTOP)
        check(wait(lambda: fault(True, "timeout", since), 20), "a driver that hangs: fault timeout")
        mark = len(house.values())
        time.sleep(3)
        check(last("charge") is None, "no value is repeated meanwhile")
        ups.driver.send_signal(signal.SIGCONT)
        check(wait(lambda: fault(False, "timeout", since) and last("charge") == 90, 60), "it goes on: fault cleared, 9 % again")

        since = len(house.messages)
        ups.end(ups.driver)
        check(wait(lambda: fault(True, "timeout", since), 20), "a driver that has ended: fault timeout")
        ups.start_driver()
        check(wait(lambda: fault(False, "timeout", since), 90), "it is started again: fault cleared")
        check(not [body for body in house.faults("ups") if "channel" in body],
              "no channel had a fault of its own")

        since = len(house.messages)
        ups.end(ups.server)
        check(wait(lambda: fault(True, "notConnected", since), 20), "a server that has ended: fault notConnected")
        ups.start_server()
        check(wait(lambda: fault(False, "notConnected", since), 90), "it is started again: fault cleared")

        since, mark = len(house.messages), len(house.values())
        ups.show(ups_status="OL", battery_charge="80", ups_load="n/a")
        check(wait(lambda: last("charge") == 800 and last("on-battery") == 0, 15), "80 % on the mains")
        check(wait(lambda: any(body["active"] and body["kind"] == "malformedReply" and "load" in json.dumps(body)
                               for body in house.faults("ups", since)), 10),
              "a load that is no number: a fault of its channel alone")
        charges = {m.body["steps"] for m in house.values()
                   if m.name == "ups-charge" and m.body["quality"] == "good"}
        check(charges == {975, 90, 800}, f"of the charges published none is wrong: {sorted(charges)}")
        check(house.stop() == 0, "exit status 0 on SIGTERM")
    with Gateway(program, layout("rock"), work / "other", embedded=True) as house:
        check(wait(lambda: any("has no UPS rock; it has rack" in json.dumps(body)
                               for body in house.faults("ups")), 15), "a UPS that is not there: named with those that are")
        house.stop()
finally:
    ups.end(ups.driver)
    ups.end(ups.server)
sys.exit(gateway.failures > 0)
