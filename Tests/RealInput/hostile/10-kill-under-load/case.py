"""kill -9 fifty times under load with the broker up.

Right: Each reading of the journal was heard and each heard is in the journal; what comes twice is equal; no sequence
stands for two readings; the journal is sound.
"""
# kill -9 fifty times under load, broker up; then the subscriber's readings are compared with the journal's, by sequence and time.
from tg import *
KILLS = int(os.environ.get("KILLS", "50")); rnd = random.Random(int(os.environ.get("SEED", "3")))
v = Verdict(); d = workdir("10b"); m, bp = broker(d, "max_queued_messages 0\nmax_inflight_messages 0")
nodes = [relay("pump")] + [dict(sensor(f"t{i}", i=i + 1), channels=[{"source": "temperature", "pollPeriod": "20ms", "capturePeriod": "20ms"}]) for i in range(10)]
g = Gateway("10", {"gateway": "d1.a.scada", "nodes": nodes, "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}"}]}, start=False)
c = Client(bp); c.sub("tidegate/d1.a.scada/readings/+"); heard = {}; dup = 0; slow = []; bad = []
def collect():
    global dup
    for x in c.drain():
        r = json.loads(x[1]); k = (r["channel"], r["time"])
        if k in heard:
            dup += 1
            if {a: b for a, b in heard[k].items() if a != "synchronised"} != {a: b for a, b in r.items() if a != "synchronised"}: bad.append((heard[k], r))
        heard[k] = r
for i in range(KILLS):
    t = time.time(); g.start()
    if not g.wait_log("link.subscribed", 15): slow.append(i)
    time.sleep(rnd.uniform(0.05, 1.2)); g.kill(); collect()
    if any(w in g.log() for w in ("salvag", "damaged", "critical")): v.note(f"run {i}: " + [l for l in g.log().splitlines() if "salvag" in l or "damaged" in l or "critical" in l][0])
g.start(); g.wait_log("link.subscribed"); time.sleep(4); rc = g.stop(); time.sleep(1); collect()
o = subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl"], capture_output=True, env=g.env).stdout
rows = {}
for l in o.splitlines():
    r = json.loads(l); rows[(r["channel"], r["time"])] = r
jk = {(a, str(b)) for a, b in rows}; hk = {(a, str(b)) for a, b in heard}
iso = {(r["channel"], r.get("iso", r["time"])) for r in rows.values()}; hiso = {(r["channel"], r["iso"]) for r in heard.values()}
if jk and not (jk & hk): jk, hk = {(a, str(b)[:29]) for a, b in iso}, {(a, b[:29]) for a, b in hiso}
v.note(f"{KILLS} kills; journal {len(jk)}, heard {len(hk)}, heard twice {dup}, in the journal and not heard {len(jk - hk)}, heard and not in the journal {len(hk - jk)}; sample {sorted(jk)[:1]} {sorted(hk)[:1]}")
v.check(len(jk) > 1000, "there was load"); v.check(not (jk - hk), f"each reading of the journal was heard ({len(jk - hk)} not)")
v.check(not (hk - jk), f"each reading heard is in the journal ({len(hk - jk)} not)"); v.check(not bad, f"what comes twice is the same ({bad[:1]})")
seqs = {}; clash = 0
for r in heard.values():
    s = r.get("sequence")
    if s in seqs and seqs[s] != (r["channel"], r["time"]): clash += 1
    seqs[s] = (r["channel"], r["time"])
v.check(clash == 0, f"no sequence stands for two readings ({clash})"); v.check(not slow, f"each start takes commands within 15 s ({slow})"); v.check(rc == 0, f"stops with {rc}")
ck = subprocess.run([sys.executable, "-c", f"import sqlite3; print(sqlite3.connect('{g.state}/journal.sqlite').execute('pragma integrity_check').fetchall())"], capture_output=True, text=True).stdout
v.check("ok" in ck, f"the journal is sound ({ck.strip()})"); v.end()
