"""The broker restarts and has forgotten what was retained.

Right: status, birth, live values, faults and authority are there again.

Reported as: ESPresense/ESPresense#457; home-assistant/core#59647; home-assistant/core#69466
"""
from helper import *
mq = free_port()
m = mosquitto(mq)                       # no persistence: a restart forgets what was retained
g = gateway(fill("layout.json", MQTT=mq, MORE=""))
s = Subscriber(mq)
if not until(lambda: s.json("readings/host-uptime"), 15): print(g.text()); finish(False, "no reading")
s.publish("tidegate/d1.case.scada/set/pump", "on"); until(lambda: s.last("answer/pump"), 5)
before = {t for t, x, r, a in s.got if "/readings/" not in t and "/answer" not in t and "/events" not in t and "/set/" not in t and "/fault/" not in t}
s.end(); m.stop(); time.sleep(3); mosquitto(mq, name="second")
time.sleep(15)
s2 = Subscriber(mq, client="later"); time.sleep(2)
after = {t for t, x, r, a in s2.got if r}
print("retained before", sorted(before)); print("retained after", sorted(after))
miss = {t for t in before if t not in after}
st = s2.last("/status"); print(st and st.get("state")); print(g.text()[-800:])
finish(not miss and st and st.get("state") == "online", "gone after the broker's restart: " + str(sorted(miss)))
