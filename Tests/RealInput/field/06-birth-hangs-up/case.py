"""The broker hangs up (DISCONNECT 0x95) at any message above 600 bytes, without having announced a limit. The
birth is larger.

Right: After a few tries the birth is dead-lettered and named; readings, which are small, flow. No endless loop of
connects.

Reported as: zigbee2mqtt#13030; mqttjs/MQTT.js#768; eclipse-paho/paho.mqtt.python#760; emqx/emqx#368 (AWS hangs up at what
it does not like)
"""
from helper import *
mq = free_port()
# a broker with a quiet limit: it hangs up at any message above 600 bytes (it announces no limit), as cloud brokers do at 128 KB
dropped = []
def hook(k, e):
    if k == "publish" and e["size"] > 600:
        dropped.append(e["topic"])
        try: e["conn"].sendall(bytes([0xE0, 2, 0x95, 0]))     # DISCONNECT, packet too large
        except OSError: pass
        return "drop"
b = Broker(mq, b"", hook)
g = gateway(fill("layout.json", MQTT=mq, MORE=''))
ok = until(lambda: sum(e["kind"] == "publish" and "/readings/" in e["topic"] for e in b.events) > 20, 60)
import collections
print("connects", b.count("connect"), "dropped", collections.Counter(t.split("/")[-1] for t in dropped), "readings", sum(e["kind"] == "publish" and "/readings/" in e["topic"] for e in b.events)); print(g.text()[-2000:])
t = g.text(); told = "large" in t or "size" in t
finish(bool(ok), "readings of 300 bytes never arrive because the birth is too large" + ("" if told else "; nobody says that a message is too large"))
