"""A device answers one request in four with exception 6 (busy) or 5 (needs more time).

Right: No made-up value. A busy device is asked again within the poll, and the registers that were answered are told:
at least two thirds of the readings come. Fault does not come and go every second.

Reported as: influxdata/telegraf PR#7271; home-assistant/core#51103, #54345, #50073; ha_daikin_altherma4_modbus#90
"""
from helper import *
a, mq = free_port(), free_port()
n = [0]; tries = []
def answer(unit, fc, addr, count):
    n[0] += 1
    if n[0] % 4 == 0: return 6 if n[0] % 8 else 5      # one in four: busy, or acknowledged and still working
    return [0] * (count - 1) + [777]
mb = Modbus(a, answer)
mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, MQTT=mq))
if not until(lambda: s.last("readings/inverter-power") and s.last("readings/inverter-energy"), 15): print(g.text()); finish(False, "no reading")
t0 = time.time_ns(); time.sleep(30)
bad = []
for c in ("inverter-power", "inverter-energy"):
    l = [r for r in s.json("readings/" + c) if r["time"] > t0]; k = sum(r["quality"] == "good" and r["value"] == 777 for r in l)
    print(c, "good", k, "of 30;", {r["quality"] for r in l})
    if any(r["quality"] == "good" and r["value"] != 777 for r in l): bad.append(c + ": a made-up value")
    if k < 20: bad.append(f"{c}: only {k} of 30 although three answers in four were good")
t = s.json("fault/"); print(len(t), "faults", t[:2]); print("requests", len(mb.requests)); print(g.text()[-2000:])
if len(t) > 12: bad.append(f"{len(t)} faults in 30 s for a device that is busy now and then")
finish(not bad, "; ".join(bad))
