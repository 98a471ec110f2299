"""Two gateways with the same alias (a cloned SD card) on one broker push each other out.

Right: The broker says so (reason 0x8E, session taken over); the log says in plain words that another client goes by
the same name. No fast loop.

Reported as: eclipse-mosquitto/mosquitto#631; mqttjs/MQTT.js#684; emqx/emqx#151; Orange-OpenSource/its-client#443;
mqtt_client#273; mqtt5_client#143
"""
from helper import *
mq = free_port()
m = mosquitto(mq)
lay = fill("layout.json", MQTT=mq, MORE="")
g1 = gateway(lay, state="one", env={"XDG_RUNTIME_DIR": WORK + "/r1"}); os.makedirs(WORK + "/r1", exist_ok=True); os.makedirs(WORK + "/r2", exist_ok=True)
time.sleep(3)
g2 = gateway(lay, state="two", env={"XDG_RUNTIME_DIR": WORK + "/r2"})
time.sleep(40)
b = m.text(); n = b.count("New client connected"); print("connects in 40 s:", n)
print([l for l in b.splitlines() if "already" in l][:2])
for g in (g1, g2): print(g.text()[-1800:]); print("-----")
bad = []
if n > 60: bad.append(f"{n} connects in 40 s")
words = ("same", "another", "twice", "taken over", "other gateway", "second")
if not any(any(w in l for w in words) for g in (g1, g2) for l in g.text().splitlines()): bad.append("neither log says that another client goes by the same name")
finish(not bad, "; ".join(bad))
