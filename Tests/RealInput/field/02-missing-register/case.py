"""One register of the map is not there in this firmware: the device answers exception 2 for it.

Right: The registers that are answered are told. The missing one is named as fault and its channel alone is stale.

Reported as: ModbusScope/ModbusScope#71; stiebel_eltron_isg_component#599; home-assistant-saj-r5-modbus#235; eda-modbus-
bridge#100
"""
from helper import *
a, mq = free_port(), free_port()
m = Map(); m.put(0, [777]); m.put(100, [230])          # 500 is not there: exception 2
Modbus(a, m); mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, MQTT=mq))
time.sleep(12)
n = {c: sum(r["quality"] == "good" for r in s.json("readings/meter-" + c)) for c in ("power", "volts", "of-newer-firmware")}
print(n, s.json("fault/")); print(g.text()[-1200:])
finish(n["power"] > 10 and n["volts"] > 10, f"one register that the device does not have, and all others of the device are silent: {n}")
