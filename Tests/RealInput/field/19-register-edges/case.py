"""Address 65535, 300 registers in a row, orders cdab, badc, dcba, negative numbers, scale 0.0625, unit 247.

Right: Right values, at most 125 words at once, nothing beyond 65535.

Reported as: Tasmota#17467; lambda_heat_pumps#66; evcc-io/evcc#82; modbus_local_gateway#62; esphome/issues#2663
"""
from helper import *
a, mq = free_port(), free_port(); bad = []
N = 300
regs = "\n".join('       {"name": "r%d", "address": %d, "type": "uint16", "unit": "count", "pollPeriod": "1s", "capturePeriod": "1s"},' % (i, i) for i in range(N))
m = Map()
for i in range(N): m.put(i, [40000 + i])
m.put(65535, [65535]); w = words("i", -123456); m.put(65533, [w[1], w[0]])
f = struct.pack(">f", -55.5); m.put(60000, [f[1] << 8 | f[0], f[3] << 8 | f[2]])
d = struct.pack("<d", 1234.5); m.put(60002, [d[i] << 8 | d[i + 1] for i in range(0, 8, 2)])
m.put(60010, [0xFFFF])
srv = Modbus(a, m); mosquitto(mq); s = Subscriber(mq)
lay = fill("layout.json", A=a, MQTT=mq, REGS=regs); print(check(lay))
g = gateway(lay); until(lambda: s.last("live/plc-tiny"), 10); time.sleep(3)
want = {"last": -0.1, "last-pair": -123456, "badc": -55.5, "dcba": 1234.5, "tiny": -0.0625, "r0": 40000, "r124": 40124, "r125": 40125, f"r{N-1}": 40000 + N - 1}
for c, v in want.items():
    r = s.last("live/plc-" + c) or {}; print(c, r.get("value"), r.get("steps"), r.get("exponent"))
    if r.get("value") is None or abs(r["value"] - v) > (0.07 if c == "tiny" else 0.0006): bad.append(f"{c}: {r.get('value')} instead of {v}")
if r is None: pass
t = s.last("live/plc-tiny") or {}
print("requests a second", len(srv.requests) / 3, "most words", max(r[4] for r in srv.requests), sorted({(r[3], r[4]) for r in srv.requests}))
if max(r[4] for r in srv.requests) > 125: bad.append("more than 125 words asked at once")
if any(r[3] + r[4] > 65536 for r in srv.requests): bad.append("asked beyond 65535")
# a pair that would reach beyond the last address must be refused
x = open(lay).read().replace('"address": 65535, "function": "holding", "type": "int16"', '"address": 65535, "function": "holding", "type": "int32"').replace('"address": 65533', '"address": 65530')
open(WORK + "/beyond.json", "w").write(x); rc, out = check(WORK + "/beyond.json"); print(rc, out[:300])
if rc != 1: bad.append("a 32-bit number at 65535 passes the check")
print(g.text()[-600:])
finish(not bad, "; ".join(bad))
