"""The broker's name has an IPv6 and an IPv4 address, and only one of the two listens.

Right: All addresses of the name are tried, as mosquitto_pub, paho and the gateway's own Modbus TCP do.

Reported as: eclipse-mosquitto/mosquitto#574, #686; eclipse-paho/paho.mqtt.c#1030
"""
from helper import *
need("openssl")
need("mounts")
os.chmod(WORK, 0o755)
def ssl(*a): subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=WORK)
ssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/CN=broker.case.test", "-addext", "subjectAltName=DNS:broker.case.test")
os.chmod(WORK + "/ca.key", 0o644)
bad = []
for what, hosts, where in (("v6 dead, v4 lives", "::1 broker.case.test\n127.0.0.9 broker.case.test\n", "127.0.0.9"), ("v4 dead, v6 lives", "127.0.0.9 broker.case.test\n::1 broker.case.test\n", "::1")):
    for tls in (False,):
        n = f"{'tls' if tls else 'plain'}-{where.replace(':', 'x')}"
        mq = free_port(); h = os.path.join(WORK, "hosts-" + n); open(h, "w").write("127.0.0.1 localhost\n" + hosts)
        mosquitto(mq, f"certfile {WORK}/ca.pem\nkeyfile {WORK}/ca.key" if tls else "", name="m-" + n, listener=where)
        lay = fill("layout.json", SCHEME="mqtts" if tls else "mqtt", MQTT=mq, MORE=f', "tls": {{"ca": "{WORK}/ca.pem"}}' if tls else "")
        g = gateway(lay, state="s-" + n, env={"XDG_RUNTIME_DIR": WORK + "/r-" + n}, prefix=["unshare", "-m", "sh", "-c", f'mount --bind {h} /etc/hosts && exec "$0" "$@"'])
        t = time.monotonic(); ok = until(lambda: "link.subscribed" in g.text(), 25); print(what, "TLS" if tls else "plain", "connected after %.1f s" % (time.monotonic() - t) if ok else "NOT connected: " + g.text()[-300:])
        if not ok: bad.append(f"{what}, {'TLS' if tls else 'plain'}: not connected in 25 s")
        g.stop()
finish(not bad, "; ".join(bad))
