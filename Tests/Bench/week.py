"""week.py TIDEGATE BENCH [--quick]: a week of readings goes up while new ones are made 20 times a second.

Once to `tidegate upstream` in the words of GridWorks, once to a broker in plain words. Told are the rate, the
memory, and how old a live value was when somebody had it.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from linked import (
    CHILD, Parent, await_true, broker, end, end_all, fill, gateway, layout, processor, resident, row, start)

TIDEGATE, BENCH = sys.argv[1:3]
QUICK = "--quick" in sys.argv
BACKLOG = 21_000 if QUICK else 600_000
PERIOD = 0.05
LIMIT = 60 if QUICK else 900


def nodes():
    """What the backlog is of, and a channel that is read 20 times a second and captured each time."""
    pace = {"pollPeriod": f"{PERIOD * 1000:.0f}ms", "capturePeriod": f"{PERIOD * 1000:.0f}ms"}
    return [
        {"name": "tank-top", "kind": "sensor", "channels": [{"source": "temperature", "name": "tank-top-temperature"}],
         "component": {"driver": "hwmon", "chip": "lm75", "input": "temp1", "simulated": True}},
        {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": False},
         "channels": [{"source": "load-1", "name": "host-load", **pace}]}]


class Listener:
    """Ages of the live values of `host-load`, and what came of history, as a subscriber has them."""

    def __init__(self, port):
        self.ages, self.fresh, self.old = [], [], 0
        self.places, self.is_ordered, self.is_ready = 0, True, False
        self.process = start(
            "mosquitto_sub", "-p", port, "-q", "1", "-t", f"tidegate/{CHILD}/+/+", "-t", "bench/ready",
            "-F", "%r %t %p", stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

        def is_subscribed():
            subprocess.run(["mosquitto_pub", "-p", str(port), "-t", "bench/ready", "-m", "1"], check=True)
            return self.is_ready
        await_true(is_subscribed, 10, "mosquitto_sub to subscribe")

    def read(self):
        for line in self.process.stdout:
            kept, topic, payload = line.split(" ", 2)
            if topic == "bench/ready":
                self.is_ready = True
            elif topic.endswith("/readings/tank-top-temperature"):
                self.old += 1
            elif topic.endswith("/live/host-load") and kept == "0":
                self.ages.append(self.age(payload))
            elif topic.endswith("/readings/host-load"):
                at = json.loads(payload)["time"]
                self.is_ordered = self.is_ordered and at >= self.places
                self.places = at
                self.fresh.append(self.age(payload))

    def age(self, payload):
        return time.time() - json.loads(payload)["time"] / 1e9


def milliseconds(ages):
    """Median and oldest."""
    ages = sorted(ages)
    return f"{ages[len(ages) // 2] * 1000:.0f} / {ages[-1] * 1000:.0f}"


def show(words, work, port, upstreams, is_done, came):
    """Runs the gateway until `is_done`; the rate of what `came`, and the live values meanwhile."""
    folder = work / words
    path = layout(port, folder, nodes(), upstreams)
    fill(BENCH, folder, BACKLOG, "readings")
    listener = Listener(port)
    child, peak, begin = gateway(TIDEGATE, path), 0, time.monotonic()

    def is_over():
        nonlocal peak
        peak = max(peak, resident(child))
        return is_done(listener)

    await_true(is_over, LIMIT, lambda: f"{BACKLOG} readings in {words} words; {came(listener)} came")
    took, used = time.monotonic() - begin, processor(child)
    during = list(listener.ages)
    # The same when nothing waits any more.
    time.sleep(2 if QUICK else 10)
    after = listener.ages[len(during):]
    if not during or not after:
        sys.exit(f"bench: no live value came in {words} words")
    row(f"{BACKLOG:,} readings that waited, {words} words, 1/s", f"{BACKLOG / took:.0f}",
        f"made meanwhile {1 / PERIOD:.0f}", f"{BACKLOG / took * PERIOD:.0f}",
        f"{took:.1f} s, start included; processor {used:.1f} s")
    row("  resident memory, at most, MiB", f"{peak:.1f}", "bound of the journal 1000", f"{peak / 1000:.3f}")
    row("  age of a live value, median / oldest, ms", milliseconds(during),
        f"nothing waits {milliseconds(after)}", f"{max(during) / max(after):.2f}",
        f"{len(during)} values, {took / PERIOD:.0f} due")
    fresh = listener.fresh
    end(child, listener.process)
    return listener, fresh


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        port = broker(work)
        address = f"mqtt://127.0.0.1:{port}"
        plain = {"name": "site", "broker": address, "window": 50}
        try:
            listener, fresh = show(
                "plain", work, port, [plain], lambda listener: listener.old >= BACKLOG,
                lambda listener: listener.old)
            row("  wait of a new reading for its turn in history, ms", milliseconds(fresh) if fresh else "-",
                "the backlog goes first", "-", "in order" if listener.is_ordered else "NOT IN ORDER")
            parent = Parent(TIDEGATE, port, work / "parent")
            gridworks = json.loads(layout(port, work / "any").read_text())["upstreams"][0]
            came = lambda _: sum(count(line) for _, line in parent.reports)
            show("GridWorks", work, port, [gridworks, {**plain, "name": "live"}],
                 lambda listener: came(listener) >= BACKLOG, came)
        finally:
            end_all()


def count(line):
    """How many readings of the backlog a report holds."""
    lists = json.loads(line)["payload"]["Report"]["ChannelReadingList"]
    return sum(len(one["ValueList"]) for one in lists if one["ChannelName"] == "tank-top-temperature")


main()
