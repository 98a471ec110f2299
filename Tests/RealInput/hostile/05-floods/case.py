"""100,000 retained messages below set/, then 10,000 commands a second for 10 s.

Right: Memory stays below 256 MB, minimum times hold, the thermometer goes on, a command afterwards is answered in 5
s, and the log stays short (fewer than 5,000 lines for the flood).
"""
# 100,000 retained messages below set/, then 10,000 commands a second for 10 s; then identities that collide.
from tg import *
need("prlimit")
v = Verdict(); d = workdir("05b")
m, p = broker(d, "max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true")
c = Client(p)
print("retaining", flush=True)
for i in range(100_000): c._send(publish(f"tidegate/d1.a.scada/set/x{i}", "on", 0, True))
for i in range(50): c._send(publish(f"tidegate/d1.a.scada/set/pump", "on", 0, True))
c.pub("sync", b"", 1); time.sleep(3)
pp = port()
g = Gateway("05", {"gateway": "d1.a.scada", "nodes": [relay("pump", limits={"minimumOnTime": "100ms", "minimumOffTime": "100ms"}), relay("fan"), dict(sensor("t1"), channels=[{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "1s"}])],
   "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{p}"}], "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read", "switch"]}}, wrap=["prlimit", "--as=3221225472", "--core=0", "--"])
g.wait_port(pp); t0 = time.time()
def state(n):
    try: return json.loads(Chirp(pp).ask('{"ask":"read","channel":"%s"}' % n))
    except Exception as e: return {"value": repr(e)}
peak = 0
for _ in range(20): time.sleep(0.5); peak = max(peak, rss(g.pid).get("VmHWM", 0))
v.note(f"retained flood: peak RSS {peak} kB, cpu {rss(g.pid).get('cpu')}, log size {os.path.getsize(g.logfile)} B, lines {len(g.log().splitlines())}")
v.check(g.alive() and peak < 150_000, f"100,000 retained commands: the gateway goes on within bounds ({peak // 1024} MiB)")
v.check(state("pump").get("value") in (0, "0"), f"the relay stays off ({state('pump').get('value')})")
v.check(os.path.getsize(g.logfile) < 2_000_000, f"the log stays short ({os.path.getsize(g.logfile)} B, {len(g.log().splitlines())} lines)")
n1 = len(g.log().splitlines())
# command flood
w = Client(p); w.sub("tidegate/d1.a.scada/answer/pump"); w.sub("tidegate/d1.a.scada/live/pump"); w.sub("tidegate/d1.a.scada/readings/t1"); time.sleep(0.3); w.drain()
j0 = sum(os.path.getsize(g.state + "/" + f) for f in os.listdir(g.state))
cpu0 = rss(g.pid)["cpu"]; sent = 0; end = time.time() + 10; nxt = time.time()
while time.time() < end:
    for k in range(100): c._send(publish("tidegate/d1.a.scada/set/pump", "on" if sent % 2 else "off", 0)); sent += 1
    nxt += 0.01; time.sleep(max(0, nxt - time.time()))
c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "off", "id": "final"})); t = time.time()
lat = None; got = []
while time.time() - t < 20 and lat is None:
    for x in w.drain(0.1):
        got.append(x)
        if b'"final"' in x[1]: lat = time.time() - t
r = rss(g.pid)
ans = [json.loads(x[1]) for x in got if "answer" in x[0]]; outs = {}
for a in ans: outs[a["outcome"]] = outs.get(a["outcome"], 0) + 1
lv = [x for x in got if "live/pump" in x[0]]; seq = [json.loads(x[1])["value"] for x in lv]; live = [1 for a, b in zip(seq, seq[1:]) if a != b]; rd = [x for x in got if "readings/t1" in x[0]]
v.note(f"{sent} commands in 10 s: answers {outs}, live messages {len(lv)}, changes {len(live)}, readings of t1 {len(rd)}, final answered after {lat}, RSS {r.get('VmRSS')} peak {r.get('VmHWM')} kB, cpu {r.get('cpu', 0) - cpu0:.1f} s, log lines +{len(g.log().splitlines()) - n1}, journal {j0} -> {sum(os.path.getsize(g.state + '/' + f) for f in os.listdir(g.state))} B")
v.check(g.alive() and r.get("VmHWM", 1 << 30) < 256_000, f"a flood of commands stays within the unit's memory (peak {r.get('VmHWM', 0) // 1024} MiB)")
v.check(lat is not None and lat < 5, f"a command after the flood is answered ({lat})")
v.check(len(live) <= 110, f"the minimum times hold under the flood ({len(live)} changes in 10 s)")
v.check(len(rd) >= 5, f"the thermometer goes on ({len(rd)} readings)")
v.check(len(g.log().splitlines()) - n1 < 5000, f"log lines during the flood: {len(g.log().splitlines()) - n1}")
t = time.time(); rc = g.stop(); v.check(rc == 0 and time.time() - t < 4, f"stops with {rc} after {time.time() - t:.1f} s")
v.end()
