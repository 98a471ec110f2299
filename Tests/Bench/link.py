"""link.py TIDEGATE BENCH FLOOR GRIDWORKS-PYTHON [--quick]: our gateway beside the genuine Python child.

Both are linked to the same `tidegate upstream` over one broker of this run, with 50 in flight; and once more
to the genuine parent. Needs ../shared/peers/gridworks.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from linked import (
    CHILD, HERE, SHARED, Parent, await_true, broker, end, end_all, fill, free_port, gateway, layout,
    processor, resident, row, start)

TIDEGATE, BENCH, FLOOR, PYTHON = sys.argv[1:5]
QUICK = "--quick" in sys.argv
WINDOW = 50
# The genuine child is given fewer events to make, for it takes its time.
EVENTS, THEIR_EVENTS, WAITING, ROUNDS = (4_000, 500, 1_000, 40) if QUICK else (50_000, 10_000, 10_000, 500)
IDLE = 2 if QUICK else 10


def run(*command, seconds):
    """What the command wrote; the program ends when it fails or takes too long."""
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds)
    if said.returncode:
        sys.exit(f"bench: {command[0]} {command[1]}: {said.stdout}{said.stderr}")
    return said.stdout


def our_load(port, folder, commit, events=EVENTS):
    folder.mkdir()
    return [float(word) for word in run(
        BENCH, "child", port, folder, events, ROUNDS, commit, seconds=180).split()]


def their_load(port, folder):
    said = run(PYTHON, HERE / "gridworks-child.py", SHARED, WINDOW, THEIR_EVENTS, ROUNDS, "--port", port,
               "--state-dir", folder, "--quiet-recv", "--inflight", WINDOW, "--no-stdin", seconds=300)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return next(line["numbers"] for line in lines if line["ev"] == "load")


def their_child(port, folder, *options):
    return start(PYTHON, SHARED / "run_child.py", "--port", port, "--state-dir", folder, "--quiet-recv",
                 "--inflight", WINDOW, "--no-stdin", *options)


def our_waiting(port, folder, window=WINDOW, count=None):
    """A gateway with events that wait for its parent; not started yet."""
    path = layout(port, folder, window=window)
    fill(BENCH, folder, count or WAITING, "faults")
    return lambda: gateway(TIDEGATE, path)


def one_by_one(port, folder):
    """The gaps between events on disk that go up one at a time, each when the one before is acknowledged."""
    begin_child = our_waiting(port, folder, window=1, count=5 * ROUNDS)
    parent = Parent(TIDEGATE, port, folder / "parent")
    child = begin_child()
    await_true(lambda: parent.faults >= 5 * ROUNDS, 60,
               lambda: f"{5 * ROUNDS} events one by one; {parent.faults} came")
    end(child, parent.process)
    times = parent.times[-5 * ROUNDS:]
    gaps = sorted(later - earlier for earlier, later in zip(times, times[1:]))
    return [gap * 1e6 for gap in (gaps[len(gaps) // 2], gaps[len(gaps) * 99 // 100])]


def their_waiting(port, folder):
    # It has nobody to speak with, so that all events go to disk, one file each.
    child = their_child(free_port(), folder, "--events", WAITING, "--event-period", 0)
    files = lambda: sum(1 for _ in folder.rglob("*.json"))
    await_true(lambda: files() >= WAITING, 120,
               lambda: f"the genuine child to keep {WAITING} events; there are {files()}")
    end(child)
    return lambda: their_child(port, folder)


def reupload(port, folder, waiting):
    """Events per second, seconds of processor for 10,000, MiB afterwards."""
    begin_child = waiting(port, folder)
    parent = Parent(TIDEGATE, port, folder / "parent")
    child = begin_child()
    await_true(lambda: parent.faults >= WAITING, 300,
               lambda: f"{WAITING} events of {folder.name}; {parent.faults} came")
    took = parent.times[-1] - parent.times[0]
    time.sleep(0.5)
    numbers = [WAITING / took, processor(child) * 10_000 / WAITING, resident(child)]
    end(child, parent.process)
    return numbers


def idle(port, folder, begin_child):
    """Seconds from start to active, MiB resident and % of a core when nothing happens."""
    parent = Parent(TIDEGATE, port, folder / "parent")
    begin = time.monotonic()
    child = begin_child()
    await_true(lambda: parent.active, 30, f"the link of {folder.name} to become active")
    active = parent.active - begin
    time.sleep(IDLE / 2)
    used = processor(child)
    time.sleep(IDLE)
    numbers = [active, resident(child), 100 * (processor(child) - used) / IDLE]
    end(child, parent.process)
    return numbers


def floor(*command):
    process = start(*command, stdin=subprocess.PIPE)
    time.sleep(0.5)
    size = resident(process)
    end(process)
    return size


def show_loads(port, work, name):
    theirs = their_load(port, work / f"{name}-theirs")
    ours = our_load(port, work / f"{name}-ours", 200)
    at_once = our_load(port, work / f"{name}-at-once", 0, events=min(EVENTS, THEIR_EVENTS))
    row(f"{name}: events made and acknowledged, 1/s", f"{ours[0]:.0f}", f"Python child {theirs[0]:.0f}",
        f"{ours[0] / theirs[0]:.1f}", f"commit at once {at_once[0]:.0f}; the child keeps none on disk")
    row("  processor for 10,000 of them, s", f"{ours[1]:.2f}", f"Python child {theirs[1]:.2f}",
        f"{ours[1] / theirs[1]:.3f}", f"commit at once {at_once[1]:.2f}")
    for index, part in ((2, "median"), (3, "99 %")):
        row(f"  one at a time, made to acknowledged, {part}, ms", f"{at_once[index] / 1000:.2f}",
            f"Python child {theirs[index] / 1000:.2f}", f"{at_once[index] / theirs[index]:.2f}",
            f"commit at once; each 200 ms {ours[index] / 1000:.2f}")
    return theirs


def show_reupload(port, work):
    ours = reupload(port, work / "waiting-ours", our_waiting)
    theirs = reupload(port, work / "waiting-theirs", their_waiting)
    row(f"{WAITING:,} events that waited go up, 1/s", f"{ours[0]:.0f}", f"Python child {theirs[0]:.0f}",
        f"{ours[0] / theirs[0]:.1f}")
    row("  processor for 10,000, start included, s", f"{ours[1]:.2f}", f"Python child {theirs[1]:.2f}",
        f"{ours[1] / theirs[1]:.3f}")
    row("  resident memory afterwards, MiB", f"{ours[2]:.1f}", f"Python child {theirs[2]:.1f}",
        f"{ours[2] / theirs[2]:.2f}")


def show_idle(port, work):
    path = layout(port, work / "idle-ours")
    ours = idle(port, work / "idle-ours", lambda: gateway(TIDEGATE, path))
    theirs = idle(port, work / "idle-theirs", lambda: their_child(port, work / "idle-theirs"))
    row("start to active link, s", f"{ours[0]:.2f}", f"Python child {theirs[0]:.2f}",
        f"{ours[0] / theirs[0]:.2f}")
    floors = floor(FLOOR), floor(PYTHON, "-c", "input()")
    row("linked and idle: resident memory, MiB", f"{ours[1]:.1f}", f"Python child {theirs[1]:.1f}",
        f"{ours[1] / theirs[1]:.2f}", f"empty Swift program {floors[0]:.1f}, empty Python {floors[1]:.1f}")
    row("  beyond the runtime's floor, MiB", f"{ours[1] - floors[0]:.1f}",
        f"Python child {theirs[1] - floors[1]:.1f}",
        f"{(ours[1] - floors[0]) / (theirs[1] - floors[1]):.2f}")
    row("  processor, % of one core", f"{ours[2]:.2f}", f"Python child {theirs[2]:.2f}",
        f"{ours[2] / theirs[2]:.2f}" if theirs[2] else "-")


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        port = broker(work)
        try:
            show_idle(port, work)
            parent = Parent(TIDEGATE, port, work / "parent")
            theirs = show_loads(port, work, "our parent")
            end(parent.process)
            gaps = one_by_one(port, work / "one-by-one")
            for gap, their_trip, part in zip(gaps, theirs[2:], ("median", "99 %")):
                row(f"  round trip of the link alone, {part}, ms", f"{gap / 1000:.2f}",
                    f"Python child {their_trip / 1000:.2f}", f"{gap / their_trip:.2f}",
                    "one at a time, from the disk; the child's are in memory")
            other = start(PYTHON, SHARED / "run_parent.py", "--port", port, "--state-dir", work / "genuine",
                          "--quiet-recv", "--no-persist", "--no-stdin")
            show_loads(port, work, "genuine parent")
            end(other)
            show_reupload(port, work)
        finally:
            end_all()


main()
