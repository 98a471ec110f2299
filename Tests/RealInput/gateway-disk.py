"""gateway-disk.py PROGRAM WORK: see gateway-disk.sh. WORK/state is the small disk."""
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
STATE, PORT, NODES = WORK / "state", free_port(), 50
started = []
# sequence -> how often it was heard, of readings.
heard, faults, events, counts = {}, [], [], {}

layout = WORK / "layout.json"
layout.write_text(json.dumps({
    "gateway": "d1.small.scada",
    "nodes": [{"name": f"air-{number}", "kind": "sensor",
               "component": {"driver": "hwmon", "chip": f"lm{number}", "input": "temp1", "simulated": True},
               "channels": [{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "100ms"}]}
              for number in range(NODES)],
    "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{PORT}", "window": 200}],
}))


def start(*command, **extra):
    process = subprocess.Popen([str(word) for word in command], **extra)
    started.append(process)
    return process


def broker():
    config = WORK / "mosquitto.conf"
    config.write_text(
        f"listener {PORT} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
        f"persistence_location {WORK}/\nmax_queued_messages 0\n")
    process = start(find("mosquitto"), "-c", config, stderr=subprocess.DEVNULL)
    wait(lambda: accepts(PORT), 10)
    return process


def end(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(10)


def read(stream):
    for line in stream:
        retained, topic, payload = line.rstrip("\n").split(" ", 2)
        if retained == "1" or not payload:
            continue
        kind, body = topic.split("/")[2], json.loads(payload)
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "readings":
            heard[body["sequence"]] = heard.get(body["sequence"], 0) + 1
        elif kind == "fault" and body["kind"] == "storage":
            faults.append(body)
        elif kind == "events":
            events.append(body)


def listen():
    process = start("mosquitto_sub", "-h", "127.0.0.1", "-p", PORT, "-q", "1", "-c", "-i", "checker",
                    "-t", "tidegate/d1.small.scada/+/+", "-t", "tidegate/d1.small.scada/events",
                    "-F", "%r %t %p", stdout=subprocess.PIPE, text=True)
    gateway.threading.Thread(target=read, args=[process.stdout], daemon=True).start()


def used():
    disk = os.statvfs(STATE)
    return 1 - disk.f_bavail / disk.f_blocks


def dropped():
    return sum(event.get("number") or 0 for event in events if event["event"] == "dropped")


def run():
    with open(WORK / "log", "a") as log:
        return start(PROGRAM, "run", layout, "--log-format", "text", "--state-directory", STATE,
                     stderr=log, env=dict(os.environ, RUNTIME_DIRECTORY=str(WORK / "run")))


def fill():
    with open(STATE / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass


def remount(how):
    subprocess.run(["mount", "-o", f"remount,{how}", STATE], check=True)


def newest():
    return max(heard, default=0)


try:
    server = broker()
    listen()
    process = run()
    # A reading takes some 60 bytes: the disk is full after some seconds, and goes on full for as long again.
    check(wait(lambda: used() > 0.6 and len(heard) > 15000, 150), f"{len(heard)} readings went through a disk for a few thousand")
    time.sleep(1)
    check(faults == [] and dropped() == 0, "acknowledged readings made room: no fault, nothing lost")
    places = sorted(heard)
    check(len(places) >= (places[-1] - places[0]) * 0.99, "and none is missing of those heard")

    # Somebody else fills the disk to the last byte.
    before = newest()
    fill()
    time.sleep(8)
    check(newest() > before + 8 * NODES, f"with no byte left, {newest() - before} places go on upstream")
    os.unlink(STATE / "filler")
    time.sleep(3)
    check(not faults or not faults[-1]["active"], "once there is room again, there is no fault")
    check(dropped() == 0, "and nothing was lost")

    # No broker: what finds no room waits in memory.
    end(server)
    at = newest()
    time.sleep(15)
    server = broker()
    check(wait(lambda: newest() > at + 15 * NODES, 40), "after 15 s without broker history goes on")
    time.sleep(2)
    missing = [place for place in range(at + 1, newest()) if place not in heard]
    check(dropped() == 0 and len(missing) < 40, f"and all of it arrives, though the disk holds less ({len(missing)} places hold no reading)")
    check(end(process) == 0, "it stops in good order")

    # Twice, for the second start must not take the first one's places again.
    for _ in range(2):
        fill()
        (count, live) = (len(heard), counts["live"])
        process = run()
        check(wait(lambda: counts["live"] > live + 5 * NODES, 20), "it starts on a disk without a byte: live values go on")
        check(wait(lambda: len(heard) > count + 5 * NODES, 20), "and so does history, from memory")
        check(end(process) == 0, "it stops in good order")
        count = len(heard)
    os.unlink(STATE / "filler")
    remount("ro")
    live = counts["live"]
    process = run()
    check(wait(lambda: counts["live"] > live + 5 * NODES, 20), "it starts on a disk that is only to be read: live values go on")
    check(wait(lambda: len(heard) > count + 5 * NODES, 20), "and so does history, from memory")
    end(server)
    time.sleep(2)
    count = len(heard)
    remount("rw")
    time.sleep(3)
    check(end(process) == 0, "what waited when it could be written again")
    server = broker()
    process = run()
    check(wait(lambda: len(heard) > count + 15 * NODES, 20), "is kept over a start")
    check(not list(STATE.glob("*damaged*")), "in a journal that is sound")
    end(server)
    time.sleep(1)
    check(end(process) == 0, "exit status 0 on SIGTERM")
    remount("ro")
    process = run()
    time.sleep(3)
    check(end(process) == 0 and "records lost" in (WORK / "log").read_text(), "what a stop takes is said")
    remount("rw")
finally:
    for process in reversed(started):
        if process.poll() is None:
            process.kill()
            process.wait()
if gateway.failures:
    print((WORK / "log").read_text()[-9000:])
    print(subprocess.run(["ls", "-la", STATE], capture_output=True, text=True).stdout)
sys.exit(gateway.failures > 0)
