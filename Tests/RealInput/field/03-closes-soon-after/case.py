"""A Modbus TCP device serves one request for each connection and hangs up 30 ms after its answer.

Right: A hang-up between requests is no fault: connect again and ask once more. Readings flow at their pace, no
fault comes and goes. (A "gap" of 60 ms does not help either: the hang-up is not looked for after the gap.)

Reported as: home-assistant/core#101982, #107230, #106103; influxdata/telegraf#8225
"""
from helper import *
a, b, mq = free_port(), free_port(), free_port()
m = Map(); m.put(0, [321]); m.put(100, [2301])
class Late(Modbus):
    def serve(self, c):                           # serves one request, then hangs up 30 ms after its answer
        try:
            f = c.makefile("rb"); h = f.read(7)
            if len(h) == 7:
                tid, _, length, unit = struct.unpack(">HHHB", h); pdu = f.read(length - 1); addr, count = struct.unpack(">HH", pdu[1:5])
                self.requests.append((time.monotonic(), unit, pdu[0], addr, count)); w = self.answer(unit, pdu[0], addr, count)
                r = bytes([pdu[0], 2 * len(w)]) + b"".join(struct.pack(">H", x) for x in w)
                c.sendall(struct.pack(">HHHB", tid, 0, len(r) + 1, unit) + r); time.sleep(0.03)
        except OSError: pass
        finally: c.close()
one = Late(a, m); two = Modbus(b, m)
mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, B=b, MQTT=mq)); time.sleep(20)
n = {c: sum(r["quality"] == "good" for r in s.json("readings/" + c)) for c in ("meter-power", "meter-volts")}
tr = [t for t in s.json("fault/") if t["node"] == "meter"]; print(n, "faults", len(tr), tr[:2], "requests", len(one.requests)); print(g.text()[-1200:])
bad = []
if min(n.values()) < 30: bad.append(f"readings in 20 s at two a second: {n}")
if len(tr) > 2: bad.append(f"fault told {len(tr)} times")
finish(not bad, "; ".join(bad))
