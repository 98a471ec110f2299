"""DS18B20: 85 at power-on and out of the blue, -127, -0.062, wrong checksum, empty answer, pulled out.

Right: None of the nonsense is good; true frost is; back on the bus it is read again.

Reported as: esphome/issues#1409; espurna#99; letscontrolit/ESPEasy#1472; espressif/esp-bsp PR#733
"""
from helper import *
need("mounts")
bus = os.path.join(WORK, "bus"); dev = bus + "/w1/devices"; os.makedirs(dev); bad = []
def atomic(p, t): open(p + "~", "w").write(t); os.rename(p + "~", p)
def new(milli, sid="28-00000a1b2c3d"): os.makedirs(f"{dev}/{sid}", exist_ok=True); atomic(f"{dev}/{sid}/temperature", f"{milli}\n" if milli is not None else "")
def old(milli, crc="YES", sid="28-00000a1b2c3e"): os.makedirs(f"{dev}/{sid}", exist_ok=True); atomic(f"{dev}/{sid}/w1_slave", f"4b 46 7f ff 05 10 e1 00 17 : crc=17 {crc}\n4b 46 7f ff 05 10 e1 00 17 t={milli}\n")
new(85000); old(85000)                     # both at power-on
mq = free_port(); mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", MQTT=mq), prefix=["unshare", "-m", "sh", "-c", f'mount --bind {bus} /sys/bus && exec "$0" "$@"'])
def goods(c, t): return [r["value"] for r in s.json("live/" + c) if r.get("quality") == "good" and r["time"] > t]
time.sleep(3)
for c in ("new-kernel", "old-kernel"):
    if goods(c, 0): bad.append(f"{c}: 85 at power-on told as good")
new(21062); old(21062)
for c in ("new-kernel", "old-kernel"):
    if not until(lambda: 21.062 in goods(c, 0), 8): print(g.text(), s.json("live/" + c)[-1:]); finish(False, c + ": no reading")
def step(name, f, value, c, good):
    t = time.time_ns() + 300_000_000; f(value) if not isinstance(value, tuple) else f(*value); time.sleep(2.2); v = goods(c, t); print(name, v[-2:], (s.last("live/" + c) or {}).get("quality"))
    if good is None and v: bad.append(f"{name}: told as good: {v[-1]}")
    if good is not None and good not in v: bad.append(f"{name}: {good} is not told: {v[-2:]}")
step("just below zero", new, -62, "new-kernel", -0.062); step("frost, old file", old, -10625, "old-kernel", -10.625)
step("-127", new, -127000, "new-kernel", None); step("back", new, 20000, "new-kernel", 20.0)
step("checksum wrong", old, (55000, "NO"), "old-kernel", None); step("back, old", old, 19500, "old-kernel", 19.5)
step("empty answer", new, None, "new-kernel", None); step("back again", new, 22000, "new-kernel", 22.0)
step("85 out of the blue", new, 85000, "new-kernel", None); step("back from 85", new, 22500, "new-kernel", 22.5)
# solar water that truly passes 85
for m in range(70000, 84900, 1500): new(m); time.sleep(0.45)
new(84937); time.sleep(0.6); t = time.time_ns(); new(85000); time.sleep(1.2); v = goods("new-kernel", t + 250_000_000); print("truly 85:", v)
step("85.0625 after it", new, 85062, "new-kernel", 85.062)
print("a true 85 between its neighbours is", "told" if 85.0 in v else "not told")
# unplugged and back
shutil.rmtree(dev + "/28-00000a1b2c3e"); time.sleep(8); q = (s.last("live/old-kernel") or {}).get("quality"); print("pulled out:", q)
if q == "good": bad.append("pulled out: still good after 8 s")
old(18000)
if not until(lambda: 18.0 in goods("old-kernel", 0), 20): bad.append("back on the bus: not read again in 20 s")
print([(x["active"], x["node"], x["detail"]) for x in s.json("fault/")]); print(g.text()[-600:])
finish(not bad, "; ".join(bad))
