"""CONNACK, SUBACK, PUBACK, PUBLISH or DISCONNECT with a property that MQTT 5 does not know. libmosquitto 2.0.11
as Debian builds it ends the process by an assertion.

Right: The gateway, `watch`, `tap` and `set` go on, or end the connection and say why.
"""
# One byte: a CONNACK (or any other packet) with a property that MQTT 5 does not know. libmosquitto 2.0.11 logs it with a NULL client and
# asserts; the whole process goes, relays with it. Debian 12 builds with assertions.
from tg import *
need("prlimit")
v = Verdict(); UNK = b"\x7f\x00"
def connack(fb, s, h, b): s.sendall(packet(0x20, b"\0\0" + vint(2) + UNK)); return True
variants = {
  "CONNACK": dict(handler=lambda fb, s, h, b: h >> 4 == 1 and connack(fb, s, h, b)),
  "SUBACK": dict(handler=lambda fb, s, h, b: h >> 4 == 8 and (s.sendall(packet(0x90, b[:2] + vint(2) + UNK + b"\1")) or True)),
  "PUBACK": dict(handler=lambda fb, s, h, b: h >> 4 == 3 and bool(h & 6) and (s.sendall(packet(0x40, struct.pack(">H", parse_publish(h, b)[4]) + b"\0" + vint(2) + UNK)) or True)),
  "PUBLISH": dict(after_connect=lambda fb, s: (time.sleep(1), s.sendall(publish("tidegate/d1.a.scada/set/pump", "on", 0, props=UNK)))),
  "DISCONNECT": dict(after_connect=lambda fb, s: (time.sleep(1), s.sendall(packet(0xe0, b"\x8b" + vint(2) + UNK)))),
}
for n, k in variants.items():
    fb = FakeBroker(**k)
    g = Gateway("15-" + n, {"gateway": "d1.a.scada", "nodes": [relay("pump"), sensor("t1")], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{fb.port}"}]}, wrap=["prlimit", "--core=0", "--"])
    time.sleep(4); v.check(g.alive(), f"{n} with an unknown property: the gateway goes on (rc {g.p.poll()}: {g.log().splitlines()[-1][:110]})"); g.stop()
d = workdir("15c"); env = {"PATH": os.environ["PATH"], "HOME": d, "XDG_RUNTIME_DIR": d + "/run"}
for cmd in (["watch"], ["tap"], ["set", "pump", "on", "--gateway", "d1.a.scada"]):
    fb = FakeBroker(**variants["CONNACK"]); q = subprocess.Popen(["prlimit", "--core=0", "--", TG] + cmd + ["--broker", f"mqtt://127.0.0.1:{fb.port}"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); procs.append(q); time.sleep(2)
    v.check(q.poll() not in (-6, 134), f"tidegate {cmd[0]}: is not aborted (rc {q.poll()})"); q.poll() is None and q.kill()
v.end()
