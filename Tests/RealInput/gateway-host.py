"""gateway-host.py PROGRAM LAYOUT WORK: see gateway-host.sh.

A thread reads /proc as fast as it can and stamps each look. A reading was taken just after the time it
bears, so it must lie between what the looks around that moment saw. Where all of them saw the same, it
must be the same.

One thing moves between two looks a millisecond apart: on a busy machine memory is taken and given back
within less. So of the readings of memory that was moving one in ten may lie outside, or one of a few.
"""
import bisect
import json
import pathlib
import sys
import threading
import time

import gateway
from gateway import Gateway, check, wait, without_comments

program, shipped, work = sys.argv[1], *map(pathlib.Path, sys.argv[2:])


class Looks:
    """What /proc said, moment by moment."""

    def __init__(self):
        self.times, self.seen, self.isRunning = [], [], True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.isRunning:
            # Stamped before: whoever reads the files at this time or a little later sees the same.
            at = time.time_ns()
            with open("/proc/meminfo") as file:
                memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in list(file)[:3]}
            with open("/proc/loadavg") as file:
                loads = [round(float(word) * 100) for word in file.read().split()[:3]]
            self.times.append(at)
            self.seen.append({
                "memory-total": memory["MemTotal"], "memory-available": memory["MemAvailable"],
                "load-1": loads[0], "load-5": loads[1], "load-15": loads[2]})
            time.sleep(0.001)

    def around(self, at, source):
        """The values between the last look before `at` and the looks of the next 50 ms."""
        first = max(0, bisect.bisect_right(self.times, at) - 1)
        last = bisect.bisect_right(self.times, at + 50_000_000) + 1
        return [seen[source] for seen in self.seen[first:last]]


SOURCES = ["load-1", "load-5", "load-15", "memory-total", "memory-available"]


def compare(layout, folder, name, seconds):
    looks = Looks()
    with Gateway(program, layout, work / folder, embedded=True) as house:
        check(wait(lambda: {f"host-{source}" for source in SOURCES} <= {m.name for m in house.values()}, 15),
              f"{name}: load and memory are published")
        births = [m.body for m in house.messages if m.kind == "birth"]
        check(all(not node["simulated"] for birth in births for node in birth["nodes"]),
              f"{name}: nothing is said to be simulated")
        time.sleep(seconds)
        check(house.stop() == 0, f"{name}: exit status 0 on SIGTERM")
    looks.isRunning = False
    looks.thread.join()
    for source in SOURCES:
        values = {m.body["time"]: m.body for m in house.values() if m.name == f"host-{source}"}
        wrong, outside, quiet, equal = [], [], 0, 0
        for at, body in values.items():
            near = looks.around(at, source)
            is_quiet = min(near) == max(near)
            quiet += is_quiet
            equal += body["steps"] in near
            if body["quality"] != "good" or not min(near) <= body["steps"] <= max(near):
                may_move = source == "memory-available" and body["quality"] == "good" and not is_quiet
                (outside if may_move else wrong).append((body, near))
        moving = len(values) - quiet
        check(values and not wrong and len(outside) <= max(1, moving // 10),
              f"{name}: {source}: of {len(values)} readings, {len({b['steps'] for b in values.values()})} "
              f"different, {equal} equal a look at /proc to the last digit; {len(outside)} of {moving} "
              f"lie outside of the looks around them while it moved, {len(wrong)} while it did not")
        for body, near in (wrong + outside)[:3]:
            print("  ", json.dumps(body), "where /proc showed", min(near), "to", max(near))


compare(shipped, "shipped", "host.json", 0)
document = json.loads(without_comments(shipped.read_text()))
document["nodes"][0]["channels"] = [
    {"source": source, "pollPeriod": "100ms", "capturePeriod": "100ms"} for source in SOURCES]
fast = work / "fast.json"
document.pop("$schema")
fast.write_text(json.dumps(document))
compare(fast, "fast", "each 100 ms", 12)
sys.exit(gateway.failures > 0)
