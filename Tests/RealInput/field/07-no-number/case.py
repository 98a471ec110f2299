"""Registers that hold no number: NaN, 0x7fbfff80, infinity, uint64 2^64-1, scale register 0x8000 or 300.

Right: Never a good value, never NaN in JSON, the other registers go on, all comes back. And somebody is told why the
channel is stale: fault or log names the channel.

Reported as: home-assistant/core#69656; evcc-io/evcc#3030; sunspec/pysunspec#74, #100; fronius_modbus#109; ha-pysmaplus#38
"""
from helper import *
import math
mb, mq = free_port(21000), free_port(21020)
m = Map()
def put(f32=b"\x42\xf6\xe9\x79", f64=1.5, u64=7, i64=5, sc=(1234, 0), sent=-17):
    m.put(0, [int.from_bytes(f32[:2], "big"), int.from_bytes(f32[2:], "big")])
    m.put(10, words("d", f64) if isinstance(f64, float) else f64); m.put(20, words("Q", u64)); m.put(30, words("q", i64))
    m.put(40, [sc[0] & 0xffff, sc[1] & 0xffff]); w = words("i", sent); m.put(50, [w[1], w[0]])
put(); m.put(60, [3])
Modbus(mb, m); mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", MODBUS=mb, MQTT=mq))
def good(): return all((s.last("live/inverter-" + c) or {}).get("quality") == "good" for c in ("f32", "f64", "u64", "i64", "scaled", "sentinel", "other"))
if not until(good, 15): print(g.text()); finish(False, "no good start: " + str({c: s.last("live/inverter-" + c) for c in ("f32","f64","u64","i64","scaled","sentinel","other")}))
first = s.last("live/inverter-f32"); print(first)
bad = []
if abs(first["value"] - 123.456) > 0.0006: bad.append("f32 decoded wrong")
ALL = ("f32", "f64", "u64", "i64", "scaled", "sentinel")
rounds = [
  ("first", dict(f32=b"\x7f\xc0\0\0", f64=float("inf"), u64=2**64 - 1, i64=2**63 - 1, sc=(-32768, -32768), sent=-2147483648)),
  ("second", dict(f32=b"\x7f\xbf\xff\x80", f64=float("nan"), u64=2**64 - 2, i64=-2**63, sc=(7, 300), sent=-2147483648)),
  ("third", dict(f32=b"\x7f\x7f\xff\xff", f64=1e308, u64=2**63, i64=2**62, sc=(32767, 32767), sent=-2147483648)),
]
for name, what in rounds:
    put(**what); time.sleep(0.6); at = time.time_ns(); time.sleep(8)
    for c in ALL:
        good_since = [r for r in s.json("/inverter-" + c) if r.get("quality") == "good" and r["time"] > at]
        q = s.last("live/inverter-" + c) or {}
        told = [x.get("detail") for x in s.json("fault/") if x.get("channel") == "inverter-" + c]
        print(f"{name}: {c}: now {q.get('quality')} value={q.get('value')} rejected={q.get('rejected')} told={told[-1:]}")
        if good_since: bad.append(f"{name}: {c} told as good: {good_since[-1]['value']}")
        if q.get("quality") == "good": bad.append(f"{name}: {c} still stands as good after 8 s")
        if not told and c not in g.text(): bad.append(f"{name}: {c}: nobody is told")
    o = s.last("live/inverter-other") or {}
    if o.get("quality") != "good" or time.time_ns() - o["time"] > 3_000_000_000: bad.append(f"{name}: the register beside it suffers: {o}")
    if not g.alive(): bad.append(f"{name}: the gateway died"); break
    put()
    if not until(good, 8): bad.append(f"{name}: does not come back: " + str({c: (s.last('live/inverter-' + c) or {}).get('quality') for c in ALL}))
for t, x, r, at in s.got:
    if "/live/" in t or "/readings/" in t:
        try: x and json.loads(x, parse_constant=lambda c: bad.append("constant " + c))
        except ValueError: bad.append("not JSON: " + x)
print(g.text()[-3000:])
finish(not bad, "; ".join(bad))
