"""Names of broker and meter are unknown at first, then known, then lead elsewhere.

Right: Each name is looked up again.

Reported as: hivemq/hivemq-mqtt-client#668; OpenDTU#1296; eclipse-ditto/ditto#2108; letscontrolit/ESPEasy#381; eclipse-
paho/paho.mqtt.c#996
"""
from helper import *
# names come from a hosts file of its own: needs root (a mount namespace); without it the case is skipped
need("mounts")
mq, mb = free_port(), free_port()
hosts = os.path.join(WORK, "hosts")
def names(ip):
    with open(hosts, "r+" if os.path.exists(hosts) else "w") as f:
        f.truncate(0); f.write("127.0.0.1 localhost\n" + (f"{ip} broker.case.test\n{ip} meter.case.test\n" if ip else ""))
names(None)
def m(w): x = Map(); x.put(0, [w]); return x
b1 = mosquitto(mq, name="first", listener="127.0.0.2"); d1 = Modbus(mb, m(111), host="127.0.0.2")
s1 = Subscriber(mq, host="127.0.0.2")
g = gateway(fill("layout.json", MQTT=mq, MODBUS=mb), prefix=["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$0" "$@"'])
bad = []; time.sleep(3); print("name unknown at first:", [l for l in g.text().splitlines() if "warning" in l])
names("127.0.0.2")
if not until(lambda: (s1.last("live/meter") or {}).get("value") == 111, 40): print(g.text()); finish(False, "a name that was unknown at the start is never looked up again")
b1.kill(); d1.close(); names("127.0.0.3")
b2 = mosquitto(mq, name="second", listener="127.0.0.3"); Modbus(mb, m(222), host="127.0.0.3"); s2 = Subscriber(mq, host="127.0.0.3")
if not until(lambda: s2.json("readings/host-uptime"), 45): bad.append("the broker under its new address is not found in 45 s")
if not until(lambda: (s2.last("live/meter") or {}).get("value") == 222, 45): bad.append("the meter under its new address is not found in 45 s")
print(g.text()[-2500:])
finish(not bad, "; ".join(bad))
