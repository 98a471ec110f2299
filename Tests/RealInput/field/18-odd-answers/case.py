"""Answers in pieces, twice, with another unit, function, length or count, or HTTP.

Right: Never a wrong value; it comes back after each; whole answers in pieces are read.

Reported as: libmodbus PR#871; goburrow/modbus#54; pymodbus-dev/pymodbus#2762; node-modbus-serial#573
"""
from helper import *
a, mq = free_port(), free_port(); mode = ["plain"]; val = {0: 1111, 100: 222, 200: 33}
def serve(c):
    f = c.makefile("rb")
    try:
        while True:
            h = f.read(7)
            if len(h) < 7: return
            tid, _, length, unit = struct.unpack(">HHHB", h); pdu = f.read(length - 1); addr, count = struct.unpack(">HH", pdu[1:5])
            r = bytes([pdu[0], 2 * count]) + b"".join(struct.pack(">H", val[addr]) for _ in range(count)); u = unit
            md = mode[0]
            if md == "unit 0": u = 0
            if md == "unit 255": u = 255
            if md == "wrong function": r = bytes([3]) + r[1:]
            if md == "too few": r = bytes([pdu[0], 0])
            if md == "too many": r = bytes([pdu[0], 4]) + r[2:] + b"\x12\x34"
            if md == "other count byte": r = bytes([pdu[0], 9]) + r[2:]
            x = struct.pack(">HHHB", tid, 0, len(r) + 1, u) + r
            if md == "length off": x = struct.pack(">HHHB", tid, 0, len(r) + 4, u) + r
            if md == "protocol id": x = struct.pack(">HHHB", tid, 7, len(r) + 1, u) + r
            if md == "twice": x = x + x
            if md == "in pieces":
                for i in range(len(x)): c.sendall(x[i:i + 1]); time.sleep(0.012)
                continue
            if md == "http": x = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
            c.sendall(x)
    except (OSError, KeyError): pass
    finally: c.close()
l = socket.socket(); l.bind(("127.0.0.1", a)); l.listen(9)
def loop():
    while True:
        c, _ = l.accept(); c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); threading.Thread(target=serve, args=(c,), daemon=True).start()
threading.Thread(target=loop, daemon=True).start()
mosquitto(mq); s = Subscriber(mq); bad = []
g = gateway(fill("layout.json", A=a, MQTT=mq))
want = {"meter-power": 1111, "meter-volts": 222, "meter-amps": 33}
def fresh(t): return all(any(r["time"] > t and r["quality"] == "good" for r in s.json("live/" + c)) for c in want)
if not until(lambda: fresh(0), 15): print(g.text()); finish(False, "no reading")
for md, works in (("in pieces", True), ("twice", None), ("unit 0", None), ("unit 255", None), ("wrong function", False), ("too few", False), ("too many", False), ("other count byte", False), ("length off", False), ("protocol id", None), ("http", False)):
    n = len(g.text()); mode[0] = md; t = time.time_ns() + 500_000_000; time.sleep(3.2); ok = fresh(t); told = [x.split("warning")[1][:140] for x in g.text()[n:].splitlines() if "warning" in x]
    print(f"{md}: {'read' if ok else 'not read'} {told[:1]}")
    if works is True and not ok: bad.append(md + ": not read")
    if works is False and not ok and not told and "fault" not in g.text(): bad.append(md + ": nobody is told")
    if not g.alive(): bad.append(md + ": the gateway died"); break
    mode[0] = "plain"; t = time.time_ns()
    if not until(lambda: fresh(t), 20): bad.append(md + ": does not come back in 20 s")
wrong = [(c, r["value"]) for c, v in want.items() for r in s.json("live/" + c) + s.json("readings/" + c) if r.get("quality") == "good" and r["value"] != v]
if wrong: bad.append("wrong values told as good: " + str(wrong[:3]))
finish(not bad, "; ".join(bad))
