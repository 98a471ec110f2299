"""Each acknowledgement says that nobody subscribes.

Right: No refusal; nothing is sent twice.

Reported as: emqx/emqx#13772; MQTT 5 reason 0x10
"""
from helper import *
mq = free_port()
b = Broker(mq, b"", lambda k, e: 0x10 if k == "publish" else None)       # no matching subscribers, which is no refusal
g = gateway(fill("layout.json", MQTT=mq, MORE='')); time.sleep(10); import collections
v = [(e["topic"], json.loads(e["text"]).get("time")) for e in b.events if e["kind"] == "publish" and "/readings/" in e["topic"]]
d = [k for k, n in collections.Counter(v).items() if n > 1]; print(len(v), "sent twice", len(d)); print(g.text()[-700:])
finish(len(v) > 20 and not d and "refuse" not in g.text(), "takes an acknowledgement without subscribers for a refusal")
