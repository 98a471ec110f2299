"""The broker takes 3 messages at a time, also after a reconnect with a backlog.

Right: Never more under way; nothing lost.

Reported as: eclipse-mosquitto/mosquitto#1822, #3587; eclipse-paho/paho.mqtt.java#530
"""
from helper import *
mq = free_port()
state = {"hold": False}
# Receive Maximum 3; acknowledgements come 20 ms late
def hook(kind, e):
    if kind == "publish" and e["qos"]:
        if state["hold"]: return "hold"
        time.sleep(0.02)
props = bytes([0x21, 0, 3])
b = Broker(mq, props, hook)
g = gateway(fill("layout.json", MQTT=mq, MORE=""))
if not until(lambda: any("/readings/" in e["topic"] for e in b.events if e["kind"] == "publish"), 15): print(g.text()); finish(False, "no reading")
time.sleep(3); bad = []
print("most at a time, first connection:", b.most)
if b.most > 3: bad.append(f"{b.most} under way where 3 are allowed")
# a backlog, then a connection that stops acknowledging and breaks with messages under way, then another
b.close(); time.sleep(8)
b2 = Broker(mq, props, hook); b2.most = 0
state["hold"] = True
until(lambda: b2.count("publish") >= 3, 20); time.sleep(2)
print("most at a time, held:", b2.most, "publishes", b2.count("publish"))
if b2.most > 3: bad.append(f"held: {b2.most} under way where 3 are allowed")
b2.drop_all(); time.sleep(0.2); state["hold"] = False; b2.most = 0; n = b2.count("publish")
ok = until(lambda: b2.count("connect") >= 2 and b2.count("publish") > n + 60, 30)
print("most at a time after the break:", b2.most, "publishes", b2.count("publish") - n)
if b2.most > 3: bad.append(f"after the break: {b2.most} under way where 3 are allowed")
if not ok: bad.append("the backlog does not flow")
seqs = {}
for e in b.events + b2.events:
    if e["kind"] == "publish" and "/readings/host-uptime" in e["topic"]: seqs.setdefault(json.loads(e["text"])["value"], 0)
v = sorted(seqs); print("uptimes", v)
gaps = [(x, y) for x, y in zip(v, v[1:]) if y - x > 2]
if gaps: bad.append("readings lost: " + str(gaps))
print(g.text()[-1500:])
finish(not bad, "; ".join(bad))
