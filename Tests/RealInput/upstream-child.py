"""Checks of upstream-child.sh: PROGRAM, the Python with the GridWorks packages, and a folder to work in."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

PROGRAM, PYTHON, WORK = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
SHARED = pathlib.Path(os.environ["TIDEGATE_SHARED"]) / "peers" / "gridworks"
PARENT, CHILD = "d1.isone.ct.newhaven.orange1", "d1.isone.ct.newhaven.orange1.scada"
ACK, POLL = 1.0, 2.0
failures = 0
started = []


def check(is_good, what):
    global failures
    print(("ok   " if is_good else "FAIL ") + what, flush=True)
    failures += not is_good
    return is_good


class Process:
    """A process that writes one JSON object a line; all of them are kept."""

    def __init__(self, *command):
        self.lines, self.news = [], threading.Condition()
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, bufsize=1)
        started.append(self.process)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append((time.monotonic(), json.loads(line)))
                self.news.notify_all()

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def find(self, is_it, after=0.0):
        return [(at, line) for at, line in self.lines if at >= after and is_it(line)]

    def wait(self, is_it, after=0.0, within=15.0, count=1):
        """When the line came that makes it `count`, or None."""
        end = time.monotonic() + within
        with self.news:
            while len(found := self.find(is_it, after)) < count:
                if not self.news.wait(end - time.monotonic()) and time.monotonic() >= end:
                    return None
        return found[count - 1][0]

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(10)


def broker(port):
    config = WORK / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen(["mosquitto", "-c", config], stderr=subprocess.DEVNULL)
    started.append(process)
    return process


def parent(port):
    return Process(
        PROGRAM, "upstream", "--broker", f"mqtt://127.0.0.1:{port}", "--alias", PARENT,
        "--short-name", "a", "--child", f"{CHILD}=s", "--state-directory", WORK / "state",
        "--ack-timeout", f"{int(ACK * 1000)}ms", "--poll-period", f"{int(POLL * 1000)}ms")


def child(port):
    return Process(
        PYTHON, SHARED / "run_child.py", "--port", port, "--state-dir", WORK / "child",
        "--ack-timeout", ACK, "--link-poll", POLL)


def link(state):
    return lambda line: line.get("kind") == "link" and line["state"] == state


def kept():
    said = subprocess.run(
        [PROGRAM, "upstream", "--alias", PARENT, "--list", "--format", "jsonl",
         "--state-directory", WORK / "state"], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in said.splitlines()]


def made(peer):
    return {line["id"]: line["type"] for _, line in peer.find(lambda line: line["ev"] == "own_event")}


def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mosquitto = broker(port)
    ours, theirs = parent(port), child(port)
    peers = [theirs]
    check(ours.wait(link("connected")), "the link to a genuine child becomes active")
    check(theirs.wait(lambda line: line["ev"] == "active"), "the child finds it active, too")

    for number in range(200):
        theirs.say(json.dumps({"cmd": "event", "summary": f"first {number}"}))
    first = lambda line: line.get("kind") == "event" and "first" in json.dumps(line)
    check(ours.wait(first, count=200), "200 events are told to be stored")
    check(theirs.wait(lambda line: line["ev"] == "ack_recv" and line["awaited"], count=200),
          "200 acknowledgements are what the child waits for")
    check(not ours.find(lambda line: line.get("kind") == "problem"), "and nothing is a problem")

    # A frozen child.
    at = time.monotonic()
    theirs.process.send_signal(signal.SIGSTOP)
    silent = ours.wait(link("timedOut"), after=at)
    check(silent and silent - at <= ACK + POLL + 0.5,
          f"a frozen child is noticed after {(silent or at) - at:.1f} s; poll + ack is {ACK + POLL} s")
    at = time.monotonic()
    theirs.process.send_signal(signal.SIGCONT)
    check(ours.wait(link("connected"), after=at), "and is heard again when it goes on")

    # The parent is killed while events are made, and comes back.
    ours.end(signal.SIGKILL)
    for number in range(100):
        theirs.say(json.dumps({"cmd": "event", "summary": f"second {number}"}))
    at = time.monotonic()
    ours = parent(port)
    back = ours.wait(link("connected"))
    check(back, f"a parent that was killed is linked again {(back or at) - at:.1f} s after its start")
    second = lambda line: line.get("kind") == "event" and "second" in json.dumps(line)
    check(ours.wait(second, count=100), "and gets the 100 events that were made meanwhile")

    # The child is killed and comes back.
    at = time.monotonic()
    theirs.end(signal.SIGKILL)
    check(ours.wait(link("timedOut"), after=at), "a child that was killed is missed")
    at = time.monotonic()
    theirs = child(port)
    peers.append(theirs)
    check(ours.wait(link("connected"), after=at), "and linked again when it is back")

    # The broker is killed and comes back.
    at = time.monotonic()
    mosquitto.kill()
    mosquitto.wait()
    check(ours.wait(link("connecting"), after=at), "a broker that is gone is noticed")
    mosquitto = broker(port)
    check(ours.wait(link("connected"), after=at, within=20), "and all is linked again when it is back")
    theirs.say(json.dumps({"cmd": "event", "summary": "third"}))
    third = lambda line: line.get("kind") == "event" and "third" in json.dumps(line)
    check(ours.wait(third, after=at), "and events come")

    def acknowledged(by):
        return {line["id"] for _, line in by.find(lambda line: line["ev"] == "ack_recv")}

    # What it kept while nobody was there goes up again in its own time.
    all_told = lambda line: line["ev"] == "ack_recv" and made(theirs).keys() <= acknowledged(theirs)
    check(theirs.wait(all_told, within=30), "and all that the child had kept meanwhile")
    theirs.say(json.dumps({"cmd": "stats"}))
    theirs.wait(lambda line: line["ev"] == "stats")
    at = time.monotonic()
    check(theirs.end() == 0, "the child stops")
    shutdown = lambda line: line.get("type") == "gridworks.event.shutdown"
    check(ours.wait(shutdown, after=at), "and its last event is stored")
    ours.say("quit")
    check(ours.process.wait(10) == 0, "the parent ends with 0 when it is told to quit")

    identities = [event["id"] for event in kept()]
    # A genuine child that is killed takes along what was not acknowledged and lay in memory only.
    expected = {identity: kind for peer in peers for identity, kind in made(peer).items()
                if peer is theirs or identity in acknowledged(peer)}
    missing = [kind for identity, kind in expected.items() if identity not in identities]
    check(not missing, f"of {len(expected)} events that were acknowledged or could be told, "
          f"{len(missing)} are missing {missing}")


try:
    main()
finally:
    for process in started:
        if process.poll() is None:
            process.kill()
sys.exit(1 if failures else 0)
