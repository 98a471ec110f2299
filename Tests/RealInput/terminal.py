"""Sits at a terminal in front of `tidegate watch` and `tidegate run --watch`. See terminal.sh."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PROGRAM, WORK = sys.argv[1:]
failed = False


def check(is_right, what):
    global failed
    failed |= not is_right
    print(("ok   " if is_right else "FAIL ") + what, flush=True)


class Terminal:
    """A process that leads a session of its own on a pseudo-terminal, as a shell starts it."""

    def __init__(self, *command, rows=24, columns=90, **variables):
        self.output = b""
        self.pid, self.near = pty.fork()
        if self.pid == 0:
            # Who runs these tests in the background may have had them ignored, and a shell does not.
            for number in signal.SIGINT, signal.SIGQUIT:
                signal.signal(number, signal.SIG_DFL)
            os.environ.update(ENVIRONMENT, TERM="xterm", **variables)
            os.execv(PROGRAM, [PROGRAM, *command])
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self):
        """Whether lines are collected and echoed: what a shell leaves and what keys take away."""
        flags = termios.tcgetattr(self.near)[3]
        return bool(flags & termios.ICANON), bool(flags & termios.ECHO)

    def read(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.near], [], [], left)[0]:
                try:
                    self.output += os.read(self.near, 65536)
                except OSError:
                    return

    def wait(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.1)
            if condition():
                return True
        return False

    def frame(self):
        """The last whole picture, without colours."""
        frames = re.findall(rb"\x1b\[\?7l(.*?)\x1b\[\?7h", self.output, re.S)
        text = frames[-1].decode() if frames else ""
        return re.sub(r"\x1b\[[0-9]*m", "", text).replace("\r", "")

    def shows(self, text, seconds=20):
        return self.wait(lambda: text in self.frame(), seconds)

    def type(self, keys):
        os.write(self.near, keys)

    def end(self, seconds=10):
        """Its exit status, or minus the signal that ended it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


USUAL, KEYS = (True, True), (False, False)
ENVIRONMENT = {
    "HOME": WORK, "XDG_RUNTIME_DIR": f"{WORK}/run", "XDG_STATE_HOME": f"{WORK}/state",
    "PATH": os.environ["PATH"],
}
os.makedirs(f"{WORK}/run", mode=0o700)
LAYOUT = f"{WORK}/house.json"
sensors = [
    {"name": f"tank-{number}", "kind": "sensor",
     "component": {"driver": "ds18b20", "sensor": f"28-{number:012x}", "simulated": True}}
    for number in range(40)
]
with open(LAYOUT, "w") as file:
    json.dump({
        "gateway": "d1.desk.scada",
        "nodes": [*sensors,
                  {"name": "absent", "kind": "sensor",
                   "component": {"driver": "ds18b20", "sensor": "28-ffffffffffff"}},
                  {"name": "pump", "kind": "relay", "safeState": "off",
                   "component": {"driver": "gpio-relay", "line": "desk/1", "simulated": True}}],
        "upstreams": [{"name": "house", "broker": "embedded"}],
    }, file)


def gateway():
    log = open(f"{WORK}/log", "w")
    process = subprocess.Popen(
        [PROGRAM, "run", LAYOUT], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT)
    end = time.monotonic() + 20
    while "link.subscribed" not in open(f"{WORK}/log").read() and time.monotonic() < end:
        time.sleep(0.05)
    return process


house = gateway()

# What is shown.
watch = Terminal("watch")
check(watch.shows("tank-9") or watch.shows("tank-0"), "values are shown")
check(watch.shows("1 active fault"), "active faults stand at the foot")
lines = watch.frame().splitlines()
check([line.split()[0] for line in lines[2:4]] == ["pump", "absent"],
      "the relay comes first, then the node that never answered")
check("no value yet" in lines[3] and "notConnected" in lines[3], "which has a row with its fault")
check(len(lines) < 24 and "rows 1 to" in watch.frame(), "it fits into the window and says what is left out")
check(b"\x1b[33m" in watch.output or b"\x1b[31m" in watch.output, "what is not in order is coloured")
check(watch.settings() == KEYS, "keys come at once")
watch.type(b"jj")
check(watch.shows("rows 3 to", 3), "j goes down a row")
watch.type(b"\x1b[6~")
check(watch.wait(lambda: "rows 1 to" not in watch.frame() and "rows 3 to" not in watch.frame(), 3),
      "PgDn goes down a page")
watch.type(b"\x1b[A\x1b[B" + b"k" * 60)
check(watch.shows("rows 1 to", 3), "k goes up to the first row and no further")
watch.type(b"G")
check(watch.shows("of 42", 3) and watch.shows("to 42 of 42", 3), "G goes to the last row")

# The terminal comes back.
watch.type(b"\x1a")
check(watch.wait(lambda: watch.settings() == USUAL, 5), "Ctrl-Z gives the terminal back")
os.kill(watch.pid, signal.SIGCONT)
check(watch.wait(lambda: watch.settings() == KEYS, 5), "and fg takes it again")
watch.type(b"q")
check(watch.end() == 0, "q ends it with 0")
check(watch.settings() == USUAL, "and gives the terminal back")
for number, status in [
    (signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGQUIT, -signal.SIGQUIT),
    (signal.SIGHUP, -signal.SIGHUP), (signal.SIGABRT, -signal.SIGABRT),
    (signal.SIGSEGV, -signal.SIGSEGV),
]:
    watch = Terminal("watch", SWIFT_BACKTRACE="enable=no")
    ready = watch.shows("pump"), watch.settings() == KEYS
    os.kill(watch.pid, number)
    ended, usual = watch.end(), watch.settings() == USUAL
    check(all(ready) and ended == status and usual,
          f"{number.name} ends it with {status}, and gives the terminal back: {ready}, {ended}, {usual}")
plain = Terminal("watch", NO_COLOR="1")
check(plain.shows("pump") and b"\x1b[33m" not in plain.output and b"\x1b[31m" not in plain.output,
      "NO_COLOR is obeyed")
plain.type(b"q")
plain.end()

# A gateway that dies.
watch = Terminal("watch")
check(watch.shows(" good"), "a value is good while its gateway lives")
house.kill()
house.wait()
check(watch.wait(lambda: "not connected" in watch.frame() and " good" not in watch.frame()),
      "and no value is once it was killed")
time.sleep(2)
watch.read(0.5)
check("not connected" in watch.frame().splitlines()[-1], "why nothing comes stays below the table")
house = gateway()
check(watch.shows(" good", 30) and "not connected" not in watch.frame(), "it goes on when the gateway is back")
watch.type(b"q")
watch.end()
house.terminate()
check(house.wait(20) == 0, "the gateway ends in order")

# The gateway itself.
run = Terminal("run", LAYOUT, "--watch")
check(run.shows("pump") and run.shows("1 active fault"), "run --watch shows the same")
run.type(b"q")
run.type(b"j")
check(run.shows("rows 2 to", 3), "keys scroll there, and q stops no gateway")
run.type(b"\x03")
check(run.end(15) == 0 and run.settings() == USUAL, "Ctrl-C stops it, and the terminal is as before")
run = Terminal("run", LAYOUT, "--watch", SWIFT_BACKTRACE="enable=no")
run.shows("pump")
os.kill(run.pid, signal.SIGSEGV)
check(run.end() == -signal.SIGSEGV and run.settings() == USUAL, "a crash leaves the terminal as before")

sys.exit(1 if failed else 0)
