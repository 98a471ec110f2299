"""Measures a gateway, each time beside a peer or a raw ceiling on the same machine in the same run.

Usage: bench.py TIDEGATE BENCH FLOOR VENV [--quick] [--commands]. See run.sh.
"""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TIDEGATE, BENCH, FLOOR, VENV = sys.argv[1:5]
QUICK = "--quick" in sys.argv
RUNS = 1 if QUICK else 3
SECONDS = 5 if QUICK else 30
COMMANDS = 200 if QUICK else 1000
GATEWAY = "d1.bench.scada"
WORK = tempfile.mkdtemp(prefix="tidegate-bench-")
ENVIRONMENT = dict(os.environ, XDG_RUNTIME_DIR=f"{WORK}/run")
ENVIRONMENT.pop("RUNTIME_DIRECTORY", None)
TICKS = os.sysconf("SC_CLK_TCK")


def row(what, ours, beside, ratio, note=""):
    print(f"{what:<50} {ours:>16} {beside:>27} {ratio:>8}  {note}", flush=True)


def ratio(ours, beside):
    return f"{ours / beside:.2f}" if beside else "-"


def median(measure, runs=RUNS):
    """The median of each number that `measure` answers, over several runs."""
    return [statistics.median(numbers) for numbers in zip(*(measure() for _ in range(runs)))]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process, number=signal.SIGINT):
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


class Broker:
    """A mosquitto for anybody on this machine, for measurements that need one before the gateway."""

    def __enter__(self):
        self.port = free_port()
        path = f"{WORK}/mosquitto-{self.port}.conf"
        with open(path, "w") as file:
            file.write(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
                "max_queued_messages 0\nlog_type error\n"
            )
        self.process = subprocess.Popen(["mosquitto", "-c", path], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        sys.exit("bench: mosquitto does not start")

    def __exit__(self, *_):
        end(self.process, signal.SIGTERM)


KINDS = {
    "ds18b20": lambda number: {"sensor": f"28-{number:012x}"},
    "thermal-zone": lambda number: {"type": f"zone-{number}"},
    "hwmon": lambda number: {"chip": f"chip-{number}", "input": "temp1"},
    "iio-adc": lambda number: {"device": f"adc-{number}", "input": "voltage0"},
    "iio-sensor": lambda number: {"device": f"chip-{number}", "inputs": ["temp"]},
}


def layout(count, capture, relay=False, kind="ds18b20"):
    """A layout of `count` simulated sensors at 1 Hz; readings are captured every `capture`."""
    nodes = [
        {
            "name": f"t{number}",
            "kind": "sensor",
            "component": {"driver": kind, "simulated": True} | KINDS[kind](number),
            "channels": [{"pollPeriod": "1s", "capturePeriod": capture}],
        }
        for number in range(count)
    ]
    if relay:
        component = {"driver": "gpio-relay", "line": "sim/relay", "simulated": True}
        nodes.append(
            {"name": "relay", "kind": "relay", "safeState": "off", "component": component}
        )
    path = f"{WORK}/layout-{count}-{capture}-{relay}-{kind}.json"
    with open(path, "w") as file:
        upstreams = [{"name": "bench", "broker": "embedded"}]
        json.dump({"gateway": GATEWAY, "nodes": nodes, "upstreams": upstreams}, file)
    return path


def start(path, port=None):
    arguments = [TIDEGATE, "run", path, "--state-directory", f"{WORK}/state"]
    arguments += ["--log-format", "json", "--log-level", "info"]
    if port:
        arguments += ["--broker", f"mqtt://127.0.0.1:{port}"]
    process = subprocess.Popen(
        arguments, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return process


def await_ready(process):
    """Reads the log until the gateway takes commands."""
    for line in process.stderr:
        if "subscribed, accepting commands" in line:
            return
    sys.exit("bench: the gateway has ended")


def told_at_stop(log):
    for line in log.splitlines():
        told = json.loads(line) if line.startswith("{") else {}
        if "worst-lateness" in told:
            return told
    sys.exit(f"bench: the gateway did not say what it has done:\n{log}")


def memory(process):
    """Resident, shared out and private memory, in MiB, and threads."""
    with open(f"/proc/{process.pid}/smaps_rollup") as file:
        text = file.read()
    found = {name: int(size) for name, size in re.findall(r"(\w+): +(\d+) kB", text)}
    threads = len(os.listdir(f"/proc/{process.pid}/task"))
    private = found["Private_Clean"] + found["Private_Dirty"]
    return [found["Rss"] / 1024, found["Pss"] / 1024, private / 1024, threads]


def processor(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# Many nodes -----------------------------------------------------------------------------------------


def many(count, capture):
    """Threads, memory, processor and lateness of a gateway on its embedded broker."""
    process = start(layout(count, capture))
    await_ready(process)
    time.sleep(3)
    with open(f"{ENVIRONMENT['XDG_RUNTIME_DIR']}/tidegate/{GATEWAY}.json") as file:
        place = json.load(file)
    arguments = ["mosquitto_sub", "--unix", place["broker"].removeprefix("mqtt+unix://")]
    arguments += ["-t", f"{place['topic']}/+/readings/#", "-W", str(SECONDS), "-F", "%t"]
    listener = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    before, began = processor(process), time.monotonic()
    heard = len(listener.communicate()[0].splitlines())
    seconds = time.monotonic() - began
    share = 100 * (processor(process) - before) / seconds
    numbers = memory(process)
    told = told_at_stop(end(process)[1])
    lateness = float(told["worst-lateness"].removesuffix("us")) / 1000
    return numbers + [share, heard / seconds, lateness, int(told["skipped"])]


def show_many():
    floor = median(lambda: memory_of_floor())
    for capture, wanted in (("60s", None), ("1s", 1000)):
        rss, pss, private, threads, share, heard, late, skipped = median(
            lambda: many(1000, capture)
        )
        name = f"1,000 nodes at 1 Hz, captured every {capture}: "
        row(name + "threads", f"{threads:.0f}", "1000 nodes", ratio(threads, 1000))
        row("  resident memory, MiB", f"{rss:.1f}", f"empty program {floor[0]:.1f}",
            ratio(rss, floor[0]), f"PSS {pss:.1f}, private {private:.1f}")
        row("  processor, % of one core", f"{share:.1f}", "the core 100", ratio(share, 100))
        if wanted:
            row("  readings heard by a subscriber, 1/s", f"{heard:.0f}", f"due {wanted}",
                ratio(heard, wanted))
        row("  worst lateness of a poll, ms", f"{late:.1f}", "period 1000", f"{late / 1000:.4f}",
            f"{skipped:.0f} polls skipped")


def of_kind(kind):
    """Seconds until all of 1,000 nodes of a kind are open, and the processor that they take after."""
    path, began = layout(1000, "60s", kind=kind), time.monotonic()
    process = start(path)
    await_ready(process)
    opened = time.monotonic() - began
    time.sleep(3)
    before, began = processor(process), time.monotonic()
    time.sleep(SECONDS)
    share = 100 * (processor(process) - before) / (time.monotonic() - began)
    told = told_at_stop(end(process)[1])
    if int(told["failures"]):
        sys.exit(f"bench: {told['failures']} polls of {kind} failed")
    return [opened, share]


def show_kinds():
    base = median(lambda: of_kind("ds18b20"))
    for kind in list(KINDS)[1:]:
        numbers = median(lambda: of_kind(kind))
        name = f"1,000 {kind} nodes at 1 Hz: "
        row(name + "open, s", f"{numbers[0]:.2f}", f"ds18b20 {base[0]:.2f}",
            ratio(numbers[0], base[0]))
        row("  processor, % of one core", f"{numbers[1]:.1f}", f"ds18b20 {base[1]:.1f}",
            ratio(numbers[1], base[1]))


def memory_of_floor():
    process = subprocess.Popen([FLOOR], stdin=subprocess.PIPE)
    time.sleep(0.2)
    numbers = memory(process)
    process.stdin.close()
    process.wait()
    return numbers


# Hanging hardware -----------------------------------------------------------------------------------


def late(hanging):
    arguments = [BENCH, "late", "100", str(hanging), str(SECONDS)]
    text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in text.split()]


def show_hanging():
    alone = median(lambda: late(0))
    beside = median(lambda: late(10))
    row("100 nodes, 10 of them hang: worst of the 90, ms", f"{beside[0] / 1000:.2f}",
        f"none hangs {alone[0] / 1000:.2f}", ratio(beside[0], alone[0]),
        f"{beside[1]:.0f} polls, {beside[2]:.0f} skipped")


# Start ----------------------------------------------------------------------------------------------


def first_reading(broker, count):
    """Milliseconds from the start of the program to its first reading at a subscriber."""
    listener = subscriber(broker, "tidegate/+/readings/#")
    path = layout(count, "60s")
    began = time.monotonic()
    process = start(path, broker.port)
    while "/readings/" not in listener.stdout.readline():
        pass
    elapsed = time.monotonic() - began
    end(process)
    end(listener)
    return [1000 * elapsed]


def subscriber(broker, topic):
    arguments = ["mosquitto_sub", "-p", str(broker.port), "-t", topic, "-t", "bench/ready"]
    listener = subprocess.Popen(
        arguments + ["-F", "%t"], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    # It hears this once it has subscribed, however long that takes.
    while True:
        ready = ["mosquitto_pub", "-p", str(broker.port), "-t", "bench/ready", "-m", "1", "-r"]
        subprocess.run(ready, check=True)
        if listener.stdout.readline():
            return listener


def first_message(broker):
    listener = subscriber(broker, "bench/first")
    arguments = ["mosquitto_pub", "-p", str(broker.port), "-t", "bench/first", "-m", "1"]
    began = time.monotonic()
    process = subprocess.Popen(arguments)
    while listener.stdout.readline() != "bench/first\n":
        pass
    elapsed = time.monotonic() - began
    process.wait()
    end(listener)
    return [1000 * elapsed]


def show_start():
    with Broker() as broker:
        ceiling = median(lambda: first_message(broker), 3 * RUNS)[0]
        for count in (10, 1000):
            ours = median(lambda: first_reading(broker, count), 3 * RUNS)[0]
            row(f"start to first reading, {count:,} nodes, ms", f"{ours:.0f}",
                f"mosquitto_pub {ceiling:.1f}", ratio(ours, ceiling))


# Size -----------------------------------------------------------------------------------------------


def idle():
    process = start(layout(10, "60s"))
    await_ready(process)
    time.sleep(5)
    numbers = memory(process)
    end(process)
    return numbers


def stripped(program):
    path = f"{WORK}/stripped"
    subprocess.run(["strip", "-o", path, program], check=True)
    return os.path.getsize(path) / 2**20


def show_size():
    ours, floor = median(idle), median(memory_of_floor)
    row("10 nodes, idle: resident memory, MiB", f"{ours[0]:.1f}", f"empty program {floor[0]:.1f}",
        ratio(ours[0], floor[0]), f"private {ours[2]:.1f} beside {floor[2]:.1f}")
    sizes = [(stripped(program), os.path.getsize(program) / 2**20) for program in (TIDEGATE, FLOOR)]
    row("program stripped, MiB", f"{sizes[0][0]:.1f}", f"empty program {sizes[1][0]:.1f}",
        ratio(sizes[0][0], sizes[1][0]), f"unstripped {sizes[0][1]:.1f} beside {sizes[1][1]:.1f}")


# Commands -------------------------------------------------------------------------------------------


def ask(port, asked, answered, payloads):
    """Median and 99th percentile of a round trip, in µs."""
    arguments = [BENCH, "ask", str(port), asked, answered, str(COMMANDS), *payloads]
    text = subprocess.run(arguments, capture_output=True, text=True).stdout
    first, last = text.splitlines()[0], text.splitlines()[-1]
    if "refused" in first or "failed" in first:
        sys.exit(f"bench: {first}")
    return [float(word) for word in last.split()]


def echo(broker):
    process = subprocess.Popen([BENCH, "echo", str(broker.port), "bench/asked", "bench/answered"])
    time.sleep(1)
    numbers = ask(broker.port, "bench/asked", "bench/answered", ["0", "1"])
    end(process)
    return numbers


def command(broker, count):
    process = start(layout(count, "1s", relay=True), broker.port)
    await_ready(process)
    time.sleep(3)
    root = f"tidegate/{GATEWAY}"
    payloads = ['{"value":"on"}', '{"value":"off"}']
    numbers = ask(broker.port, f"{root}/set/relay", f"{root}/answer/relay", payloads)
    end(process)
    return numbers


# mqtt-io leaves Nagle's algorithm on. This is what it could do.
AT_ONCE = """
import runpy, socket, sys
connect = socket.create_connection
def connect_at_once(*arguments, **named):
    connection = connect(*arguments, **named)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
socket.create_connection = connect_at_once
sys.argv[0] = "mqtt_io"
runpy.run_module("mqtt_io", run_name="__main__")
"""


def mqtt_io(broker, at_once):
    path = f"{WORK}/mqtt-io.yml"
    with open(path, "w") as file:
        json.dump(
            {
                "mqtt": {"host": "127.0.0.1", "port": broker.port, "topic_prefix": "peer"},
                "gpio_modules": [{"name": "out", "module": "stdio"}],
                "digital_outputs": [{"name": "relay", "module": "out", "pin": 1}],
                "logging": {"version": 1, "root": {"level": "ERROR"}},
            },
            file,
        )
    process = subprocess.Popen(
        [f"{VENV}/bin/python", *(["-c", AT_ONCE] if at_once else ["-m", "mqtt_io"]), path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(4)
    numbers = ask(broker.port, "peer/output/relay/set", "peer/output/relay", ["ON", "OFF"])
    end(process)
    return numbers


def switch(count):
    arguments = [BENCH, "switch", str(count), str(COMMANDS)]
    text = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    return [float(word) / 10 for word in text.split()]


def show_switching():
    for count, name in ((0, "alone"), (1000, "beside 1,000 polling nodes")):
        numbers = median(lambda: switch(count))
        for index, part in enumerate(("median", "99 %")):
            for what, offset in (("line level", 0), ("answer", 2)):
                ours, wake = numbers[index + offset], numbers[index + 4]
                row(f"in one process, command to {what}, {name}, {part}, µs", f"{ours:.1f}",
                    f"one thread wakes another {wake:.1f}", ratio(ours, wake))


def show_commands():
    with Broker() as broker:
        ceiling = median(lambda: echo(broker))
        peers = []
        if os.path.exists(f"{VENV}/bin/python"):
            peers = [
                ("mqtt-io", median(lambda: mqtt_io(broker, False))),
                ("mqtt-io, TCP_NODELAY", median(lambda: mqtt_io(broker, True))),
            ]
        for count, name in ((0, "alone"), (1000, "beside 1,000 polling nodes")):
            ours = median(lambda: command(broker, count))
            for index, part in enumerate(("median", "99 %")):
                row(f"command to confirmed state, {name}, {part}, µs", f"{ours[index]:.0f}",
                    f"echo {ceiling[index]:.0f}", ratio(ours[index], ceiling[index]))
                for peer, numbers in peers if count == 0 else []:
                    row("", f"{ours[index]:.0f}", f"{peer} {numbers[index]:.0f}",
                        ratio(ours[index], numbers[index]))


def main():
    os.makedirs(f"{WORK}/run", mode=0o700)
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    print(f"{os.cpu_count()} × {model[1] if model else os.uname().machine}, "
          f"{os.uname().sysname} {os.uname().release}, load {os.getloadavg()[0]:.1f} before")
    print(f"Medians of {RUNS} runs (start: {3 * RUNS}) of {SECONDS} s or {COMMANDS} commands. "
          "Release build, static Swift library,\n"
          "simulated devices, mosquitto on this machine, everything on loopback.\n")
    row("WHAT", "OURS", "BESIDE IT", "RATIO")
    if "--commands" in sys.argv:
        show_switching()
        return show_commands()
    show_many()
    show_kinds()
    show_hanging()
    show_start()
    show_size()
    show_switching()
    show_commands()
    print("\nReadings and lateness: as the gateway tells them at its stop, and as mosquitto_sub counts.")
    print("Echo: a program that sends each message back, on the session that the gateway uses too.")
    print("mqtt-io: its stdio output; it publishes the state it was told, without reading it back. As")
    print("it comes it leaves Nagle's algorithm on; TCP_NODELAY is the same program with that turned off.")


main()
