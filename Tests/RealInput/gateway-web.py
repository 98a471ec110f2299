"""What gateway-web.sh runs."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from gateway import check, free_port

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
port = free_port()
layout = work / "house.json"
base = {
    "gateway": "d1.web.house",
    "nodes": [
        {"name": "pump", "kind": "relay", "safeState": "off",
         "component": {"driver": "gpio-relay", "line": "demo/17", "simulated": True}},
        {"name": "tank", "kind": "sensor", "title": "Tank <top>",
         "component": {"driver": "ds18b20", "sensor": "28-000000000001", "simulated": True},
         "channels": [{"name": "tank-top", "pollPeriod": "200ms", "capturePeriod": "1s"}]},
        {"name": "gone", "kind": "sensor",
         "component": {"driver": "ds18b20", "sensor": "28-000000000002"}},
    ],
}


def write(web):
    layout.write_text(json.dumps({**base, **({"web": web} if web is not None else {})}))


class Running:
    def __init__(self, web, name="a"):
        write(web)
        self.state = work / name
        self.log = work / f"{name}.log"
        environment = dict(os.environ, RUNTIME_DIRECTORY=str(work / "run"))
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [program, "run", str(layout), "--log-format", "text", "--state-directory",
                 str(self.state)], stderr=log, stdout=subprocess.DEVNULL, env=environment)

    def logged(self, text, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in self.log.read_text():
                return True
            time.sleep(0.05)
        return False

    def status(self, key):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])

    def stop(self):
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        return code, time.monotonic() - begin


def curl(path, *options, host=None):
    """Status, fields and body of one answer."""
    url = f"http://{host or '127.0.0.1'}:{port}{path}"
    out = subprocess.run(
        ["curl", "-sS", "-i", "--path-as-is", "--max-time", "10", *options, url],
        capture_output=True)
    head, _, body = out.stdout.decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    status = int(lines[0].split()[1]) if len(lines[0].split()) > 1 else 0
    return status, {l.split(":", 1)[0].lower(): l.split(":", 1)[1].strip() for l in lines[1:]}, body


def answer(path, *options):
    status, _, body = curl(path, *options)
    return json.loads(body) if status == 200 else status


def raw(*pieces, pause=0.0, limit=14.0):
    """Sends the pieces; how many seconds until the server closed (None: not within the limit), and what it sent."""
    begin, got = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(0.05)
        pending, next_at = list(pieces), begin
        while time.monotonic() - begin < limit:
            try:
                if pending and time.monotonic() >= next_at:
                    client.sendall(pending.pop(0))
                    next_at = time.monotonic() + pause
                more = client.recv(65536)
                if not more:
                    return time.monotonic() - begin, got
                got += more
            except socket.timeout:
                pass
            except OSError:
                return time.monotonic() - begin, got
    return None, got


# ---- Off: not there.
off = Running(None, "off")
off.logged("control.listening")
time.sleep(3)
rss_off, threads_off = off.status("VmRSS"), off.status("Threads")
off.stop()

# ---- The port is taken: the relays run, and it listens once the port is free.
with socket.socket() as other:
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    other.bind(("127.0.0.1", port))
    other.listen()
    house = Running({"listen": f"127.0.0.1:{port}"})
    check(house.logged("web server: cannot listen"), "a taken port is a fault")
    check(house.logged("control.listening") and house.process.poll() is None, "and the gateway runs")
check(house.logged("web.listening"), "it listens once the port is free")
check("web server: listening again" in house.log.read_text(), "and the fault is cleared")
time.sleep(3)
rss_on, threads_on = house.status("VmRSS"), house.status("Threads")
print(f"memory: off {rss_off} kB, {threads_off} threads; on and idle {rss_on} kB, {threads_on} threads; "
      f"{(rss_on - rss_off) / 1024:+.1f} MiB", flush=True)
check(rss_on - rss_off <= 8 * 1024, "idle it costs at most 8 MiB")

# ---- What is read.
about = answer("/api/v1")
check(about["gateway"] == "d1.web.house" and len(about["incarnation"]) == 32, "about the gateway")
status = answer("/api/v1/status")
check(status["state"] == "online" and status["journal"]["records"] > 0 and "version" in status, "status")
check(not any(key in status for key in ("layout", "stateDirectory", "process")), "status names no paths")
nodes = {node["name"]: node for node in answer("/api/v1/nodes")["nodes"]}
check(list(nodes) == ["pump", "tank", "gone"], "nodes in the order of the layout")
check(nodes["gone"]["faults"][0]["kind"] == "notConnected", "a node has its faults")
check(nodes["pump"]["values"][0]["state"] == "off" and nodes["pump"]["control"]["controller"] is None,
      "a relay has its state and who controls it")
check(answer("/api/v1/nodes/tank")["title"] == "Tank <top>", "one node")
channels = {value["channel"]: value for value in answer("/api/v1/channels")["channels"]}
check({"pump", "tank-top"} <= set(channels), "newest values of all channels")
check(answer("/api/v1/channels/tank-top")["unit"] == "celsius", "the newest value of one")
check([fault["node"] for fault in answer("/api/v1/faults")["faults"]] == ["gone"], "active faults")
code, fields, body = curl("/api/v1/nodes/tenk")
check(code == 404 and fields["content-type"] == "application/problem+json"
      and "did you mean tank" in json.loads(body)["detail"], "a name that is not there is a problem with a hint")

# ---- History, page by page.
time.sleep(4)
seen, after, pages = [], None, 0
while True:
    page = answer("/api/v1/channels/tank-top/readings?limit=3" + (f"&after={after}" if after else ""))
    seen += [reading["sequence"] for reading in page["readings"]]
    after, pages = page["next"], pages + 1
    if not page["more"]:
        break
check(pages > 1 and seen == sorted(set(seen)) and len(seen) >= 4, f"{len(seen)} readings in {pages} pages, each once")
later = answer(f"/api/v1/channels/tank-top/readings?after={after}&limit=1000")
check(all(reading["sequence"] > int(after) for reading in later["readings"]), "the last place goes on later")
records = answer("/api/v1/records?kind=event,fault&limit=1000")["records"]
topics = {record["topic"] for record in records}
check("events" in topics and "fault/gone" in topics, "events and faults of the journal")
now = time.time()
none = answer(f"/api/v1/records?from={int((now + 3600) * 1000)}")
check(none["records"] == [] and not none["more"], "nothing of the future")
recent = answer(f"/api/v1/channels/tank-top/readings?from={int((now - 2) * 1000)}&limit=1000")["readings"]
check(0 < len(recent) < len(seen) + len(later["readings"]) + 8
      and all(r["time"] >= (now - 2.1) * 1e9 for r in recent), "from a time on")
code, fields, _ = curl("/api/v1/records?limit=1")
check('rel="next"' in fields.get("link", ""), "the next page as a link")

# ---- Who is let in.
for host, wanted in [(f"localhost:{port}", 200), (f"127.0.0.1:{port}", 200), (f"evil.test:{port}", 421),
                     ("evil.test", 421), ("localhost", 421), ("", 400)]:
    code, _, _ = curl("/api/v1/status", "-H", f"Host: {host}" if host else "Host:")
    check(code == wanted, f"Host {host or 'left out'}: {wanted}")
rebound = subprocess.run(
    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--resolve", f"evil.test:{port}:127.0.0.1",
     f"http://evil.test:{port}/api/v1/status"], capture_output=True, text=True).stdout
check(rebound == "421", "a name of another site that leads here (DNS rebinding): 421")
check(curl("/api/v1/status", "-H", "Sec-Fetch-Site: cross-site")[0] == 403, "a page of another site: 403")
check(curl("/api/v1/status", "-X", "POST", "-d", "{}")[0] == 405, "nothing is written where one reads: 405")
code, fields, _ = curl("/api/v1/status", "-H", "Origin: http://evil.test")
check(not any(name.startswith("access-control") for name in fields), "no other origin is allowed to read")
wanted = {"content-security-policy", "x-content-type-options", "referrer-policy",
          "cross-origin-opener-policy", "cross-origin-resource-policy", "cache-control"}
check(wanted <= set(fields), "every answer has the fields that bound a browser")
check(curl("/api/v1/../../etc/passwd")[0] == 400 and curl("/%2e%2e/%2e%2e/etc/passwd")[0] == 400, "no way up")

# ---- Slow, malformed and many.
head = f"Host: localhost:{port}\r\n".encode()
slow = {
    "silent": ([b""], 0.0),
    "a head that drips": ([bytes([b]) for b in b"GET /api/v1 HTTP/1.1\r\nX-Slow: " + b"x" * 60], 0.3),
    "a head of one line each second": ([b"GET /api/v1 HTTP/1.1\r\n"] + [b"X: y\r\n"] * 30, 1.0),
    "a body that drips": ([b"POST /api/v1 HTTP/1.1\r\n" + head + b"Content-Length: 50\r\n\r\n"] + [b"x"] * 30, 1.0),
    "idle after an answer": ([b"GET /api/v1 HTTP/1.1\r\n" + head + b"\r\n"], 0.0),
}
found = {}
threads = [threading.Thread(target=lambda k=k, p=p, s=s: found.update({k: raw(*p, pause=s)[0]}))
           for k, (p, s) in slow.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for name in slow:
    took = found[name]
    check(took is not None and took <= 10.6, f"{name}: closed after {took and round(took, 1)} s")
for name, data in {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00" * 20, "bad version": b"GET / HTTP/9.9\r\n" + head + b"\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length and chunks": b"POST / HTTP/1.1\r\n" + head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "64 kB of head": b"GET / HTTP/1.1\r\n" + head + b"X: " + b"x" * 65536 + b"\r\n\r\n",
    "300 lines of head": b"GET / HTTP/1.1\r\n" + head + b"X: y\r\n" * 300 + b"\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + head * 2 + b"\r\n",
}.items():
    took, got = raw(data, limit=5)
    check(took is not None and took < 2 and (got == b"" or got.startswith(b"HTTP/1.1 400")), f"{name}: refused at once")
took, got = raw(b"POST /api/v1 HTTP/1.1\r\n" + head + b"Content-Length: 99999999999\r\n\r\n", limit=5)
check(got.startswith(b"HTTP/1.1 413"), "a body of 100 GB: 413")

crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
time.sleep(0.5)
check(answer("/api/v1/status")["state"] == "online", "answered beside 300 silent connections")
check(house.status("VmRSS") - rss_on < 12 * 1024, f"they took {(house.status('VmRSS') - rss_on) / 1024:.1f} MiB")
for client in crowd:
    client.close()
check("Traceback" not in house.log.read_text() and house.process.poll() is None, "the gateway runs")

lines = [line for line in house.log.read_text().splitlines() if "web.notice" in line]
check(0 < len(lines) <= 45, f"{len(lines)} lines of log about all of it")

# ---- Without a login one may read and scrape on this machine, and not switch.
order = ["-H", "Content-Type: application/json", "-d", '{"value": "on", "id": "1"}']
check(curl("/api/v1/nodes/pump/commands", *order)[0] == 403, "nothing is switched without a right")
for accept, kind in [("*/*", "text/plain; version=0.0.4"), ("application/openmetrics-text;version=1.0.0,*/*;q=0.1",
                                                           "application/openmetrics-text; version=1.0.0")]:
    code, fields, body = curl("/metrics", "-H", f"Accept: {accept}")
    check(code == 200 and fields["content-type"].startswith(kind), f"metrics as {kind}")
    values = dict(line.rsplit(" ", 1) for line in body.splitlines() if line and line[0] != "#")
    check(float(values['tidegate_channel_value{channel="tank-top",node="tank",unit="celsius"}']) > -60
          and values['tidegate_faults_active{node="gone",kind="notConnected"}'] == "1"
          and values['tidegate_channel_quality{channel="tank-top",quality="good"}'] == "1", "with values and faults")
    check(body.endswith("# EOF\n") == ("openmetrics" in kind), "and the end of its format")
promtool = shutil.which("promtool")
if promtool:
    body = curl("/metrics")[2]
    lint = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, text=True)
    check(lint.returncode == 0 and not lint.stdout + lint.stderr, f"promtool check metrics {lint.stdout + lint.stderr}")
else:
    print("left out: promtool check metrics; apt install prometheus", flush=True)


# ---- The live stream.
class Stream:
    def __init__(self, path="/api/v1/stream", *fields):
        self.client = socket.create_connection(("127.0.0.1", port))
        lines = "".join(f"{field}\r\n" for field in fields)
        self.client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{lines}\r\n".encode())
        self.got = b""

    def until(self, text, seconds=10):
        end = time.monotonic() + seconds
        self.client.settimeout(0.2)
        while text.encode() not in self.got and time.monotonic() < end:
            try:
                more = self.client.recv(65536)
                if not more:
                    break
                self.got += more
            except socket.timeout:
                pass
        return text.encode() in self.got


stream = Stream()
check(stream.until("event: live"), "the stream: live values")
text = stream.got.decode()
check(text.index("retry: 2000") < text.index("event: hello") < text.index("event: snapshot") < text.index("event: live"),
      "after hello and snapshot")
journal = answer("/api/v1/status")["journal"]["identity"]
back = Stream("/api/v1/stream", f"Last-Event-ID: {journal}.1")
check(back.until("event: fact") and back.until(f"id: {journal}.") and b"event: gap" not in back.got,
      "goes on after Last-Event-ID")
lost = Stream("/api/v1/stream", "Last-Event-ID: 0123.1")
check(lost.until("event: gap"), "says so when it cannot")
few = Stream("/api/v1/stream?channels=pump")
check(few.until("event: live") and b'"channel":"tank-top"' not in few.got.split(b"event: birth")[-1],
      "the values that were asked for")
rss = house.status("VmRSS")
streams = [stream, back, lost, few] + [Stream() for _ in range(4)]
check(all(s.until("event: live") for s in streams), "eight streams at once")
check(Stream().until("503 "), "and no ninth")
time.sleep(1)
print(f"memory: 8 streams {(house.status('VmRSS') - rss) / 1024:+.1f} MiB", flush=True)
for s in streams:
    s.client.close()
time.sleep(0.5)
check(Stream().until("event: snapshot"), "those who go make room")

# ---- The end.
stay = socket.create_connection(("127.0.0.1", port))
code, took = house.stop()
check(code == 0 and took < 3, f"stopped in {took:.1f} s beside an open connection")
again = Running({"listen": f"127.0.0.1:{port}"}, "b")
check(again.logged("web.listening", 10) and "cannot listen" not in again.log.read_text(), "and back at once on the same port")
again.stop()

# ---- With TLS, a password and tokens.
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
     "-subj", "/CN=house.local", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
     "-keyout", work / "key", "-out", work / "pem"], check=True, capture_output=True)
line = subprocess.run([program, "web-password"], input="correct horse\n", capture_output=True, text=True).stdout
check(line.startswith("$scrypt$ln=14,r=8,p=5$"), "web-password prints a line")
(work / "password").write_text(line)
(work / "heat").write_text("0123456789abcdef01234567\n")
(work / "scraper").write_text("scraper-scraper-scraper-1\n")
for name in ["key", "password", "heat", "scraper"]:
    os.chmod(work / name, 0o600)
secure = {
    "listen": f"0.0.0.0:{port}", "certificate": f"{work}/pem", "key": {"file": f"{work}/key"},
    "password": {"file": f"{work}/password"}, "tokens": [
        {"name": "heat", "token": {"file": f"{work}/heat"}, "rights": ["read", "switch"]},
        {"name": "scraper", "token": {"file": f"{work}/scraper"}, "rights": ["metrics"]}]}
house = Running(secure, "c")
check(house.logged("web.listening"), "listens on every network with TLS and a password")


def ask(path, *options):
    out = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "10", "--cacert", work / "pem", *options,
         f"https://localhost:{port}{path}"], capture_output=True).stdout.decode()
    head, _, body = out.partition("\r\n\r\n")
    return int(head.split()[1]) if head else 0, head, body


heat = ["-H", "Authorization: Bearer 0123456789abcdef01234567"]
check(ask("/api/v1/status")[0] == 401, "nothing is read without a login")
check(ask("/api/v1/status", *heat)[0] == 200, "a token reads")
check(ask("/metrics", *heat)[0] == 403, "and has no right to metrics")
check(ask("/metrics", "-H", "Authorization: Bearer scraper-scraper-scraper-1")[0] == 200, "another has that alone")
code, _, body = ask("/api/v1/nodes/pump/commands", *heat, *order)
check(code == 200 and json.loads(body)["outcome"] == "confirmed", "a token switches a relay")
before = json.loads(ask("/api/v1/channels/pump", *heat)[2])
code, _, again_ = ask("/api/v1/nodes/pump/commands", *heat, *order)
check(before["state"] == "on" and code == 200 and json.loads(again_)["outcome"] == "confirmed",
      "the same order again is answered as the first time")
check("(page heat)" in house.log.read_text(), "the log says who it was")
override = ["-H", "Content-Type: application/json", "-d", '{"value": "off", "id": "2", "overrideFor": "10min"}']
check(ask("/api/v1/nodes/pump/commands", *heat, *override)[0] == 200, "an override")
check(json.loads(ask("/api/v1/nodes/pump", *heat)[2])["control"]["overriddenBy"] == "page heat", "is shown")
release = ["-H", "Content-Type: application/json", "-d", '{"release": true, "id": "3"}']
check(ask("/api/v1/nodes/pump/commands", *heat, *release)[0] == 200, "and released")
for extra, wanted in [(["-H", "Origin: http://evil.test"], 403), (["-H", "Sec-Fetch-Site: cross-site"], 403),
                      (["-H", "Content-Type: text/plain"], 415)]:
    options = [o for o in order if o not in ("-H", "Content-Type: application/json")] if "text/plain" in extra[1] else order
    check(ask("/api/v1/nodes/pump/commands", *heat, *options, *extra)[0] == wanted, f"a command with {extra[1]}: {wanted}")
begin = time.monotonic()
code, head, body = ask("/api/v1/session", "-H", "Content-Type: application/json", "-d", '{"password": "correct horse"}')
took = time.monotonic() - begin
cookie = next((l.split(": ", 1)[1].split(";")[0] for l in head.split("\r\n") if l.lower().startswith("set-cookie")), "")
check(code == 200 and cookie.startswith(f"__Host-tidegate-{port}=") and "Secure" in head, f"a login ({took:.2f} s)")
proof = json.loads(body)["proof"]
check(ask("/api/v1/nodes/pump/commands", "-b", cookie, *order)[0] == 403, "a cookie alone switches nothing")
check(ask("/api/v1/nodes/pump/commands", "-b", cookie, "-H", f"X-Tidegate-Proof: {proof}", *order)[0] == 200,
      "with its proof it does")
codes = [ask("/api/v1/session", "-H", "Content-Type: application/json", "-d", '{"password": "wrong"}')[0]
         for _ in range(7)]
check(codes[:5] == [401] * 5 and 429 in codes[5:], f"wrong passwords: {codes}")
text = house.log.read_text() + subprocess.run([program, "layout", "show", str(layout)], capture_output=True, text=True).stdout
check(not any(secret in text for secret in ["correct horse", "0123456789abcdef01234567", proof, cookie[-20:]]),
      "no secret is in the log or the layout")
check(raw(b"GET / HTTP/1.1\r\n\r\n", limit=5)[0] is not None,
      "plain HTTP on the port of TLS is closed")
took, _ = raw(b"\x16\x03\x01\x02", limit=14)
check(took is not None and took <= 10.6, f"a handshake that does not go on: closed after {took and round(took, 1)} s")
house.stop()

bad = subprocess.run([program, "layout", "check", str(layout)], capture_output=True, text=True)
check(bad.returncode == 0, "the layout is fine")
write({"listen": f"0.0.0.0:{port}"})
bad = subprocess.run([program, "layout", "check", str(layout)], capture_output=True, text=True)
check(bad.returncode != 0 and "0.0.0.0" in bad.stdout + bad.stderr, "every network without a login is refused")
write({k: v for k, v in secure.items() if k not in ("certificate", "key")})
bad = subprocess.run([program, "layout", "check", str(layout)], capture_output=True, text=True)
check(bad.returncode != 0, "and with a login without TLS")

from gateway import failures
sys.exit(failures > 0)
