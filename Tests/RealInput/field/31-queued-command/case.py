"""A QoS 1 command is sent while the gateway is dead.

Right: It is not carried out at the next start.

Reported as: eclipse-mosquitto/mosquitto#1594; WildernessLabs/Meadow.Core PR#612
"""
from helper import *
mq = free_port(); m = mosquitto(mq, "max_queued_messages 1000"); s = Subscriber(mq); bad = []
lay = fill("layout.json", MQTT=mq, MORE="")
g = gateway(lay)
if not until(lambda: s.last("live/pump"), 10): print(g.text()); finish(False, "no reading")
def pub(text, qos=1):
    k = socket.create_connection(("127.0.0.1", mq)); k.sendall(packet(0x10, b"\0\4MQTT\4\2\0\0\0\6sender")); time.sleep(0.2)
    k.sendall(packet(0x32, b"\0" + bytes([len("tidegate/d1.case.scada/set/pump")]) + b"tidegate/d1.case.scada/set/pump\0\7" + text.encode())); time.sleep(0.3); k.close()
g.kill(); time.sleep(1); pub("on"); time.sleep(2); n = len(s.got)
g = gateway(lay); time.sleep(5)
v = s.last("live/pump"); print("after a kill and a start:", v and v.get("value"), s.json("answer/pump"))
if v and v.get("value"): bad.append("a command sent while the gateway was dead switched the pump on at the next start")
# the link breaks while the gateway lives on; a command comes meanwhile
m.kill(); time.sleep(1); s.end()
m = mosquitto(mq, "max_queued_messages 1000", name="second"); pub("on", 1) if False else None
s2 = Subscriber(mq); until(lambda: s2.last("live/pump"), 25)
pub("on"); ok = until(lambda: (s2.last("answer/pump") or {}).get("outcome") == "confirmed", 8)
print("fresh command:", s2.last("answer/pump"))
if not ok: bad.append("a fresh command after the link is back is not carried out")
finish(not bad, "; ".join(bad))
