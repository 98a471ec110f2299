"""What gateway-page.sh runs."""
import base64
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request

from gateway import check, free_port

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
pictures = os.environ.get("PICTURES")
port, tools = free_port(), free_port()
layout = work / "house.json"
layout.write_text(json.dumps({
    "gateway": "d1.page.house", "web": {"listen": f"127.0.0.1:{port}", "rights": ["read", "switch"]},
    "nodes": [
        {"name": "pump", "title": "Pump <b>cellar</b>", "kind": "relay", "safeState": "off",
         "component": {"driver": "gpio-relay", "line": "demo/17", "simulated": True}},
        {"name": "tank", "title": "Tank", "kind": "sensor",
         "component": {"driver": "ds18b20", "sensor": "28-000000000001", "simulated": True}},
        {"name": "gone", "kind": "sensor", "component": {"driver": "ds18b20", "sensor": "28-000000000002"}}]}))


def start():
    gateway = subprocess.Popen(
        [program, "run", str(layout), "--state-directory", str(work / "state")], stdout=subprocess.DEVNULL,
        stderr=open(work / "log", "w"), env=dict(os.environ, RUNTIME_DIRECTORY=str(work / "run")))
    end = time.monotonic() + 20
    while time.monotonic() < end and "web.listening" not in (work / "log").read_text():
        time.sleep(0.05)
    return gateway


class Browser:
    """One tab, over the DevTools protocol."""

    def __init__(self):
        self.process = subprocess.Popen(
            [os.environ.get("CHROMIUM", "chromium"), "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", f"--remote-debugging-port={tools}", f"--user-data-dir={work}/profile",
             "--remote-allow-origins=*", "--lang=en", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{tools}/json"))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        path = next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"].split("/", 3)[3]
        self.socket = socket.create_connection(("127.0.0.1", tools))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{tools}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        while self.file.readline().strip():
            pass
        self.number, self.events = 0, []
        for domain in ["Page", "Runtime", "Log"]:
            self.call(domain + ".enable")

    def call(self, method, **parameters):
        self.number += 1
        data = json.dumps({"id": self.number, "method": method, "params": parameters}).encode()
        mask, size = os.urandom(4), len(data)
        head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + struct.pack(">H", size)
        self.socket.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))
        while True:
            size = self.file.read(2)[1] & 127
            if size > 125:
                size = struct.unpack(">H" if size == 126 else ">Q", self.file.read(2 if size == 126 else 8))[0]
            message = json.loads(self.file.read(size))
            if message.get("id") == self.number:
                return message.get("result", message)
            self.events.append(message)

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer.get("result", {}).get("value")

    def until(self, expression, seconds=10):
        """How long it took until the expression was true; None when it was not in time."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if self.value(expression):
                return time.monotonic() - begin
            time.sleep(0.05)
        return None

    def show(self, width, height, is_dark, name):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 500)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])
        time.sleep(0.3)
        if pictures:
            data = self.call("Page.captureScreenshot")["data"]
            (pathlib.Path(pictures) / f"{name}.png").write_bytes(base64.b64decode(data))
        return self.value("document.documentElement.scrollWidth") <= width


gateway, browser = start(), None
try:
    browser = Browser()
    browser.call("Page.navigate", url=f"http://localhost:{port}/")
    took = browser.until('[...document.querySelectorAll(".value")].some((e) => e.textContent.includes("°C"))')
    check(took is not None, f"values are there after {took and round(took, 1)} s")
    check(browser.value("document.title") == "d1.page.house", "the gateway's name")
    check(browser.value('document.querySelector("h2").textContent') == "Pump <b>cellar</b>"
          and browser.value('document.querySelectorAll("h2 b").length') == 0, "a title is text, whatever it holds")
    check(browser.show(360, 640, False, "phone-light"), "nothing is wider than a phone")
    check(browser.show(1280, 800, True, "screen-dark"), "nor than a screen")
    browser.value('window.confirm = () => true;'
                  '[...document.querySelectorAll("button")].find((b) => b.textContent === "on").click()')
    check(browser.until('document.querySelector(".value").textContent === "on"') is not None,
          "a relay is switched and read back")
    check(browser.value('document.querySelector(".buttons button").getAttribute("aria-pressed")') == "true",
          "and its button shows it")
    browser.value('location.hash = "#faults"')
    check(browser.until('document.querySelector("#faults td")?.textContent === "gone"', 3) is not None, "faults")
    browser.show(360, 640, True, "phone-dark-faults")
    browser.value('location.hash = "#system"')
    check("synchronised" in browser.value('document.querySelector("#system").textContent'), "system")
    browser.value('location.hash = "#now"')
    gateway.send_signal(signal.SIGTERM)
    gateway.wait(15)
    took = browser.until('!document.getElementById("banner").hidden', 6)
    check(took is not None and took <= 3, f"the banner is there {took and round(took, 1)} s after the gateway has gone")
    check(browser.value('document.querySelectorAll(".old").length') > 0, "and values are dimmed")
    gateway = start()
    check(browser.until('document.getElementById("banner").hidden', 20) is not None, "it goes when the gateway is back")
    check(browser.until('document.querySelector(".value").textContent === "off"') is not None, "with the state of now")
    wrong = [e for e in browser.events if e.get("method") == "Runtime.exceptionThrown"
             or "Content Security Policy" in json.dumps(e)]
    check(not wrong, f"no error and no breach of the policy {json.dumps(wrong)[:300] if wrong else ''}")
finally:
    if browser:
        browser.process.terminate()
        browser.process.wait(10)
    gateway.kill()

from gateway import failures
sys.exit(failures > 0)
