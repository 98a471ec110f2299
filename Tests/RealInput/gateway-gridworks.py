"""gateway-gridworks.py PROGRAM PYTHON WORK KILLS SEED: see gateway-gridworks.sh."""
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import gateway
from gateway import accepts, check, find, free_port, wait

PROGRAM, PYTHON, WORK = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
KILLS, chance = int(sys.argv[4]), random.Random(int(sys.argv[5]))
HERE, SHARED = pathlib.Path(__file__).parent, pathlib.Path(os.environ["TIDEGATE_SHARED"])
PARENT, CHILD = "d1.isone.ct.newhaven.orange1", "d1.isone.ct.newhaven.orange1.scada"
ACK, POLL, AWAY, PORT = 1, 2, 10_000, free_port()
STATE, LOG = WORK / "state", WORK / "log"
started = []

LAYOUT = {
    "gateway": CHILD,
    "nodes": [
        *({"name": f"air-{number}", "kind": "sensor",
           "component": {"driver": "hwmon", "chip": f"lm7{number}", "input": "temp1", "simulated": True},
           "channels": [{"source": "temperature", "pollPeriod": "10ms", "capturePeriod": "10ms"}]}
          for number in range(8)),
        # Is not there, which is told as a problem; the first parent cannot decode it.
        {"name": "unreadable", "kind": "sensor",
         "component": {"driver": "hwmon", "chip": "nowhere", "input": "temp1"}}],
    "upstreams": [{
        "name": "parent", "broker": f"mqtt://127.0.0.1:{PORT}", "codec": "gridworks",
        "ackTimeout": f"{ACK}s", "pollPeriod": f"{POLL}s",
        "gridworks": {"parent": PARENT, "parentShortName": "a", "reportPeriod": "1s",
                      "instance": "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"}}],
}


def start(*command, **extra):
    process = subprocess.Popen([str(word) for word in command], **extra)
    started.append(process)
    return process


class Parent:
    """A genuine parent. What all of them were told is kept in `told`, in order of arrival."""

    # (identity, payload) of each event, also of those that came again.
    told = []

    def __init__(self, script=SHARED / "peers/gridworks/run_parent.py", *words):
        self.seen = []
        self.process = start(
            PYTHON, script, *words, "--port", PORT, "--state-dir", WORK / "parent", "--ack-timeout", ACK,
            "--link-poll", POLL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, bufsize=1)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            try:
                body = json.loads(line)
            except ValueError:
                # Its end came in the middle of a line.
                return
            if body["ev"] == "event" and body["src"] == CHILD:
                self.told.append((body["id"], body["payload"]))
            self.seen.append(body)

    def count(self, kind):
        return sum(body["ev"] == kind for body in list(self.seen))

    def say(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(10)


class Log:
    """The gateway's own word, from a moment on."""

    def __init__(self):
        self.start = LOG.stat().st_size

    def has(self, text):
        with open(LOG) as file:
            file.seek(self.start)
            return text in file.read()

    def hears(self, text, seconds=20):
        begin = time.monotonic()
        return time.monotonic() - begin if wait(lambda: self.has(text), seconds) else None


HEARD, SILENT = "link.peer-active", "link.peer-silent"


def broker():
    config = WORK / "mosquitto.conf"
    config.write_text(f"listener {PORT} 127.0.0.1\nallow_anonymous true\n")
    process = start(find("mosquitto"), "-c", config, stderr=subprocess.DEVNULL)
    wait(lambda: accepts(PORT), 10)
    return process


def tidegate(*words):
    return subprocess.run([PROGRAM, *words, "--state-directory", STATE],
                          capture_output=True, text=True, check=True).stdout


def kept():
    """How often the journal has (channel, milliseconds, steps): twice when a late poll was made up for."""
    rows = map(json.loads, tidegate("export", "--format", "jsonl").splitlines())
    return collections.Counter(
        (row["channel"], row["nanoseconds"] // 1_000_000, round(row["value"] * 1000)) for row in rows)


def readings(payload):
    for series in payload.get("Report", {}).get("ChannelReadingList", []):
        for at, value in zip(series["ScadaReadTimeUnixMsList"], series["ValueList"]):
            yield series["ChannelName"], at, value


def arrived():
    """How often the parent has each reading, in order of arrival, when it takes each event once."""
    events = {}
    for identity, payload in list(Parent.told):
        events.setdefault(identity, payload)
    return collections.Counter(reading for payload in events.values() for reading in readings(payload))


def disorder(names):
    last, count = {}, 0
    for channel, at, _ in names:
        count += at < last.get(channel, 0)
        last[channel] = at
    return count


def stale_ping():
    dashed = PARENT.replace(".", "-")
    ping = {"Header": {"Src": PARENT, "Dst": "s", "MessageType": "gridworks.ping", "MessageId": "stale",
                       "AckRequired": True, "TypeName": "gridworks.header"},
            "Payload": {"TypeName": "gridworks.ping", "MessageId": "stale"}, "TypeName": "gw"}
    subprocess.run(["mosquitto_pub", "-p", str(PORT), "-r", "-q", "1", "-t",
                    f"gw/{dashed}/to/s/gridworks-ping", "-m", json.dumps(ping)], check=True)


def undecodable():
    log = Log()
    parent = Parent(HERE / "gridworks-parent.py", "unreadable")
    check(log.hears(HEARD), "the link to a genuine parent becomes active")
    check(log.hears("dead-lettered", 30), "what the parent cannot decode is dead-lettered")
    aside = tidegate("journal").splitlines()
    reports = sum("Report" in payload for _, payload in list(Parent.told))
    check(reports >= 3 and parent.count("decode_error") >= 2,
          f"it was sent {sum('unreadable' in b.get('raw', '') for b in parent.seen)} times; {reports} reports "
          f"came through meanwhile")
    check(not log.has(SILENT), "and the link stayed up")
    return parent, aside


def away(parent):
    log = Log()
    parent.end()
    since = time.time_ns() // 1_000_000
    check(log.hears(SILENT), "a parent that went is missed")
    made = collections.Counter()

    def count():
        made.clear()
        made.update({name: times for name, times in kept().items() if name[1] >= since})
        return made.total() >= AWAY

    wait(count, 40)
    until = max(at for _, at, _ in made)
    first, log, begin = len(Parent.told), Log(), time.monotonic()
    parent = Parent()
    back = log.hears(HEARD)
    wait(lambda: made <= arrived(), 30)
    took = time.monotonic() - begin
    values = arrived()
    missing, twice = made - values, +collections.Counter({name: values[name] - made[name] for name in made})
    check(made.total() >= AWAY and not missing and not twice,
          f"{made.total()} readings made while it was away: {len(missing)} missing, {len(twice)} twice; all there "
          f"{took:.1f} s after its start, {took - (back or took):.1f} s after the link was up, in "
          f"{len(Parent.told) - first} events")
    names = [name for name in values if since <= name[1] <= until]
    check(disorder(names) == 0, "and in order")
    tidegate("journal", "requeue", "--all")
    check(wait(lambda: any("unreadable" in json.dumps(payload) for _, payload in list(Parent.told)), 15),
          "what was dead-lettered arrives when it is re-queued and the parent can decode it")
    return parent


def withheld(parent):
    parent.say(cmd="drop_acks", on=True)
    time.sleep(ACK * 3.5)
    dropped, log = parent.count("ack_dropped"), Log()
    parent.say(cmd="drop_acks", on=False)
    before = kept()
    check(dropped > 0 and wait(lambda: before <= arrived(), 15),
          f"{dropped} acknowledgements withheld; what they were for and what came after is there")
    log.hears(HEARD, 1)


def frozen(parent):
    log = Log()
    parent.process.send_signal(signal.SIGSTOP)
    took = log.hears(SILENT, 15)
    check(took and took <= POLL + ACK + 0.5,
          f"a frozen parent is noticed after {took or 0:.1f} s; poll + ack is {POLL + ACK} s")
    log = Log()
    parent.process.send_signal(signal.SIGCONT)
    check(log.hears(HEARD), "and heard again when it goes on")


def killed(parent, mosquitto):
    took = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 1.5))
        parent.end(signal.SIGKILL)
        time.sleep(chance.uniform(0, 1))
        parent, begin = Parent(), time.monotonic()
        if wait(lambda: parent.count("active") and parent.count("event"), 20):
            took.append(time.monotonic() - begin)
    check(len(took) == KILLS, f"the parent killed {KILLS} times: linked again {len(took)} times, within "
          f"{max(took, default=0):.1f} s of its start")
    took = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0, 1.5))
        mosquitto.kill()
        mosquitto.wait()
        time.sleep(chance.uniform(0, 1))
        events, log, begin = parent.count("event"), Log(), time.monotonic()
        mosquitto = broker()
        # A connection that broke soon counts as a failed try: the pauses grow to a minute.
        if log.hears(HEARD, 75) and wait(lambda: parent.count("event") > events, 20):
            took.append(time.monotonic() - begin)
    check(len(took) == KILLS, f"the broker killed {KILLS} times: linked again {len(took)} times, within "
          f"{max(took, default=0):.1f} s")
    return parent


def main():
    mosquitto = broker()
    layout = WORK / "layout.json"
    layout.write_text(json.dumps(LAYOUT))
    stale_ping()
    with open(LOG, "w") as log:
        house = start(PROGRAM, "run", layout, "--log-format", "text", "--state-directory", STATE,
                      stderr=log, env=dict(os.environ, RUNTIME_DIRECTORY=str(WORK / "run")))
    check(Log().hears("connected") is not None and wait(lambda: "link.subscribed" in LOG.read_text(), 10),
          "the broker takes the gateway")
    time.sleep(POLL)
    check(HEARD not in LOG.read_text(), "a retained ping of before does not make the link active")
    parent, aside = undecodable()
    check(any(line.split()[0] == "parent" and line.split()[-1] == "1" for line in aside if line.strip()),
          "tidegate journal shows one fact dead-lettered")
    parent = away(parent)
    withheld(parent)
    frozen(parent)
    parent = killed(parent, mosquitto)

    before = kept()
    check(wait(lambda: before <= arrived(), 20), "all that was made until now is with the parent")
    house.terminate()
    check(house.wait(10) == 0, "the gateway stops in good order")
    check(wait(lambda: any(payload["TypeName"] == "gridworks.event.shutdown"
                           for _, payload in list(Parent.told)), 5), "and the parent is told")
    # The newest of all were made after the first look.
    values, must = arrived(), kept()
    missing, strange = before - values, values - must
    content, changed = {}, []
    for identity, payload in Parent.told:
        if content.setdefault(identity, payload) != payload:
            changed.append(identity)
    check(not missing, f"of {before.total()} readings kept {len(missing)} never reached the parent "
          f"{sorted(missing)[:5]}")
    check(not strange, f"{len(strange)} came more often than they are kept, or are not kept at all "
          f"{sorted(strange)[:5]}")
    check(not changed, f"of {len(content)} events, told {len(Parent.told)} times, {len(changed)} came again with "
          f"another content {changed[:5]}")
    print(f"   after kills of the parent and the broker {disorder(values)} readings were first heard after later "
          f"ones: they were on their way to a parent that was killed")


try:
    main()
finally:
    for process in reversed(started):
        if process.poll() is None:
            process.kill()
            process.wait()
    if gateway.failures and LOG.exists():
        print("--- the end of the log:", *LOG.read_text().splitlines()[-80:], sep="\n")
sys.exit(gateway.failures > 0)
