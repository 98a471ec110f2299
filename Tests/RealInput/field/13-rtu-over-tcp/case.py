"""A transparent serial server (RTU frames over TCP) behind "host".

Right: Either there is a setting for RTU over TCP, or the time-out of a host that never answered any frame hints at
it.

Reported as: influxdata/telegraf PR#9570; eModbus/eModbus#243; modbus#2
"""
from helper import *
def crc(b):
    c = 0xFFFF
    for x in b:
        c ^= x
        for _ in range(8): c = (c >> 1) ^ 0xA001 if c & 1 else c >> 1
    return struct.pack("<H", c)
a, mq = free_port(), free_port(); got = []
# a transparent serial server with an RTU meter behind it: knows no header, wants a CRC
def serve(c):
    try:
        while True:
            d = c.recv(300)
            if not d: return
            got.append(d)
            if len(d) >= 8 and crc(d[:-2]) == d[-2:]: r = bytes([d[0], d[1], 2, 1, 44]); c.sendall(r + crc(r))
    except OSError: pass
l = socket.socket(); l.bind(("127.0.0.1", a)); l.listen(5)
def loop():
    while True:
        c, _ = l.accept(); threading.Thread(target=serve, args=(c,), daemon=True).start()
threading.Thread(target=loop, daemon=True).start()
mosquitto(mq); s = Subscriber(mq)
g = gateway(fill("layout.json", A=a, MQTT=mq)); time.sleep(10)
print(got[:2], g.text()[-900:])
v = s.last("live/meter") or {}
finish(v.get("value") == 300 or "RTU" in g.text(), "a transparent serial server stays mute and nothing hints that it speaks RTU frames, for which there is no setting")
