"""Line breaks, terminal sequences, bidi marks, very long texts in commands and questions.

Right: No line of the log can be forged, no control character of a stranger's stands in it, no line is longer than
2,000 characters; each line of the JSON log is JSON.
"""
# Line breaks, escapes and terminal sequences of a stranger's in the log, in answers, and in the output of journal, watch and tap.
from tg import *
v = Verdict(); d = workdir("12b"); m, bp = broker(d); pp = port()
g = Gateway("12", {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}"}], "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read", "switch"]}}, log_level="trace")
g.wait_log("link.subscribed"); c = Client(bp); c.sub("tidegate/d1.a.scada/answer/#")
E = "\x1b[2J\x1b]0;owned\x07"; F = "\n08:00:00.000 critical FORGED LINE\r\n"
payloads = [F, E, F * 50, json.dumps({"value": F}), json.dumps({F: 1}), json.dumps({E: 1}), json.dumps({"value": "on", "id": E}), json.dumps({"value": "on", "id": "a\u2028b"}), json.dumps({"value": "on", "expires": F}), json.dumps({"value": "on", "by": F}),
  json.dumps({"value": "on", "overrideFor": F}), '{"value": on' + F + '}', '{"\\u001b[2J\\u000aFORGED LINE": 1}', '{"value": \x9b31m}', "[" * 3000, '{"value":' + "9" * 3000 + "}", '{"value":"' + "a" * 4000, '{"value":1e999999999}', '{"value":1e-30}', '{"value":-0}', '{"value":0.9999999999999999999}', '{"value":9223372036854775808}', '{"value":-9223372036854775808}', '{"value":1E+0}',
  '{"value":"on","expires":"9999999-11-21T04:22:07Z"}', '{"value":"on","expires":9223372036854775807}', '{"value":"on","expires":-1}', '{"value":"on","expires":"2026-02-31T00:00:00Z"}', '{"value":"off","overrideFor":"999999999999999999999d"}', '{"value":"off","overrideFor":"106751991167d"}', '{"value":"off","overrideFor":"-5s"}', '{"value":"off","overrideFor":"0s"}', '{"value":"off","id":"' + "x" * 65 + '"}', "\ufeffon", "on\x00", "ON", " on ", "o\u200bn"]
n0 = len(g.log().splitlines())
for x in payloads:
    c.pub("tidegate/d1.a.scada/set/pump", x); time.sleep(0.03)
c.pub("tidegate/d1.a.scada/set/pu\u202emp", "on"); c.pub("tidegate/d1.a.scada/set/" + "x" * 60000, "on")
for a in payloads:
    try: Chirp(pp, timeout=3).ask(a)
    except Exception as e: v.note(f"peer: {e!r} {a[:40]!r}")
    try: Chirp(pp, timeout=3).ask(json.dumps({"ask": "set", "node": "pump", "value": a, "id": "i"}))
    except Exception as e: v.note(f"peer: {e!r} {a[:40]!r}")
time.sleep(1)
b = open(g.logfile, "rb").read(); lines = b.decode("utf-8", "replace").split("\n")
forged = [l for l in lines if l.startswith("08:00:00.000 critical") or l.startswith("FORGED")]
v.check(not forged, f"no line of the log is forged ({len(forged)}: {forged[:2]})")
v.check(b"\x1b" not in b, f"no escape character stands in the log ({b.count(bytes([27]))}: {[l for l in lines if chr(27) in l][:1]})")
v.check(b"\x07" not in b and b"\r" not in b and b"\x9b" not in b.replace(b"\xc2\x9b", b"\x9b"), "nor any other control character")
bidi = [l for l in lines if "\u202e" in l or "\u2028" in l]; v.note(f"bidi or line separators in the log: {len(bidi)} {bidi[:1]}")
long = max(len(l) for l in lines); v.check(long < 2000, f"no line of the log is longer than 2,000 characters ({long})")
ans = c.drain(); big = max((len(x[1]) for x in ans), default=0); v.check(big < 4096, f"no answer is larger than a command may be ({big})")
on = [x for x in ans if b'"confirmed"' in x[1]]; v.note(f"{len(ans)} answers, confirmed: {len(on)}"); 
v.check(g.alive(), "the gateway goes on")
r = json.loads(Chirp(pp).ask('{"ask":"read","channel":"pump"}')); v.note(f"pump {r.get('state')}")
g.stop()
# JSON log format
g2 = Gateway("12j", {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}"}]}, start=False); 
f = open(g2.d + "/jlog", "wb"); q = subprocess.Popen([TG, "run", g2.layout, "--state-directory", g2.state, "--log-format", "json"], stdout=f, stderr=f, env=g2.env); procs.append(q); time.sleep(2)
c = Client(bp)
for x in payloads: c.pub("tidegate/d1.a.scada/set/pump", x); time.sleep(0.02)
time.sleep(0.5); q.terminate(); q.wait(8); badj = []
for l in open(g2.d + "/jlog", "rb").read().split(b"\n"):
    if l:
        try: json.loads(l)
        except ValueError: badj.append(l[:100])
v.check(not badj, f"each line of the JSON log is JSON ({badj[:2]})")
v.end()
