"""mosquitto with max_qos 0, retain_available false, max_inflight_messages 1, max_packet_size 500,
message_size_limit 400, no empty client ids, max_keepalive, session expiry.

Right: Readings flow, or the reason is told; no fast loop. (QoS 0 only and no retain: told and nothing flows.)

Reported as: aws/aws-iot-device-sdk-python-v2#113; aws/aws-iot-device-sdk-embedded-C#1747; letscontrolit/ESPEasy PR#925;
zigbee2mqtt#13030; OctoPrint/OctoPrint-MQTT#55
"""
from helper import *
bad = []
def one(opt, words):
    n = opt.replace(" ", "-"); mq = free_port(); m = mosquitto(mq, opt, name="m-" + n); s = Subscriber(mq)
    g = gateway(fill("layout.json", MQTT=mq, MORE=""), state="s-" + n, env={"XDG_RUNTIME_DIR": WORK + "/r-" + n}); time.sleep(9)
    r = len(s.json("readings/host-uptime")); w = [l.split("warning")[1].strip() for l in g.text().splitlines() if "warning" in l]; c = m.text().count("New client connected")
    print(f"{opt}: {r} readings, {c} connects, told {w[:3]}")
    if r < 10 and not any(x in " ".join(w) for x in words): bad.append(f"{opt}: no readings, and the reason is not told")
    if c > 12: bad.append(f"{opt}: {c} connects in 9 s")
    g.stop(); s.end(); m.stop()
one("max_qos 0", ("QoS",)); one("retain_available false", ("retain",)); one("max_inflight_messages 1", ()); one("max_packet_size 500", ()); one("message_size_limit 400", ()); one("allow_zero_length_clientid false", ()); one("max_keepalive 30", ()); one("persistent_client_expiration 1h", ())
finish(not bad, "; ".join(bad))
