"""The wall clock jumps ten years forward, ten years back and home; the process is stopped for 60 s.

Right: Readings flow, the relay stays as it is through the jumps, nothing is deleted, the failsafe is driven at once
after the stop.
"""
# The wall clock jumps 10 years forward and back while it runs (a shim, CLOCK_REALTIME alone), and the process is stopped for 60 s.
from tg import *
need("cc")
v = Verdict(); STOP = int(os.environ.get("STOP_SECONDS", "60")); d = workdir("14"); m, bp = broker(d); pp = port()
so = compiled("clock")
open(d + "/rc", "w").write("0")
lay = {"gateway": "d1.a.scada", "nodes": [relay("pump", failsafeAfter="25s", limits={"maximumOnTime": "1h"}), dict(sensor("t1"), channels=[{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "500ms"}])], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}"}], "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read", "switch"]}, "journal": {"retain": "7d"}}
g = Gateway("14", lay, d=d, env={"LD_PRELOAD": so, "CLOCK_FILE": d + "/rc"})
v.check(g.wait_log("link.subscribed"), "starts with a moved clock"); c = Client(bp); c.sub("tidegate/d1.a.scada/#"); 
def send(val, i, **k): c.pub("tidegate/d1.a.scada/set/pump", json.dumps(dict({"value": val, "id": i}, **k))); x = c.wait(lambda x: x[0].endswith("answer/pump") and i.encode() in x[1], 5); return x and json.loads(x[1])
def jump(text, what):
    n = len([x for x in c.drain()]); open(d + "/rc", "w").write(text); time.sleep(4); got = c.drain(); rd = [json.loads(x[1]) for x in got if "/readings/t1" in x[0]]
    v.note(f"{what}: {len(rd)} readings in 4 s, last {rd[-1]['iso'] if rd else None}, quality {set(r['quality'] for r in rd)}, events {[x[1][:100] for x in got if x[0].endswith('/events')][:2]}")
    v.check(len(rd) >= 5, f"{what}: readings flow ({len(rd)})"); v.check(g.alive(), f"{what}: goes on"); return rd
a = send("on", "a1"); v.check(a and a["outcome"] == "confirmed", "on before the jump")
jump("315360000", "10 years forward"); a = send("on", "a2"); v.check(a and a["outcome"] == "confirmed", f"a plain command after it ({a and a['outcome']})")
a = send("on", "a3", expires=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))); v.note(f"a command with an expiry of today: {a and (a['outcome'], a.get('detail'))}")
o = subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl"], capture_output=True, env=g.env).stdout.splitlines(); v.note(f"journal rows after the forward jump {len(o)}")
jump("-315360000", "10 years back"); a = send("on", "a4"); v.check(a and a["outcome"] == "confirmed", f"a plain command after it ({a and (a['outcome'], a.get('detail'))})")
jump("0", "back to now"); r = json.loads(Chirp(pp).ask('{"ask":"read","channel":"pump"}')); v.check(r.get("state") == "on", f"the relay stayed on through all jumps ({r.get('state')})")
o2 = subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl"], capture_output=True, env=g.env).stdout.splitlines(); v.check(len(o2) >= len(o), f"no jump deletes what is kept ({len(o)} -> {len(o2)})")
send("on", "a5"); c.drain(); g.p.send_signal(signal.SIGSTOP); time.sleep(STOP); g.p.send_signal(signal.SIGCONT); t = time.time(); time.sleep(3)
r = json.loads(Chirp(pp).ask('{"ask":"read","channel":"pump"}')); v.check(r.get("state") == "off", f"after {STOP} s of SIGSTOP the failsafe of 20 s is driven at once ({r.get('state')})")
got = c.drain(4); v.check(any("/readings/t1" in x[0] for x in got), "readings flow again"); v.note(" | ".join(l[13:140] for l in g.log().splitlines()[-6:]))
v.check(g.alive(), "goes on after SIGCONT"); v.check(g.stop() == 0, "stops with 0"); v.end()
