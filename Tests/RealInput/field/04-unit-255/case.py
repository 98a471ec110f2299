"""Devices on Modbus TCP that answer under unit 255 only (as the TCP guide recommends) or under unit 0.

Right: On a bus with host, units 0 to 255 are taken. On a serial bus 1 to 247.

Reported as: modbux#2; node-red-contrib-modbus#188; pymodbus-dev/pymodbus#2571; modbus-tcp-client#160; SCADA-LTS/Scada-
LTS#2515
"""
from helper import *
bad = []
for unit in (255, 0):
    mb, mq = free_port(), free_port()
    # a device on Modbus TCP that answers under one unit number only, as the TCP guide recommends (255) or as some inverters do (0)
    Modbus(mb, lambda u, f, a, c: [65036] * c if u == unit else None); mosquitto(mq, name=f"m{unit}"); s = Subscriber(mq)
    lay = fill("layout.json", MODBUS=mb, MQTT=mq, UNIT=unit); rc, out = check(lay); print(unit, rc, out.strip()[:300])
    g = gateway(lay, state=f"s{unit}")
    if not until(lambda: (s.last("readings/inverter") or {}).get("value") == -500, 8): bad.append(f"unit {unit} on TCP: {out.strip()[:160]}")
    g.stop()
finish(not bad, "; ".join(bad))
