"""Two gateways and the link between them. Run by peer-gateways.sh."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from gateway import check, free_port
import gateway as common

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
DONE, FAILED, UNAVAILABLE, LATE = 0, 1, 69, 75


def run(*command, quiet=False):
    return subprocess.run([str(word) for word in command], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None).stdout


class Net:
    """Two network namespaces with a cable between them; or loopback for who may not make any."""

    def __init__(self):
        self.is_real = os.geteuid() == 0 and self.lay_cable()
        self.addresses = ["10.77.5.1", "10.77.5.2"] if self.is_real else ["127.0.0.1"] * 2

    def name(self, side):
        return f"tidegate-{os.getpid()}-{side}"

    def lay_cable(self):
        try:
            for side in 0, 1:
                run("ip", "netns", "add", self.name(side), quiet=True)
            run("ip", "link", "add", "cable", "netns", self.name(0), "type", "veth",
                "peer", "name", "cable", "netns", self.name(1), quiet=True)
            for side in 0, 1:
                inside = "ip", "-n", self.name(side)
                run(*inside, "address", "add", f"10.77.5.{side + 1}/24", "dev", "cable")
                run(*inside, "link", "set", "cable", "up")
                run(*inside, "link", "set", "lo", "up")
            return True
        except (subprocess.CalledProcessError, FileNotFoundError):
            self.remove()
            return False

    def inside(self, side):
        return ["ip", "netns", "exec", self.name(side)] if self.is_real else []

    def set_cable(self, is_in):
        run("ip", "-n", self.name(0), "link", "set", "cable", "up" if is_in else "down")

    def remove(self):
        for side in 0, 1:
            subprocess.run(["ip", "netns", "del", self.name(side)], stderr=subprocess.DEVNULL)


class Gateway:
    """One `tidegate run` with a meter and a relay, whose broker is not there."""

    def __init__(self, net, side, port):
        self.net, self.side = net, side
        self.address = f"{net.addresses[side]}:{port}"
        self.state = WORK / f"state{side}"
        peers = {"listen": self.address}
        if not net.is_real:
            peers["rights"] = ["read", "switch"]
        layout = {
            "gateway": f"d1.gw{side}",
            "peers": peers,
            "upstreams": [{"name": "house", "broker": "mqtt://127.0.0.1:9"}],
            "nodes": [
                {"name": "water", "kind": "meter",
                 "component": {"driver": "gpio-pulse-counter", "line": "board/water",
                               "quantity": "volume", "pulsesPer": 10}},
                {"name": "pump", "kind": "relay", "safeState": "off",
                 "component": {"driver": "gpio-relay", "line": "board/pump"}},
            ],
        }
        self.layout = WORK / f"layout{side}.json"
        self.layout.write_text(json.dumps(layout))
        self.log = WORK / f"log{side}"
        self.fingerprint = None

    def tidegate(self, *words, **extra):
        command = self.net.inside(self.side) + [PROGRAM, *map(str, words)]
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **extra)

    def say(self, *words):
        child = self.tidegate(*words)
        output, errors = child.communicate(timeout=60)
        return child.returncode, output, errors

    def keygen(self):
        code, output, errors = self.say("peer", "keygen", "--state-directory", self.state)
        check(code == DONE, f"gateway {self.side} has a key{errors and ': ' + errors}")
        line = next(line for line in output.splitlines() if line.startswith("fingerprint"))
        self.fingerprint = line.split(None, 1)[1]

    def pair(self, other, rights):
        code, _, errors = self.say("peer", "pair", f"gw{other.side}", "--rights", rights,
                                   "--fingerprint", other.fingerprint,
                                   "--state-directory", self.state)
        check(code == DONE, f"gateway {self.side} lets gateway {other.side} {rights}{errors}")

    def start(self):
        with open(self.log, "a") as log:
            self.child = subprocess.Popen(
                self.net.inside(self.side)
                + [PROGRAM, "run", str(self.layout), "--simulate", "--real-upstreams", "--log-format", "text",
                   "--state-directory", str(self.state)],
                stdout=log, stderr=log)

    def ask(self, other, *words):
        """The exit status and the lines that were said, as a requester on this side gets them."""
        code, output, errors = self.say("peer", "ask", other.address, *words, "--timeout", "3",
                                        "--state-directory", self.state)
        return code, (output + errors).splitlines()

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=30)


def until(condition, seconds=60):
    """Waits for what another process does and nobody tells us."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    return None


def reading(ours, theirs, channel):
    code, lines = ours.ask(theirs, "read", channel)
    return json.loads(lines[0]) if code == DONE else None


def pulled_cable(net, ours, theirs):
    """The cable is pulled at moments all over a command's life; each time the requester hears once."""
    # A slow cable, where there is one, so that more of a command's life is spent on the way.
    subprocess.run(["ip", "netns", "exec", net.name(1), "tc", "qdisc", "add", "dev", "cable",
                    "root", "netem", "delay", "80ms"], stderr=subprocess.DEVNULL)
    outcomes = {}
    begin = time.monotonic()
    ours.ask(theirs, "set", "pump", "off")
    life = time.monotonic() - begin
    for round_ in range(24):
        value = "off" if round_ % 2 else "on"
        child = ours.tidegate("peer", "ask", theirs.address, "set", "pump", value, "--timeout", "3",
                              "--state-directory", ours.state)
        time.sleep(life * (round_ + 1) / 24)
        net.set_cable(False)
        output, errors = child.communicate(timeout=60)
        lines = (output + errors).splitlines()
        outcomes[child.returncode] = outcomes.get(child.returncode, 0) + 1
        if len(lines) != 1 or child.returncode not in (DONE, UNAVAILABLE, LATE):
            check(False, f"round {round_}: {child.returncode} {lines}")
        net.set_cable(True)
        state = until(lambda: reading(ours, theirs, "pump"))
        if child.returncode == DONE and (state is None or state["state"] != value):
            check(False, f"round {round_}: confirmed {value}, and is {state}")
    check(True, f"a cable pulled 24 times: one outcome each {dict(sorted(outcomes.items()))}")
    check(len(outcomes) > 1, "before, in the middle and after")


def silent_peer(net, ours, theirs):
    """The cable is pulled while nothing but a watch goes on; who is watched finds out by itself."""
    said = "nothing received for some seconds"
    before = theirs.log.read_text().count(said)
    watching = ours.tidegate("peer", "ask", theirs.address, "watch", "--state-directory", ours.state)
    watching.stdout.readline()
    begin = time.monotonic()
    net.set_cable(False)
    until(lambda: theirs.log.read_text().count(said) > before, 30)
    took = time.monotonic() - begin
    check(took < 12, f"a silent peer is found out after {took:.1f} s")
    net.set_cable(True)
    watching.kill()
    watching.communicate()


def dying_gateway(ours, theirs):
    """The other gateway is killed at moments all over a command's life."""
    for round_ in range(6):
        child = ours.tidegate("peer", "ask", theirs.address, "set", "pump", "on", "--timeout", "3",
                              "--state-directory", ours.state)
        time.sleep(round_ * 0.01)
        theirs.child.kill()
        theirs.child.wait()
        output, errors = child.communicate(timeout=60)
        lines = (output + errors).splitlines()
        check(len(lines) == 1 and child.returncode in (DONE, UNAVAILABLE, LATE),
              f"gateway killed in the middle: {child.returncode} {lines}")
        theirs.start()
        until(lambda: reading(ours, theirs, "water-total"))


def main():
    net = Net()
    children = []
    try:
        ports = [2998, 2998] if net.is_real else [free_port(), free_port()]
        ours, theirs = Gateway(net, 0, ports[0]), Gateway(net, 1, ports[1])
        if net.is_real:
            ours.keygen()
            theirs.keygen()
            theirs.pair(ours, "read,switch")
            ours.pair(theirs, "none")
        else:
            print("no network namespaces here: both on loopback, without TLS")
        for one in ours, theirs:
            one.start()
            children.append(one)
        value = until(lambda: reading(ours, theirs, "water-total"))
        check(value and value["unit"] == "litre" and value["quality"] == "good",
              f"one reads the other's meter: {value}")
        for word in "on", "off", "on":
            code, lines = ours.ask(theirs, "set", "pump", word)
            check((code, lines) == (DONE, [f"pump is {word}"]), f"and switches its relay: {lines}")
            state = until(lambda: reading(ours, theirs, "pump"))
            check(state and state["state"] == word, f"which then is {word}")
        code, lines = ours.ask(theirs, "read", "water-totl")
        check(code == FAILED and len(lines) == 1 and "water" in lines[0], f"refused: {lines}")
        code, lines = ours.ask(theirs, "status")
        check(code == DONE and json.loads(lines[0])["gateway"] == "d1.gw1", "status says who it is")
        watching = ours.tidegate("peer", "ask", theirs.address, "watch",
                                 "--state-directory", ours.state)
        first = json.loads(watching.stdout.readline())
        check("channel" in first, "watch tells values as they come")
        watching.kill()
        watching.communicate()
        if net.is_real:
            code, lines = theirs.ask(ours, "read", "water-total")
            check(code == FAILED and "right" in lines[0], f"not the other way round: {lines}")
            stranger = Gateway(net, 0, 1)
            stranger.state = WORK / "stranger"
            stranger.keygen()
            stranger.pair(theirs, "none")
            code, lines = stranger.ask(theirs, "read", "water-total")
            check(code == FAILED and len(lines) == 1, f"a stranger is refused: {lines}")
            check("peer pair NAME" in theirs.log.read_text(), "and the log says how to let it in")
            silent_peer(net, ours, theirs)
            pulled_cable(net, ours, theirs)
        else:
            dying_gateway(ours, theirs)
        linked = [line for line in ours.log.read_text().replace("not connected", "").splitlines()
                  if "connected" in line]
        check(linked == [], f"all that without a broker: {linked}")
        for one in ours, theirs:
            one.stop()
            check(one.child.returncode == 0, f"gateway {one.side} stops in order")
    finally:
        for one in children:
            if one.child.poll() is None:
                one.child.kill()
        if net.is_real:
            net.remove()
    sys.exit(common.failures > 0)


main()
