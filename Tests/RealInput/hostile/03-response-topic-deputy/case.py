"""Whoever may publish on set/ names a response topic of another system (zigbee2mqtt, homeassistant, gw, another
prefix, another node's answer), and the gateway speaks there with its own rights.

Right: Answers go below the gateway's own answer/ alone, unless the layout opens more. Both gateways go on, and each
command with correlation data is answered.
"""
# The response topic of a command is a stranger's word. Where does the gateway let itself be made to speak?
from tg import *
v = Verdict()
d = workdir("03b")
m, p = broker(d)
lay = lambda n, topic: {"gateway": n, "nodes": [relay("pump"), relay("boiler")], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{p}", **({"topic": topic} if topic else {})}]}
a = Gateway("03-a", lay("d1.a.scada", None)); b = Gateway("03-b", lay("d1.b.scada", "other"))
a.wait_log("link.subscribed"); b.wait_log("link.subscribed")
w = Client(p); w.sub("#"); time.sleep(0.5); w.drain()
c = Client(p)
targets = {
  "another gateway's set (same prefix)": "tidegate/d1.b.scada/set/pump",
  "own set": "tidegate/d1.a.scada/set/pump",
  "own live": "tidegate/d1.a.scada/live/pump",
  "own status": "tidegate/d1.a.scada/status",
  "another gateway's set (other prefix)": "other/d1.b.scada/set/pump",
  "gridworks child's topic": "gw/d1-a/to/s/gridworks-event-fsm",
  "homeassistant discovery": "homeassistant/switch/evil/config",
  "zigbee2mqtt set": "zigbee2mqtt/boiler/set",
  "$SYS": "$SYS/broker/x", "$share": "$share/g/x", "wildcard": "foo/#", "plus": "foo/+/x",
  "prefix itself": "tidegate", "long": "x" * 300, "empty": "",
  "another node's answer": "tidegate/d1.a.scada/answer/boiler",
}
for what, t in targets.items():
    w.drain()
    try: c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "off", "id": "c%d" % abs(hash(t))}), props=resp(t, b"k"))
    except OSError: pass
    time.sleep(0.4)
    if not c.open: c = Client(p)
    got = [(x[0], x[1][:120]) for x in w.drain() if "/set/pump" not in x[0] or x[0] != "tidegate/d1.a.scada/set/pump"]
    hit = [x for x in got if x[0] == t]
    v.note(f"{what}: {t[:50]!r} -> {[(x[0][:50], x[1][:90]) for x in got if 'status' not in x[0]][:3]}")
    danger = what in ("another gateway's set (same prefix)", "own set", "own live", "own status", "$SYS", "wildcard", "plus", "another gateway's set (other prefix)", "homeassistant discovery", "zigbee2mqtt set", "gridworks child's topic", "another node's answer")
    if danger: v.check(not hit, f"{what}: the gateway does not speak on {t}")
v.check(a.alive() and b.alive(), "both gateways go on")
# correlation data, NUL, ids
for n in (0, 1, 1024, 1025, 60000):
    w.drain(); c.pub("tidegate/d1.a.scada/set/pump", "off", props=resp("ask/x", b"\x00" * n)); time.sleep(0.4)
    r = [x for x in w.drain() if x[0] in ("ask/x", "tidegate/d1.a.scada/answer/pump")]
    v.note(f"correlation {n}: {[(x[0], x[1][:100], len(x[5])) for x in r]}")
    v.check(len(r) >= 1, f"correlation data of {n} bytes gets an answer")
for by in ("cli", "page", "peer", "rule", "upstream", "gateway", "guard", "", "CLI", None, 5):
    w.drain(); c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "off", "by": by})); time.sleep(0.2)
    r = [x[1][:160] for x in w.drain() if x[0].endswith("/answer/pump") or x[0].endswith("control/pump")]
    v.note(f"by {by!r}: {r}")
# a hold with by:cli beats the upstream: anybody who may publish may lock the house's controller out for a day
w.drain(); c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "on", "by": "cli", "overrideFor": "1d"})); time.sleep(0.3)
c.pub("tidegate/d1.a.scada/set/pump", "off"); time.sleep(0.3)
r = [x[1][:200] for x in w.drain() if "answer" in x[0]]
v.note(f"by cli for 1 d, then a plain off: {r}")
c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"release": True})); time.sleep(0.3)
v.note(f"plain release: {[x[1][:200] for x in w.drain() if 'answer' in x[0]]}")
c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"release": True, "by": "cli"})); time.sleep(0.3)
v.note(f"release by cli: {[x[1][:200] for x in w.drain() if 'answer' in x[0]]}")
# id collisions: two requesters, same id, different value
w.drain()
c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "on", "id": "same"})); time.sleep(0.3)
c.pub("tidegate/d1.a.scada/set/pump", json.dumps({"value": "off", "id": "same"})); time.sleep(0.3)
r = [json.loads(x[1]) for x in w.drain() if "answer" in x[0]]
v.note(f"same id, other value: {r}")
v.check(len(r) >= 2 and not (r[-1]["outcome"] == "confirmed" and r[-1].get("value") in (1, True, "on")), "an off under an identity used for an on is not answered 'confirmed on' silently")
for g in (a, b): v.note(g.log()[-500:]); v.check(g.stop() == 0, "stops with 0")
v.end()
