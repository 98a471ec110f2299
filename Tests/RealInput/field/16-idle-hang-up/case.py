"""A Modbus TCP device hangs up when it was idle for a second.

Right: No gap and no fault.

Reported as: home-assistant/core#101982; home-assistant/core#107230
"""
from helper import *
a, mq = free_port(), free_port()
m = Map(); m.put(0, [321]); m.put(100, [2301])
srv = Modbus(a, m, idle=1.0)                  # hangs up after one idle second; is polled every three
mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, MQTT=mq))
if not until(lambda: s.last("readings/slow-power"), 15): print(g.text()); finish(False, "no reading")
time.sleep(24); bad = []
for c in ("slow-power", "slow-volts"):
    l = s.json("readings/" + c); print(c, len(l), {r["quality"] for r in l})
    if sum(r["quality"] == "good" for r in l) < 7: bad.append(f"{c}: only {len(l)} readings in 24 s")
    if any(r["quality"] != "good" for r in l): bad.append(c + ": not always good")
t = s.json("fault/"); print("faults", t, "connections", srv.connections)
if t: bad.append("a device that hangs up when idle is told as fault")
finish(not bad, "; ".join(bad))
