"""debian13.py TREE PROGRAM TESTS: see debian13.sh. Both programs are named as within the tree."""
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

import gateway
from gateway import check, wait

TREE, PROGRAM, TESTS = pathlib.Path(sys.argv[1]), f"/{sys.argv[2]}", sys.argv[3]
STATE = TREE / "tmp/state"
started = []
ENVIRONMENT = {"PATH": "/usr/bin:/usr/sbin", "HOME": "/tmp", "LD_LIBRARY_PATH": "/tmp/lib", "RUNTIME_DIRECTORY": "/tmp/run"}
LAYOUT = {
    "gateway": "d1.thirteen.scada",
    "nodes": [
        {"name": "air", "kind": "sensor",
         "component": {"driver": "hwmon", "chip": "lm75", "input": "temp1", "simulated": True},
         "channels": [{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "100ms"}]},
        {"name": "pump", "kind": "relay", "safeState": "off",
         "component": {"driver": "gpio-relay", "line": "sim/1", "simulated": True}}],
    "upstreams": [{"name": "house", "broker": "embedded"}],
}


def command(*words):
    return ["chroot", str(TREE), *map(str, words)]


def tidegate(*words):
    return subprocess.run(command(PROGRAM, *words), capture_output=True, text=True, env=ENVIRONMENT)


def start(*words, log):
    with open(TREE / "tmp" / log, "a") as file:
        process = subprocess.Popen(command(PROGRAM, *words), stdout=file, stderr=file, env=ENVIRONMENT)
    started.append(process)
    process.log = TREE / "tmp" / log
    return process


def begin(log):
    process = start("run", "/tmp/layout.json", "--log-format", "text", "--state-directory", "/tmp/state", log=log)
    check(wait(lambda: "link.subscribed" in process.log.read_text(), 30), "the gateway starts and takes commands")
    return process


def rows():
    said = tidegate("export", "--state-directory", "/tmp/state", "--format", "jsonl")
    return [json.loads(line) for line in said.stdout.splitlines()]


def damaged():
    return [path.name for path in TREE.glob("tmp/*/*.damaged-*")]


version = next((TREE / "usr/share/doc/libsqlite3-0").glob("changelog.Debian.gz"), None)
said = subprocess.run(["zcat", version], capture_output=True, text=True).stdout if version else ""
print("SQLite of Debian 13:", (re.search(r"\(([^)]*)\)", said) or ["", "unknown"])[1])
try:
    (TREE / "tmp/layout.json").write_text(json.dumps(LAYOUT))
    process = begin("first")
    for state in ("on", "off", "on"):
        said = tidegate("set", "pump", state)
        check(said.returncode == 0, f"a relay confirms {state}")
    wait(lambda: len(rows()) > 20, 20)
    process.send_signal(signal.SIGTERM)
    check(process.wait(10) == 0, "it stops in good order")
    before = rows()
    process = begin("second")
    wait(lambda: len(rows()) > len(before) + 20, 20)
    again = rows()
    check(again[:len(before)] == before, f"all {len(before)} readings of before are there")
    places = [row["offset"] for row in again]
    check(places[-1] - places[0] < len(places) + 200, "places go on without a leap")
    process.kill()
    process.wait()
    process = begin("third")
    wait(lambda: rows()[-1]["offset"] > places[-1] + 20, 20)
    check(rows()[-1]["offset"] > places[-1] and not damaged(), "also after SIGKILL; no journal was taken for damaged")
    parent = start("upstream", "--alias", "d1.thirteen", "--child", "d1.thirteen.child", "--broker", "embedded", "--state-directory",
                   "/tmp/parent", log="upstream")
    wait(lambda: (TREE / "tmp/parent/received.sqlite").exists(), 20)
    time.sleep(1)
    parent.send_signal(signal.SIGTERM)
    check(parent.wait(10) == 0, "a store of received events opens")
    said = tidegate("upstream", "--alias", "d1.thirteen", "--list", "--state-directory", "/tmp/parent")
    check(said.returncode == 0 and not damaged(), "and is read")
    said = tidegate("journal", "--state-directory", "/tmp/state")
    check(said.returncode == 0 and "house" in said.stdout, "the journal is shown while the gateway runs")
    process.send_signal(signal.SIGTERM)
    check(process.wait(10) == 0, "exit status 0 on SIGTERM")
    if TESTS:
        said = subprocess.run(command(f"/{TESTS}", "--testing-library", "swift-testing", "--filter", "JournalsTests|WiresTests|BrokersTests|PeersTests"),
                              capture_output=True, text=True, env=ENVIRONMENT, timeout=300)
        last = [line for line in said.stdout.splitlines() + said.stderr.splitlines() if "Test run with" in line]
        check(said.returncode == 0 and last, "the tests of journals, wires, brokers and peers: " + (last[-1].strip() if last else said.stderr[-500:]))
        for line in (said.stdout + said.stderr).splitlines():
            if "✘" in line and ("recorded" in line or said.returncode not in (0, 1)):
                print(line)
    else:
        print("the tests are not built: left out")
finally:
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
if gateway.failures:
    for log in TREE.glob("tmp/*"):
        if log.name in ("first", "second", "third", "upstream"):
            print(f"--- {log.name}:\n{log.read_text()[-1500:]}")
sys.exit(gateway.failures > 0)
