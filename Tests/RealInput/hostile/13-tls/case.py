"""TLS on the direct link: plain text, TLS 1.2, no certificate, a stranger's, an expired one, wrong rights,
struck off the list while connected, a broken or missing list, half handshakes, replay.

Right: Only a paired peer with the right gets anything; struck off means out at the next question; a replayed command
is not carried out.
"""
# TLS on the direct link: plain where TLS is asked for, TLS 1.2, no certificate, a stranger's, an expired one, a paired one with the wrong rights, one struck off the list while connected, replay.
from tg import *
need("cc", "openssl")
import ssl
v = Verdict(); d = workdir("13"); p = port()
def key(name, days=365, extra=()):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{d}/{name}.key", "-out", f"{d}/{name}.crt", "-subj", f"/CN={name}", *(["-days", str(days)] if days > 0 else ["-days", "1"]), *extra], capture_output=True, check=True)
    return subprocess.run(["openssl", "x509", "-in", f"{d}/{name}.crt", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True).stdout.split("=")[1].strip().replace(":", "").lower()
fp = {n: key(n) for n in ("friend", "reader", "stranger", "struck")}
in_year(1577836800 - time.time(), *["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{d}/expired.key", "-out", f"{d}/expired.crt", "-subj", "/CN=expired", "-days", "10"])
fp["expired"] = subprocess.run(["openssl", "x509", "-in", f"{d}/expired.crt", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True).stdout.split("=")[1].strip().replace(":", "").lower()
g = Gateway("13", {"gateway": "d1.a.scada", "nodes": [relay("pump")], "peers": {"listen": f"127.0.0.1:{p}", "tls": True, "rights": ["read", "switch"]}}, d=d, start=False)
subprocess.run([TG, "peer", "keygen", "--state-directory", g.state], env=g.env, capture_output=True, check=True)
def lst(names): open(g.state + "/peers.json.new", "w").write(json.dumps({"peers": [{"name": n, "fingerprint": fp[n], "rights": r} for n, r in names.items()]})); os.rename(g.state + "/peers.json.new", g.state + "/peers.json")
full = {"friend": ["read", "switch"], "reader": ["read"], "expired": ["read", "switch"], "struck": ["read", "switch"]}; lst(full)
g.start(); g.wait_port(p)
def tls(name=None, maximum=None, minimum=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
    if maximum: c.maximum_version = maximum
    if name: c.load_cert_chain(f"{d}/{name}.crt", f"{d}/{name}.key")
    s = c.wrap_socket(socket.create_connection(("127.0.0.1", p), 5)); s.settimeout(5); return Chirp(p, sock=s)
SET = '{"ask":"set","node":"pump","value":"on","id":"z%d"}'
def attempt(f):
    try: return f().ask(SET % random.getrandbits(30))
    except Exception as e: return b"EXC " + repr(e).encode()
a = attempt(lambda: tls("friend")); v.check(b"confirmed" in a, f"a friend switches ({a[:80]})")
a = attempt(lambda: tls("reader")); v.check(b"no right" in a, f"a reader does not ({a[:80]})")
for n, f in {"plain text": lambda: Chirp(p, timeout=5), "TLS 1.2": lambda: tls("friend", maximum=ssl.TLSVersion.TLSv1_2), "no certificate": lambda: tls(), "a stranger": lambda: tls("stranger")}.items():
    a = attempt(f); v.check(a.startswith(b"EXC"), f"{n}: gets nothing ({a[:90]})")
a = attempt(lambda: tls("expired")); v.note(f"expired certificate whose fingerprint is on the list: {a[:100]}"); v.check(a.startswith(b"EXC"), "a certificate that expired in 2020 is not taken although its fingerprint is on the list")
c = tls("struck"); a = c.ask(SET % 1); x = dict(full); x.pop("struck"); lst(x); time.sleep(0.2)
try: a2 = c.ask(SET % 2)
except Exception as e: a2 = b"EXC " + repr(e).encode()
v.check(b"confirmed" in a and a2.startswith(b"EXC"), f"who is struck off the list loses an open connection at the next question ({a2[:60]})")
open(g.state + "/peers.json", "w").write("{ broken"); a = attempt(lambda: tls("friend")); v.check(a.startswith(b"EXC"), "a broken list lets nobody in")
os.unlink(g.state + "/peers.json"); a = attempt(lambda: tls("friend")); v.check(a.startswith(b"EXC"), "a list that is gone lets nobody in"); lst(full)
# watch goes on after striking off?
c = tls("struck"); c.send('{"ask":"watch"}'); c.recv(); x = dict(full); x.pop("struck"); lst(x); t = time.time(); n = 0
try:
    while time.time() - t < 8: c.recv(); n += 1
except Exception: pass
v.note(f"frames to a watcher within 8 s of being struck off: {n}")
# handshake slowloris and a crowd that never speaks TLS
ss = []
for i in range(300):
    try: ss.append(socket.create_connection(("127.0.0.1", p), 2)); ss[-1].sendall(b"\x16\x03\x01")
    except OSError: pass
a = attempt(lambda: tls("friend")); v.check(b"confirmed" in a, f"300 half handshakes keep no friend out ({a[:60]})"); [s.close() for s in ss]
# replay of the same command bytes on a new connection is answered, not carried out again
q = '{"ask":"set","node":"pump","value":"on","id":"once"}'; a1 = tls("friend").ask(q); tls("friend").ask('{"ask":"set","node":"pump","value":"off","id":"then-off"}'); a2 = tls("friend").ask(q)
r = json.loads(tls("friend").ask('{"ask":"read","channel":"pump"}')); v.check(r.get("state") == "off", f"a command with an identity that was used is not carried out again ({r.get('state')}, {a2[:60]})")
v.note(" | ".join(l[13:110] for l in g.log().splitlines()[-5:])); v.check(g.alive() and rss(g.pid)["fds"] < 120, "goes on"); v.check(g.stop() == 0, "stops with 0"); v.end()
