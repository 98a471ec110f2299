"""A whole gateway on this machine, with a broker of its own and a subscriber that keeps all it hears."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

failures = 0


def check(is_good, what):
    global failures
    print(("ok: " if is_good else "FAIL: ") + what, flush=True)
    failures += not is_good
    return is_good


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Message:
    """One message as it came: when, whether it was kept by the broker, its topic and payload."""

    def __init__(self, line):
        arrival, retained, topic, payload = line.split(" ", 3)
        self.arrival = float(arrival)
        self.retained = retained == "1"
        self.root, self.gateway, *rest = topic.split("/")
        self.kind, self.name = (rest + ["", ""])[:2]
        # An order may be a plain word.
        self.body = json.loads(payload) if payload and self.kind != "set" else payload or None

    @property
    def is_value(self):
        # An empty one clears what the broker kept of the time before.
        return self.kind in ("live", "readings") and self.body is not None


class Gateway:
    """`tidegate run`, its broker and its subscriber. All of it ends with the `with` block."""

    def __init__(self, program, layout, work, *options, embedded=False, before=None):
        """`before` is called with the gateway once its broker runs and before it does itself."""
        self.work = pathlib.Path(work)
        self.work.mkdir(exist_ok=True)
        self.program, self.layout, self.options, self.embedded = program, layout, options, embedded
        self.before = before
        self.messages, self.children = [], []
        self.log = self.work / "log"

    def start_child(self, *command, **extra):
        child = subprocess.Popen([str(word) for word in command], **extra)
        self.children.append(child)
        return child

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        environment = dict(os.environ, RUNTIME_DIRECTORY=str(self.work / "run"))
        broker = []
        if not self.embedded:
            self.port = port = free_port()
            rules = self.work / "mosquitto.conf"
            rules.write_text(
                f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
                f"persistence_location {self.work}/\n" + ("user root\n" if os.geteuid() == 0 else ""))
            self.start_broker()
            broker = ["--broker", f"mqtt://127.0.0.1:{port}"]
        if self.before:
            self.before(self)
        with open(self.log, "w") as log:
            self.process = self.start_child(
                self.program, "run", self.layout, "--log-format", "text",
                "--state-directory", self.work / "state", *broker, *self.options,
                stderr=log, env=environment)
        if self.embedded:
            folder = self.work / "run"
            wait(lambda: list(folder.glob("*.json")), 20)
            left = json.loads(next(folder.glob("*.json")).read_text())
            place = ["--unix", left["broker"].removeprefix("mqtt+unix://")]
        else:
            place = ["-h", "127.0.0.1", "-p", port]
        listener = self.start_child(
            "mosquitto_sub", *place, "-q", "1", "-t", "#",
            "-F", "%U %r %t %p", stdout=subprocess.PIPE, text=True)
        self.listening = threading.Thread(target=self.listen, args=[listener.stdout], daemon=True)
        self.listening.start()
        if not self.wait(lambda: any(m.kind == "birth" for m in self.messages), 20):
            sys.exit(f"FAIL: the gateway said nothing; its log:\n{self.log.read_text()}")

    def start_broker(self):
        self.broker = self.start_child(
            find("mosquitto"), "-c", self.work / "mosquitto.conf", stderr=subprocess.DEVNULL)
        wait(lambda: accepts(self.port), 10)

    def restart_broker(self):
        """As after a power cut of the broker's machine: what it retained it has kept."""
        self.broker.terminate()
        self.broker.wait()
        self.start_broker()

    def publish(self, topic, text, *options):
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", self.port, "-q", "1", "-t", topic, "-m", text]
        subprocess.run([str(word) for word in [*command, *options]], check=True)

    def listen(self, stream):
        for line in stream:
            self.messages.append(Message(line.rstrip("\n")))

    def wait(self, condition, seconds):
        return wait(condition, seconds)

    def stop(self):
        """Ends it as a service manager does; answers its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def faults(self, node, since=0):
        return [m.body for m in self.messages[since:] if (m.kind, m.name) == ("fault", node)]

    def values(self):
        return [m for m in list(self.messages) if m.is_value]

    def __exit__(self, *_):
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(5)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        if failures:
            print(f"--- the gateway's log:\n{self.log.read_text()}")


def wait(condition, seconds):
    """Whether `condition` came true within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find(program):
    for folder in os.environ["PATH"].split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        if os.access(f"{folder}/{program}", os.X_OK):
            return f"{folder}/{program}"
    sys.exit(f"FAIL: there is no {program} here")


def without_comments(text):
    """A layout or profile as plain JSON."""
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    return re.sub(r",(\s*[\]}])", r"\1", text)
