"""A channel and a relay are taken out of the layout while the gateway is stopped.

Right: At the next start what was retained of them is deleted, as a reload does.

Reported as: zigbee2mqtt#4290; heliograph PR#40; OpenZWave/Zwave2Mqtt#342; thin-edge/thin-edge.io#3492
"""
from helper import *
mq = free_port(); m = mosquitto(mq); bad = []
lay = fill("layout.json", MQTT=mq, MORE="")
g = gateway(lay); s = Subscriber(mq)
if not until(lambda: s.last("live/host-load-1"), 10): print(g.text()); finish(False, "no reading")
time.sleep(1); g.stop(); s.end()
# while it is stopped, a channel and a relay are taken out of the layout
d = json.load(open(lay)); d["nodes"] = [d["nodes"][1]]; d["nodes"][0]["channels"].pop(); json.dump(d, open(lay, "w"))
g = gateway(lay); time.sleep(5)
s2 = Subscriber(mq, client="later"); time.sleep(2)
left = [t for t, x, r, a in s2.got if r and ("load-1" in t or "pump" in t)]; print(left, [x for t, x, r, a in s2.got if "load-1" in t or "/pump" in t][:2])
if left: bad.append("retained for ever of what is gone: " + ", ".join(t.split("scada/")[1] for t in left))
w = subprocess.run(["timeout", "4", TIDEGATE, "watch", "--broker", f"mqtt://127.0.0.1:{mq}"], capture_output=True, text=True).stdout
print("watch shows load-1:", "host-load-1" in w)
finish(not bad, "; ".join(bad))
