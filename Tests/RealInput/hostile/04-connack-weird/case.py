"""A broker answers the login with odd properties: receive maximum 0 and 1, maximum packet 20 and 300, maximum
QoS 0, no retain, keep-alive 0 and 1, alias 65535, an unknown property, 400 user properties.

Right: The gateway goes on, neither spins nor logs in like a storm; readings flow where they can; the relay obeys the
direct link; it stops with 0. (A client id that the broker assigns may keep it from connecting.)
"""
# A broker that answers the login with odd properties: does the gateway go on, and does nothing of its own work suffer?
from tg import *
v = Verdict()
def p(i, fmt, val): return bytes([i]) + struct.pack(fmt, val)
cases = {
  "receive-maximum 1": (p(0x21, ">H", 1), True),
  "maximum packet 20": (p(0x27, ">I", 20), False),
  "maximum packet 300": (p(0x27, ">I", 300), False),
  "maximum QoS 0": (p(0x24, ">B", 0), False),
  "retain unavailable": (p(0x25, ">B", 0), False),
  "server keep-alive 1": (p(0x13, ">H", 1), True),
  "server keep-alive 0": (p(0x13, ">H", 0), True),
  "assigned client id": (b"\x12" + mstr("other"), False),
  "topic alias 65535": (p(0x22, ">H", 65535), True),
  "session expiry max": (p(0x11, ">I", 0xffffffff), True),
  "no wildcards": (p(0x28, ">B", 0), False),
  "receive-maximum 0": (p(0x21, ">H", 0), False),
  "response information, reason": (b"\x1a" + mstr("x" * 1000) + b"\x1f" + mstr("y" * 60000), True),
  "unknown property": (b"\x7f\x00", False),
  "user properties": ((b"\x26" + mstr("a") + mstr("b" * 50)) * 400, True),
}
only = sys.argv[1:]
gs = []
for name, (props, must) in cases.items():
    if only and name not in only: continue
    fb = FakeBroker(connack=props)
    pp = port()
    g = Gateway("04-" + name.replace(" ", "_").replace(",", ""), {"gateway": "d1.a.scada", "nodes": [relay("pump"), dict(sensor("t1"), channels=[{"source": "temperature", "pollPeriod": "200ms", "capturePeriod": "1s"}])],
        "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{fb.port}"}], "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read", "switch"]}})
    gs.append((name, must, fb, g, pp))
    if len(gs) % 4 == 0: time.sleep(1)
time.sleep(14)
for name, must, fb, g, pp in gs:
    r = rss(g.pid); pubs = fb.published()
    qos1 = [x for x in pubs if x[3] == 1]
    rd = [x for x in pubs if "/readings/" in x[1]]
    why = [l for l in g.log().splitlines() if "warning" in l or "error" in l][:2]
    v.note(f"{name}: connects {fb.connects} readings {len(rd)} publishes {len(pubs)} cpu {r.get('cpu')} rss {r.get('VmRSS')} log {why}")
    v.check(g.alive(), f"{name}: the gateway goes on")
    v.check(fb.connects <= 6, f"{name}: no storm of logins ({fb.connects} in 14 s)")
    v.check(r.get("cpu", 99) < 3, f"{name}: does not spin ({r.get('cpu')} s of processor time)")
    if must: v.check(len(rd) >= 3, f"{name}: readings flow ({len(rd)})")
    if name == "maximum QoS 0": v.check(not qos1, f"{name}: nothing above QoS 0 is sent ({len(qos1)})")
    if name.startswith("maximum packet"):
        lim = int(name.split()[-1]); big = [len(b) for _, h, b in fb.seen if h >> 4 != 1 and len(b) + 2 > lim]
        v.check(not big, f"{name}: no packet above the limit is sent ({len(big)}, largest {max(big, default=0)})")
        v.note(str(g.log().splitlines()[-3:]))
    if name == "retain unavailable":
        kept = [x for x in pubs if x[4]]; v.check(not kept, f"{name}: nothing retained is sent ({len(kept)})")
    if name == "receive-maximum 1": pass
    try: v.check(b"confirmed" in Chirp(pp).ask('{"ask":"set","node":"pump","value":"on","id":"z"}'), f"{name}: the relay still obeys the direct link")
    except Exception as e: v.check(False, f"{name}: direct link {e!r}")
for name, must, fb, g, pp in gs:
    t = time.time(); rc = g.stop(); v.check(rc == 0 and time.time() - t < 3, f"{name}: stops with {rc} after {time.time() - t:.1f} s")
v.end()
