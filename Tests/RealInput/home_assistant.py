"""A genuine Home Assistant that is started, asked and stopped. Runs with its own Python, which has aiohttp."""
import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import aiohttp

# What it needs beside what the peer's script starts it with: history, statistics and the energy dashboard.
MORE = "history:\nrecorder:\n  commit_interval: 1\nenergy:\n"
# What its log must not say of us. That it could not reach the broker is the broker's affair.
BAD = re.compile(
    r"is not a valid|Ignoring|deprecat|does not conform|migrat|Invalid|illegal|Template|non-numeric|already exists"
    r"|Unable to parse|No device components|Error while processing|unit of measurement|state class|not strictly increasing", re.I)
OURS = ("components.mqtt", "components.sensor", "components.switch", "components.binary_sensor", "components.event",
        "components.number", "helpers.template", "components.recorder", "components.energy")


class HomeAssistant:
    def __init__(self, peer, venv, folder, broker, port):
        self.folder, self.venv = folder, venv
        self.base = f"http://127.0.0.1:{port}"
        script = open(os.path.join(peer, "ha_peer.py"), encoding="utf-8").read()
        changed = script.replace("onboarding:\nlogger:", "onboarding:\n" + MORE + "logger:")
        assert changed != script, "the peer's configuration is another one"
        self.script = folder + ".py"
        open(self.script, "w", encoding="utf-8").write(changed)
        self.run("start", "--venv", venv, "--mqtt-port", broker, "--http-port", port)
        self._token = None

    def run(self, command, *options):
        argv = [os.path.join(self.venv, "bin/python"), self.script, command, "--dir", self.folder, *map(str, options)]
        result = subprocess.run(argv, capture_output=True, text=True, timeout=240)
        if result.returncode:
            sys.exit(f"FAIL: Home Assistant does not {command}: {result.stdout}{result.stderr}")
        self._token = None

    def restart(self):
        self.run("restart")

    def stop(self):
        self.run("stop")

    @property
    def token(self):
        if not self._token:
            peer = json.load(open(os.path.join(self.folder, "peer.json"), encoding="utf-8"))
            form = f"grant_type=refresh_token&refresh_token={peer['refresh']}&client_id={self.base}/"
            request = urllib.request.Request(self.base + "/auth/token", form.encode())
            self._token = json.load(urllib.request.urlopen(request, timeout=20))["access_token"]
        return self._token

    def rest(self, method, path, body=None):
        """The answer; None for what is not there."""
        request = urllib.request.Request(
            self.base + path, json.dumps(body).encode() if body is not None else None, method=method,
            headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        try:
            text = urllib.request.urlopen(request, timeout=20).read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return json.loads(text) if text else None

    def ask(self, kind, **more):
        """One request over the websocket."""
        return asyncio.run(self._ask({"id": 1, "type": kind, **more}))

    async def _ask(self, request):
        url = self.base.replace("http", "ws") + "/api/websocket"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.token})
            assert (await socket.receive_json())["type"] == "auth_ok"
            await socket.send_json(request)
            while True:
                answer = await socket.receive_json()
                if answer.get("id") == request["id"] and answer["type"] == "result":
                    if not answer["success"]:
                        raise RuntimeError(f"{request['type']}: {answer['error']}")
                    return answer["result"]

    # What it knows.

    def entities(self):
        """Its entities over MQTT, by our identity of them."""
        listed = self.ask("config/entity_registry/list")
        return {e["unique_id"]: e["entity_id"] for e in listed if e["platform"] == "mqtt"}

    def devices(self):
        """Its devices over MQTT, by our identity of them."""
        listed = self.ask("config/device_registry/list")
        return {i[1]: d for d in listed for i in d["identifiers"] if i[0] == "mqtt"}

    def state(self, entity):
        """A state with its attributes; None for what is not there."""
        return self.rest("GET", "/api/states/" + entity)

    def call(self, service, entity, **more):
        domain, name = service.split(".")
        self.rest("POST", f"/api/services/{domain}/{name}", {"entity_id": entity, **more})

    def history(self, entity, since):
        """All recorded states since then, as text."""
        answer = self.rest("GET", f"/api/history/period/{since}?filter_entity_id={entity}&no_attributes")
        return [s["state"] for s in (answer or [[]])[0]] if answer else []

    def keys(self):
        """The keys of an entity in an announcement, in their short and their long form."""
        code = "import json; from homeassistant.components.mqtt.abbreviations import ABBREVIATIONS as a; print(json.dumps(a))"
        found = subprocess.run([os.path.join(self.venv, "bin/python"), "-c", code], capture_output=True, text=True, check=True)
        short = json.loads(found.stdout)
        return set(short) | set(short.values())

    def complaints(self):
        """What its log says against us."""
        text = open(os.path.join(self.folder, "home-assistant.log"), encoding="utf-8", errors="replace").read()
        lines = [line for line in text.splitlines() if " WARNING " in line or " ERROR " in line]
        return [line for line in lines if any(part in line for part in OURS) and BAD.search(line)]
