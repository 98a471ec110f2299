"""An energy register of 16 or 32 bits passes its width and begins at 0 again.

Right: The counter is readable again on its own, within seconds or minutes at most, and it is told that it began again
(a raw value near the top of its type followed by one near 0 is a wrap, not a fault). Needing a restart of the
gateway, which drives every relay to its safe state, is wrong.

Reported as: esphome/esphome#15280 and PR#15286; ioBroker.sourceanalytix#594; AI-on-the-edge-device#349
"""
from helper import *
mb, mq = free_port(21000), free_port(21020)
m = Map(); m.put(0, [65500]); m.put(2, words("I", 2**32 - 40)); m.put(10, [500])
Modbus(mb, m); mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", MODBUS=mb, MQTT=mq))
if not until(lambda: s.last("readings/meter-energy"), 15): finish(False, "no reading at all\n" + g.text())
v16, v32 = 65500, 2**32 - 40
start = time.monotonic(); wrapped = None
while time.monotonic() - start < 25:
    v16 += 7; v32 += 8
    m.put(0, [v16 % 65536]); m.put(2, words("I", v32 % 2**32)); time.sleep(0.25)
    if v16 > 65536 and wrapped is None: wrapped = time.time_ns()
time.sleep(1)
late = lambda c: [r for r in s.json("readings/" + c) if r["time"] > wrapped + 10_000_000_000]
for c in ("meter-energy", "meter-energy-32", "meter-power"):
    l = late(c); print(c, "readings 10 s and more after the wrap:", len(l), "good:", sum(r["quality"] == "good" for r in l), l[-1:] )
print([t for t in s.json("fault/")])
good = all(any(r["quality"] == "good" for r in late(c)) for c in ("meter-energy", "meter-energy-32"))
print(g.text()[-1500:])
finish(good, "after the register passed its width, the counter never gives a good reading again" if not good else "")
