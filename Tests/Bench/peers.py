"""Measures the direct link, beside libchirp in the same run where it is there.

Usage: peers.py TIDEGATE BENCH ROUNDTRIP PYTHON [--quick]. ROUNDTRIP is roundtrip.swift, built. PYTHON is one
with libchirp, as Tests/RealInput/chirp.sh makes it; the rows beside libchirp stay empty without. See run.sh.
"""

import os
import pathlib
import re
import resource
import socket
import statistics
import struct
import subprocess
import sys
import time

TIDEGATE, BENCH, ROUNDTRIP, PYTHON = sys.argv[1:5]
QUICK = "--quick" in sys.argv
RUNS = 1 if QUICK else 3
CHIRP = pathlib.Path(__file__).parent.parent / "RealInput" / "peer-chirp.py"
HELLO = struct.pack(">H16s", 40000, os.urandom(16))


def row(what, ours, beside, ratio, note=""):
    print(f"{what:<50} {ours:>16} {beside:>27} {ratio:>8}  {note}", flush=True)


class Server:
    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL)
        self.port = int(re.findall(r"\d+", self.process.stdout.readline())[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def echo(*options):
    return Server(TIDEGATE, "peer", "serve", "--listen", "127.0.0.1:0", *options)


def ping(port, count, lanes, mode):
    """Answered, a second, microseconds that half of them took."""
    said = subprocess.run(
        [TIDEGATE, "peer", "ping", f"127.0.0.1:{port}", "--count", str(count), "--mode", mode,
         "--in-flight", str(lanes)], stdout=subprocess.PIPE, text=True).stdout
    answered, _, rate, half = map(int, re.findall(r"\d+", said))
    return answered, rate, half


def libchirp(count, mode):
    """Libchirp asking libchirp: a second, microseconds that half of them took."""
    try:
        with Server(PYTHON, CHIRP, "serve", mode) as server:
            said = subprocess.run(
                [PYTHON, CHIRP, "ask", str(server.port), str(count), mode], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return [int(number) for number in re.findall(r"\d+", said)[2:4]]
    except (OSError, IndexError):
        return None


def round_trips():
    for mode in "async", "sync":
        for lanes, count, bar in (1, 100_000, 57_000), (100, 400_000, 117_000):
            count //= 10 if QUICK else 1
            with echo("--mode", mode) as server:
                runs = [ping(server.port, count, lanes, mode) for _ in range(RUNS)]
            rate = statistics.median(run[1] for run in runs)
            half = statistics.median(run[2] for run in runs)
            theirs = libchirp(2000, mode) if lanes == 1 else None
            if lanes == 1:
                raw, raw_half = map(int, subprocess.check_output([ROUNDTRIP, str(count)]).split())
                row(f"direct link, {mode}, in lock-step", f"{rate:,.0f}/s",
                    f"{raw:,}/s blocking sockets", f"{rate / raw:.2f}",
                    f"half within {half:.0f} us; theirs {raw_half} us")
            what = "in lock-step" if lanes == 1 else f"{lanes} in flight"
            row(f"direct link, {mode}, {what}", f"{rate:,.0f}/s",
                f"{theirs[0]:,}/s libchirp (Python)" if theirs else "-",
                f"{rate / theirs[0]:.1f}" if theirs else "-",
                f"half within {half:.0f} us" + (f"; the bar is {bar:,}/s" if mode == "async" else ""))


def none_lost():
    count = 50_000 if QUICK else 1_000_000
    with echo("--mode", "async") as server:
        answered, rate, _ = ping(server.port, count, 100, "async")
    row(f"direct link, {count:,} requests", f"{count - answered} lost",
        "1 in 6,000 libchirp", "-", f"{rate:,}/s")


def nobody():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        said = subprocess.run(
            [TIDEGATE, "peer", "ping", f"127.0.0.1:{probe.getsockname()[1]}", "--count", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).stderr
    microseconds = int(re.search(r"after (\d+) us", said)[1])
    row("direct link, request to nobody told within", f"{microseconds / 1000:.1f} ms",
        "5000 ms libchirp", f"{5_000_000 / microseconds:.0f}", "the bar is 10 ms")


def closing():
    median, longest, processor = map(
        int, subprocess.check_output([BENCH, "close", "20" if QUICK else "500"]).split())
    row("direct link, both ends close at once", f"{median / 1000:.1f} ms", "400 to 1800 ms pypz",
        f"{400_000 / median:.0f}",
        f"longest {longest / 1000:.1f} ms, the bar is 50; {processor / 1000:.1f} ms of processor")


def vanishing():
    """Callers that drop their connection in the middle of a frame, and what they leave behind."""
    count = 1_000 if QUICK else 10_000
    part = HELLO + struct.pack(">16sIIHB", os.urandom(16), 1, 100_000, 0, 0) + b"x" * 500

    def state(process):
        text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return (len(os.listdir(f"/proc/{process.pid}/fd")),
                int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024)

    def drop(port, times):
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", port)) as caller:
                caller.sendall(part)

    with echo("--connections", "64") as server:
        drop(server.port, count // 10)
        answered, _, _ = ping(server.port, 100, 1, "async")
        descriptors, megabytes = state(server.process)
        drop(server.port, count)
        answered, _, _ = ping(server.port, 100, 1, "async")
        time.sleep(0.5)
        after = state(server.process)
    row(f"direct link, {count:,} callers vanish mid-frame",
        f"{after[0] - descriptors:+d} fd {after[1] - megabytes:+.1f} MiB", "-", "-",
        f"{answered} of 100 answered after it; {after[1]:.1f} MiB in all")


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
round_trips()
none_lost()
nobody()
closing()
vanishing()
