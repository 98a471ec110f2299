"""Answers come after the time-out; transaction numbers are out of step.

Right: All registers read again within seconds, never a value of another register.

Reported as: libmodbus#255; goburrow/modbus#64; grid-x/modbus#78, #26; pymodbus-dev/pymodbus#538; NModbus/NModbus#88
"""
from helper import *
a, mq = free_port(), free_port()
m = Map(); m.put(0, [1111]); m.put(100, [222]); m.put(200, [33])
left = [0]
def delay(*_):
    if left[0] > 0: left[0] -= 1; return 0.45
mb = Modbus(a, m, delay=delay)
mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, MQTT=mq))
want = {"meter-power": 1111, "meter-volts": 222, "meter-amps": 33}
def fresh(t): return all(any(r["time"] > t and r["quality"] == "good" for r in s.json("live/" + c)) for c in want)
if not until(lambda: fresh(0), 15): print(g.text()); finish(False, "no reading")
bad = []
for n in (1, 2, 3, 5):
    left[0] = n; until(lambda: left[0] == 0, 15); t = time.time_ns(); b = time.monotonic()
    if not until(lambda: fresh(t), 25): bad.append(f"after {n} late answers it never came back"); break
    print(n, "late: all good again after", round(time.monotonic() - b, 1), "s")
    if time.monotonic() - b > 20: bad.append(f"after {n} late answers it took {time.monotonic() - b:.0f} s")
wrong = [r for c, v in want.items() for r in s.json("/" + c) if r.get("quality") == "good" and r["value"] != v]
if wrong: bad.append("a value of another register: " + str(wrong[:2]))
print(g.text()[-2500:])
finish(not bad, "; ".join(bad))
