"""gateway-simulated.py PROGRAM WORK: see gateway-simulated.sh.

The layout has real hardware, the machine itself, and a thermometer that is simulated for now. It is run
simulated, really, and simulated again, all with one state directory and one broker.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import gateway
from gateway import accepts, check, find, free_port, wait

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
NAME = "d1.pretend.scada"
PORT = free_port()
started = []
# What the broker handed on: (topic below the gateway's, payload), of live values and of readings.
heard = []


RELAYS = [
    {"name": "contact", "kind": "sensor", "component": {"driver": "gpio-contact", "line": "none/1"}},
    {"name": "pump", "kind": "relay", "safeState": "off",
     "component": {"driver": "gpio-relay", "line": "none/2", "activeLow": True},
     "feedback": {"channel": "contact", "inverted": True, "timeout": "500ms"}},
    {"name": "fan", "kind": "relay", "safeState": "off", "component": {"driver": "gpio-relay", "line": "none/3"}}]


def layout(is_simulated, relays=()):
    thermometer = {"driver": "hwmon", "chip": "lm75-that-is-not-there", "input": "temp1"}
    if is_simulated:
        thermometer["simulated"] = True
    path = WORK / "layout.json"
    path.write_text(json.dumps({
        "gateway": NAME,
        "nodes": [
            {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": False},
             "channels": [{"source": "load-1", "pollPeriod": "200ms", "capturePeriod": "200ms"}]},
            {"name": "air", "kind": "sensor", "component": thermometer,
             "channels": [{"source": "temperature", "pollPeriod": "200ms", "capturePeriod": "200ms"}]},
            *relays],
        "interlocks": [{"relay": "fan", "onlyWhile": "pump"}] if relays else [],
        "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{PORT}"}],
    }))
    return path


def start(*command, **extra):
    process = subprocess.Popen([str(word) for word in command], **extra)
    started.append(process)
    return process


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(10)


def broker():
    config = WORK / "mosquitto.conf"
    config.write_text(
        f"listener {PORT} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
        f"persistence_location {WORK}/\n")
    process = start(find("mosquitto"), "-c", config, stderr=subprocess.DEVNULL)
    wait(lambda: accepts(PORT), 10)
    return process


def listen():
    process = start("mosquitto_sub", "-h", "127.0.0.1", "-p", PORT, "-q", "1", "-c", "-i", "checker",
                    "-t", f"tidegate/{NAME}/#", "-F", "%r %t %p", stdout=subprocess.PIPE, text=True)

    def read():
        for line in process.stdout:
            retained, topic, payload = line.rstrip("\n").split(" ", 2)
            if retained == "0" and payload:
                heard.append((topic.split("/", 2)[2], json.loads(payload)))
    gateway.threading.Thread(target=read, daemon=True).start()
    return process


def run(path, *options):
    log = WORK / "log"
    with open(log, "w") as file:
        process = start(PROGRAM, "run", path, "--log-format", "text", "--state-directory", WORK / "state",
                        *options, stderr=file, env=ENVIRONMENT)
    process.log = log
    return process


def values(since=0, channel=None):
    return [body for topic, body in list(heard)[since:]
            if topic.split("/")[0] in ("live", "readings") and channel in (None, body["channel"])]


def of(kind, since):
    return [body for topic, body in list(heard)[since:] if topic == kind]


def is_marked(body):
    return body.get("simulated") is True


def export(*options):
    said = subprocess.run([str(word) for word in (PROGRAM, "export", "--state-directory", WORK / "state",
                                                  "--format", "jsonl", *options)],
                          capture_output=True, text=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def tidegate(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT)


ENVIRONMENT = dict(os.environ, RUNTIME_DIRECTORY=str(WORK / "run"))
try:
    server, ear = broker(), listen()
    time.sleep(0.5)

    # 1. Simulated, and nothing else said: the broker of the layout hears nothing.
    process = run(layout(True, RELAYS), "--simulate")
    wait(lambda: "link.subscribed" in process.log.read_text(), 20)
    done = [tidegate("set", name, state) for name, state in (("pump", "on"), ("fan", "on"), ("pump", "off"))]
    check([d.returncode for d in done] == [0, 0, 0],
          "relays with an inverted feedback and an interlock confirm in a simulated run")
    check(end(process) == 0, "a simulated run stops in good order")
    first = process.log.read_text().splitlines()[0]
    check("simulated" in first and "embedded" in first and "house" in first,
          f"its first line says where upstream house goes")
    check(heard == [], "and the broker of the layout heard nothing")

    # 2. Sent to the layout's broker in so many words: everything is marked.
    process = run(layout(True), "--simulate", "--real-upstreams")
    check(wait(lambda: len(values()) > 20, 20), "--real-upstreams goes to the broker of the layout")
    end(process)
    check(all(map(is_marked, values())), f"all of {len(values())} live values and readings are marked")
    for kind in ("birth", "status"):
        said = of(kind, 0)
        check(said and all(map(is_marked, said)), f"{kind} is marked, {len(said)} times")
    check(all(node["simulated"] for node in of("birth", 0)[0]["nodes"]), "and so is each node")

    # 3. A backlog of a simulated run that found no broker, then the real run.
    ear.kill(), end(server)
    process = run(layout(True), "--simulate", "--real-upstreams")
    wait(lambda: "starting" in process.log.read_text(), 20)
    time.sleep(3)
    end(process)
    kept = export("--simulated")
    check(len(kept) > 20 and all(map(is_marked, kept)), f"the simulated run kept {len(kept)} readings, all marked")
    check(export() == [], "and none beside those of real runs")
    refused = subprocess.run([PROGRAM, "journal", "--state-directory", str(WORK / "state")], capture_output=True, text=True)
    check(refused.returncode != 0 and "--simulated" in refused.stderr, "`journal` says which one there is")
    heard.clear()
    server, ear = broker(), listen()
    process = run(layout(True))
    wait(lambda: len(values(channel="host-load-1")) > 20, 20)
    end(process)
    real, pretend = values(channel="host-load-1"), values(channel="air")
    check(len(real) > 10 and not any(map(is_marked, real)),
          f"the real run tells {len(real)} real values, none of them marked")
    check(len(pretend) > 10 and all(map(is_marked, pretend)),
          f"and {len(pretend)} of the one node that is simulated, all marked")
    places = {row["nanoseconds"] for row in kept}
    check(not any(body["time"] in places for body in values()), "nothing of the simulated run's journal went upstream")

    # 4. What was kept while a node was simulated stays marked when it is real.
    ear.kill(), end(server)
    process = run(layout(True))
    time.sleep(4)
    end(process)
    last = max(row["nanoseconds"] for row in export())
    heard.clear()
    server, ear = broker(), listen()
    process = run(layout(False))
    wait(lambda: any(body["time"] > last for topic, body in list(heard) if topic == "readings/host-load-1"), 20)
    end(process)
    backlog = [body for body in values(channel="air") if body["time"] <= last]
    check(len(backlog) > 10 and all(map(is_marked, backlog)),
          f"{len(backlog)} readings of a node that was simulated are still marked when it is real")
    check(not any(map(is_marked, values(channel="host-load-1"))), "and those beside them are not")
    rows = export()
    check(all(is_marked(row) == (row["channel"] == "air") for row in rows), f"export marks the same of {len(rows)} rows")
finally:
    for process in reversed(started):
        if process.poll() is None:
            process.kill()
            process.wait()
sys.exit(gateway.failures > 0)
