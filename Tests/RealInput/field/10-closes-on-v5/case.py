"""A broker without MQTT 5 hangs up at the greeting, without an answer.

Right: Either MQTT 3.1.1 is tried, or the log says that the broker may not speak MQTT 5, since it hung up before any
answer. ("the broker closed the connection" for ever leaves the user in the dark.)

Reported as: gmqtt#45 (RabbitMQ); matterbridge-zigbee2mqtt#55; seen with Debian 12's rabbitmq-server 3.10
"""
from helper import *
mq = free_port()
# RabbitMQ before 3.13: hangs up at the MQTT 5 greeting without an answer
b = Broker(mq, hook=lambda k, e: "drop" if k == "connect" and e["level"] == 5 else None)
g = gateway(fill("layout.json", MQTT=mq, MORE=""))
until(lambda: b.count("connect") >= 2, 20); time.sleep(8)
t = g.text(); print(t[-1500:]); lv = [e["level"] for e in b.events if e["kind"] == "connect"]; print("levels tried", lv)
works = any(e["kind"] == "publish" and "/readings/" in e["topic"] for e in b.events)
finish(works or "MQTT 5" in t, "neither falls back nor says that MQTT 5 may be what the broker does not speak")
