"""What link.py and week.py share: processes that end with the program, waits with a deadline, and the peers."""
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "RealInput"))
from gateway import accepts, find, free_port  # noqa: E402

PARENT, CHILD = "d1.isone.ct.newhaven.orange1", "d1.isone.ct.newhaven.orange1.scada"
INSTANCE = "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"
SHARED = pathlib.Path(os.environ.get("TIDEGATE_SHARED", HERE.parents[1] / "../shared")) / "peers/gridworks"
started = []


def row(what, ours, beside, ratio, note=""):
    print(f"{what:<50} {ours:>16} {beside:>27} {ratio:>8}  {note}", flush=True)


def await_true(condition, seconds, what):
    """Ends the program with a word on what it waited for when that does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"bench: waited {seconds} s in vain for {what() if callable(what) else what}")
        time.sleep(0.01)


def start(*command, **extra):
    extra = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **extra}
    process = subprocess.Popen([str(word) for word in command], text=True, **extra)
    started.append(process)
    return process


def end(*processes):
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


def end_all():
    end(*started)


def resident(process):
    """MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def processor(process):
    """Seconds of processor that it has used."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def broker(work):
    """The port of a broker that keeps nothing and drops nothing."""
    port = free_port()
    (work / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n")
    start(find("mosquitto"), "-c", work / "mosquitto.conf")
    await_true(lambda: accepts(port), 10, "mosquitto to listen")
    return port


class Parent:
    """`tidegate upstream`: when it found its child active, and when it stored what."""

    def __init__(self, program, port, folder):
        self.active, self.times, self.reports, self.faults = None, [], [], 0
        self.is_ready = False
        self.process = start(
            program, "upstream", "--broker", f"mqtt://127.0.0.1:{port}", "--alias", PARENT, "--short-name",
            "a", "--child", f"{CHILD}=s", "--state-directory", folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()
        await_true(lambda: self.is_ready, 10, "tidegate upstream to reach the broker")

    def read(self):
        for line in self.process.stdout:
            now = time.monotonic()
            if '"kind":"event"' in line:
                self.times.append(now)
                self.faults += '"gridworks.event.problem"' in line
                if '"report.event"' in line:
                    self.reports.append((now, line))
            elif '"kind":"link"' in line:
                state = json.loads(line)["state"]
                self.is_ready = self.is_ready or state in ("timedOut", "connected")
                if state == "connected":
                    self.active = self.active or now


def layout(port, folder, nodes=None, upstreams=None, window=50):
    """Writes a layout with one sensor and, when nothing else is said, a GridWorks upstream."""
    site = {
        "name": "site", "broker": f"mqtt://127.0.0.1:{port}", "codec": "gridworks", "window": window,
        "gridworks": {"parent": PARENT, "parentShortName": "a", "instance": INSTANCE}}
    host = {"name": "host", "kind": "sensor", "component": {"driver": "host-health", "pressure": False}}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "layout.json"
    path.write_text(json.dumps(
        {"gateway": CHILD, "nodes": nodes or [host], "upstreams": upstreams or [site]}))
    return path


def gateway(program, path):
    return start(program, "run", path, "--state-directory", path.parent / "state",
                 env=dict(os.environ, RUNTIME_DIRECTORY=str(path.parent / "run")))


def fill(bench, folder, count, what):
    """Leaves a journal in which so many readings or faults wait for the upstream `site`."""
    (folder / "state").mkdir(parents=True, exist_ok=True)
    subprocess.run([bench, "backlog", folder / "state", "site", str(count), what], check=True, timeout=120)
