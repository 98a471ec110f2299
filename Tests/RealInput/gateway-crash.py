"""gateway-crash.py PROGRAM WORK CRASHES SEED: see gateway-crash.sh.

Only what the journal has on disk is published under `readings`, so after each kill its files are copied
as they lie there, and the copy is read: that is what must arrive. What was published under `live` and is
not in the copy is what the kill took.

The broker is ended in good order, with its state on disk: here its PUBACK is the last word, and a broker
that is killed takes messages along that it has acknowledged. gateway-gridworks.sh kills it, where the
peer beyond it acknowledges.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

import gateway
from gateway import accepts, check, find, free_port, wait

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
CRASHES, SEED = int(sys.argv[3]), int(sys.argv[4])
INTERVAL, POLL = 0.2, 0.1
# What one commit may take beyond the interval on a busy machine with a slow disk.
COMMIT = 0.5
GATEWAY = "d1.crash.scada"
chance = random.Random(SEED)
started = []

LAYOUT = {
    "gateway": GATEWAY,
    "journal": {"commitInterval": f"{int(INTERVAL * 1000)}ms"},
    "nodes": [
        {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": False},
         "channels": [{"source": source, "pollPeriod": "100ms", "capturePeriod": "100ms"}
                      for source in ("load-1", "memory-available")]},
        *({"name": f"air-{number}", "kind": "sensor",
           "component": {"driver": "hwmon", "chip": f"lm7{number}", "input": "temp1", "simulated": True},
           "channels": [{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "100ms"}]}
          for number in (1, 2))],
    "upstreams": [{"name": "house", "broker": ""}],
}


def start(*command, **extra):
    process = subprocess.Popen([str(word) for word in command], **extra)
    started.append(process)
    return process


class Broker:
    def __init__(self):
        self.port = free_port()
        self.config = WORK / "mosquitto.conf"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
            f"persistence_location {WORK}/\nmax_queued_messages 0\n")
        self.begin()

    def begin(self):
        self.process = start(find("mosquitto"), "-c", self.config, stderr=subprocess.DEVNULL)
        wait(lambda: accepts(self.port), 10)

    def again(self):
        self.process.terminate()
        self.process.wait(10)
        self.begin()


class Checker:
    """What a subscriber hears, in the order in which it hears it."""

    def __init__(self, port):
        # (channel, place) -> content, of what may not be lost, in order of its first arrival
        self.readings, self.repeats, self.changed, self.disordered = {}, 0, [], []
        self.last = {}
        # (channel, time) of all that was published at once
        self.live = set()
        process = start(
            "mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-c", "-i", "checker",
            "-t", f"tidegate/{GATEWAY}/+/+", "-F", "%r %t %p", stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, args=[process.stdout], daemon=True).start()

    def listen(self, stream):
        for line in stream:
            retained, topic, payload = line.rstrip("\n").split(" ", 2)
            kind, channel = topic.split("/")[2:]
            if retained == "1" or not payload:
                continue
            if kind == "live":
                self.live.add((channel, json.loads(payload)["time"]))
            elif kind == "readings":
                self.take(channel, json.loads(payload))

    def take(self, channel, body):
        name, content = (channel, body["sequence"]), (body["time"], body["value"], body["unit"])
        if name in self.readings:
            self.repeats += 1
            if self.readings[name] != content:
                self.changed.append((name, self.readings[name], content))
            return
        if self.last.get(channel, (0, 0)) >= (body["sequence"], body["time"]):
            self.disordered.append((self.last[channel], name))
        self.last[channel] = (body["sequence"], body["time"])
        self.readings[name] = content


def kept(folder):
    """What the journal of this folder has: (channel, place) -> content."""
    said = subprocess.run([PROGRAM, "export", "--state-directory", folder, "--format", "jsonl"],
                          capture_output=True, text=True)
    if said.returncode != 0:
        return {}, said.stderr.strip()
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    return {(row["channel"], row["offset"]): (row["nanoseconds"], row["value"], row["unit"])
            for row in rows}, ""


def begin(layout, log):
    with open(log, "a") as file:
        return start(PROGRAM, "run", layout, "--log-format", "text", "--state-directory", WORK / "state",
                     stderr=file, env=dict(os.environ, RUNTIME_DIRECTORY=str(WORK / "run")))


def crash(process, broker, number):
    """Lets it run for a random time and kills it. Answers when, and what was on disk then."""
    # One in four dies while it starts.
    seconds = chance.uniform(0.02, 0.5) if chance.random() < 0.25 else chance.uniform(0.5, 3)
    time.sleep(seconds)
    if CRASHES >= 50 and chance.random() < 0.1:
        broker.again()
        time.sleep(chance.uniform(0, 1))
    if process.poll() is not None:
        check(False, f"before kill {number} it ended by itself")
    process.send_signal(signal.SIGKILL)
    at = time.time_ns()
    process.wait()
    copy = WORK / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(WORK / "state", copy) if (WORK / "state").exists() else copy.mkdir()
    return at, seconds, copy


def main():
    broker = Broker()
    layout, log = WORK / "crash.json", WORK / "log"
    (WORK / "state").mkdir()
    LAYOUT["upstreams"][0]["broker"] = f"mqtt://127.0.0.1:{broker.port}"
    layout.write_text(json.dumps(LAYOUT))
    checker = Checker(broker.port)
    must, gaps, vanished, unread = {}, [], 0, []
    for number in range(1, CRASHES + 1):
        before = time.time_ns()
        at, seconds, copy = crash(begin(layout, log), broker, number)
        there, fault = kept(copy)
        if fault and must:
            unread.append(f"kill {number}: {fault}")
        vanished += len(must.keys() - there.keys())
        must |= there
        newest = max((content[0] for content in there.values()), default=0)
        if newest > before:
            gaps.append((at - newest) / 1e9)
    # Once more, to tell what waits and to stop in good order.
    process = begin(layout, log)
    wait(lambda: must.keys() <= checker.readings.keys(), 30)
    time.sleep(1)
    process.terminate()
    check(process.wait(10) == 0, "it stops in good order after all that")
    there, fault = kept(WORK / "state")
    check(not fault, f"the journal can be read {fault}")
    vanished += len(must.keys() - there.keys())
    must |= there
    wait(lambda: must.keys() <= checker.readings.keys(), 10)

    arrived = dict(checker.readings)
    missing = must.keys() - arrived.keys()
    strange = arrived.keys() - must.keys()
    other = [name for name in must.keys() & arrived.keys() if must[name] != arrived[name]]
    # What was told at once and is not in the journal: what the kills took.
    times = {(channel, content[0]) for (channel, _), content in must.items()}
    lost = sorted(time for name, time in checker.live if (name, time) not in times)
    print(f"   {CRASHES} kills, seed {SEED}: {len(must)} readings kept, {len(arrived)} arrived, "
          f"{checker.repeats} of them again under their own name; {len(checker.live)} live, {len(lost)} of "
          f"them taken by kills")
    if gaps:
        print(f"   from the newest reading on disk to the kill: median {statistics.median(gaps):.3f} s, "
              f"longest {max(gaps):.3f} s of {len(gaps)}; commit interval {INTERVAL} s, polled each {POLL} s")
    check(len(must) > 20 * CRASHES, "there was a load")
    check(not unread, f"the journal could be read after each kill {unread}")
    check(vanished == 0, f"{vanished} readings that were on disk after a kill are gone later")
    check(not missing, f"{len(missing)} readings on disk never arrived {sorted(missing)[:5]}")
    check(not strange, f"{len(strange)} arrived that are not on disk {sorted(strange)[:5]}")
    check(not checker.changed, f"{len(checker.changed)} places came again with another content "
          f"{checker.changed[:3]}")
    check(not other, f"{len(other)} arrived other than they are on disk {other[:5]}")
    check(not checker.disordered, f"{len(checker.disordered)} came out of order {checker.disordered[:3]}")
    check(len({(name[0], content[0]) for name, content in arrived.items()}) == len(arrived),
          "no reading bears two names")
    allowed = INTERVAL + POLL + COMMIT
    check(gaps and max(gaps) <= allowed,
          f"no kill took more than the newest {INTERVAL} s and what one poll and one commit take")


try:
    main()
finally:
    for process in reversed(started):
        if process.poll() is None:
            process.kill()
            process.wait()
    if gateway.failures and (WORK / "log").exists():
        print("--- the end of the log:", *(WORK / "log").read_text().splitlines()[-60:], sep="\n")
sys.exit(gateway.failures > 0)
