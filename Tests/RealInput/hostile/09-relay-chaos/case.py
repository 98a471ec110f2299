"""150 s of kill -9, SIGTERM, SIGSTOP, SIGHUP, dead and mute brokers, duplicates, commands while the gateway is
away, with interlocked relays and a failsafe.

Right: Interlocked relays are never on together, never one without its condition; nothing sent while away is carried
out; silence brings the safe state.
"""
# Two interlocked relays with a failsafe, a controller that raves, and for SECONDS (default 150): kill -9, SIGTERM, SIGSTOP, broker kills,
# broker stops, duplicates, commands while the gateway is away. Are both ever on? Is it off after each start? Is anything replayed?
from tg import *
SECONDS = int(os.environ.get("SECONDS_", "150")); rnd = random.Random(int(os.environ.get("SEED", "5")))
v = Verdict(); d = workdir("09b"); m, bp = broker(d, "max_queued_messages 10000"); pp = port()
lay = {"gateway": "d1.a.scada", "nodes": [relay("heat", failsafeAfter="3s", limits={"minimumOffTime": "200ms"}), relay("cool", failsafeAfter="3s"), relay("fan", failsafeAfter="3s")],
  "interlocks": [{"atMostOne": ["heat", "cool"], "deadTime": "300ms"}, {"relay": "heat", "onlyWhile": "fan"}],
  "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}", "keepAlive": "5s"}], "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read"]}, "journal": {"commitInterval": "50ms"}}
g = Gateway("09", lay); g.wait_log("link.subscribed")
state = {}; both = []; heat_alone = []; lock = threading.Lock(); seen_rd = 0
def on_reading(m_):
    pass
subs = {"c": None}
def observer():
    global seen_rd
    while not stop.is_set():
        try:
            c = Client(bp, cid="observer", clean=False, expiry=3600); c.sub("tidegate/d1.a.scada/readings/+"); subs["c"] = c
            while c.open and not stop.is_set():
                try: x = c.q.get(timeout=0.5)
                except queue.Empty: continue
                try: r = json.loads(x[1])
                except ValueError: continue
                seen_rd += 1; records[(r.get("time"), r["channel"], r.get("sequence"))] = r
        except Exception: time.sleep(0.3)
records = {}; stop = threading.Event(); threading.Thread(target=observer, daemon=True).start()
def peer_state():
    try:
        c = Chirp(pp, timeout=2); out = {}
        for n in ("heat", "cool", "fan"): out[n] = json.loads(c.ask('{"ask":"read","channel":"%s"}' % n)).get("state")
        c.close(); return out
    except Exception: return None
samples = 0
def watcher():
    global samples
    while not stop.is_set():
        s = peer_state()
        if s: samples += 1
        # three reads are not one moment: a suspicion counts only if it stands in two samples in a row and the journal says so
        time.sleep(0.05)
threading.Thread(target=watcher, daemon=True).start()
cmd = {"n": 0, "quiet": False}
def controller():
    while not stop.is_set():
        try:
            c = Client(bp, cid="controller", clean=False, expiry=3600)
            while c.open and not stop.is_set():
                if cmd["quiet"]: time.sleep(0.1); continue
                cmd["n"] += 1; n = rnd.choice(["heat", "cool", "fan", "fan"]); b = json.dumps({"value": rnd.choice(["on", "on", "off"]), "id": "k%d" % cmd["n"]})
                pid = c.pub(f"tidegate/d1.a.scada/set/{n}", b, rnd.choice([0, 1]))
                if rnd.random() < 0.1: c._send(publish(f"tidegate/d1.a.scada/set/{n}", b, 1, False, pid, dup=True))
                time.sleep(rnd.choice([0.005, 0.02, 0.05, 0.3]))
        except Exception: time.sleep(0.2)
threading.Thread(target=controller, daemon=True).start()
end = time.time() + SECONDS; n = {}; early = []; stale = []; failsafe = []; hung = []
def restart_check():
    g.start()
    t = time.time(); first = None
    while time.time() - t < 5 and first is None: first = peer_state(); time.sleep(0.02)
    return first
while time.time() < end:
    what = rnd.choice(["kill", "term", "stop-gateway", "broker-kill", "broker-stop", "away", "quiet", "hup"]); n[what] = n.get(what, 0) + 1
    time.sleep(rnd.uniform(0.3, 2.0))
    if what == "kill": g.kill(); time.sleep(0.1); g.start()
    elif what == "term":
        rc = g.stop()
        if rc != 0: hung.append(f"stop {rc}")
        g.start()
    elif what == "stop-gateway":
        g.p.send_signal(signal.SIGSTOP); time.sleep(rnd.uniform(0.5, 5)); g.p.send_signal(signal.SIGCONT)
    elif what == "broker-kill":
        m.kill(); m.wait(); time.sleep(rnd.uniform(0.1, 2)); m, _ = broker(d, "max_queued_messages 10000", p=bp)
    elif what == "broker-stop": m.send_signal(signal.SIGSTOP); time.sleep(rnd.uniform(0.5, 8)); m.send_signal(signal.SIGCONT)
    elif what == "hup": g.p.send_signal(signal.SIGHUP)
    elif what == "quiet":
        cmd["quiet"] = True; time.sleep(5.5); s = peer_state()
        if s and "on" in s.values(): failsafe.append(s)
        cmd["quiet"] = False
    elif what == "away":
        cmd["quiet"] = True; time.sleep(0.3); rc = g.stop() if rnd.random() < .5 else g.kill()
        try:
            c = Client(bp)
            for k in ("fan", "heat", "cool"): c.pub(f"tidegate/d1.a.scada/set/{k}", json.dumps({"value": "on", "id": "away%d%s" % (len(n), k)}), 1)
            time.sleep(0.3)
        except Exception: pass
        g.start(); g.wait_log("link.subscribed", 6); time.sleep(1); s = peer_state()
        if s and "on" in s.values(): stale.append(s)
        cmd["quiet"] = False
    if not g.alive(): hung.append("died: " + g.log()[-300:]); g.start()
g.wait_port(pp); cmd["quiet"] = True; time.sleep(1); stop.set(); rc = g.stop()
o = subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl"], capture_output=True, env=g.env).stdout
rows = [json.loads(l) for l in o.splitlines()]; st = {}; last = None
for r in rows:
    if r.get("channel") not in ("heat", "cool", "fan"): continue
    r["state"] = {1: "on", 0: "off"}.get(r.get("value")); st[r["channel"]] = r["state"]
    if st.get("heat") == "on" and st.get("cool") == "on": both.append(r)
    if st.get("heat") == "on" and st.get("fan") == "off": heat_alone.append(r)
switches = sum(1 for r in rows if r.get("state") == "on")
v.note(f"{n}; {cmd['n']} commands, {len(rows)} readings in the journal ({switches} 'on'), {len(records)} heard by the subscriber, {samples} samples over the direct link")
# after a kill the journal's last word may be 'on', then the new run says 'off' for each relay in turn: only the first readings of a run may clash
def genuine(rs): return rs
v.note(f"clashes in the journal's order: both {len(both)}, heat without fan {len(heat_alone)}: {[(r['channel'], r.get('state'), r.get('iso')) for r in both[:4]]} {[(r['channel'], r.get('state'), r.get('iso')) for r in heat_alone[:4]]}")
v.check(switches > 50, f"there was something to see ({switches})")
v.check(not both, f"heat and cool are never on together ({len(both)})"); v.check(not heat_alone, f"heat is never on without the fan ({len(heat_alone)})")
v.check(not stale, f"what was commanded while the gateway was away is not carried out ({stale[:2]})")
v.check(not failsafe, f"5.5 s of silence bring the safe state ({failsafe[:2]})")
v.check(not hung, f"no stop fails and nothing dies ({hung[:3]})"); v.check(rc == 0, f"the last stop ends with {rc}")
v.end()
