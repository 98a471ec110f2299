"""A broker on [::1] only.

Right: Connected.

Reported as: AtherEnergy/rumqtt PR#140; espressif/ESP8266_RTOS_SDK#325
"""
from helper import *
bad = []
mq = free_port(); mosquitto(mq, listener="::1")
for h in ("[::1]",):
    lay = fill("layout.json", HOST=h, MQTT=mq); rc, out = check(lay)
    g = gateway(lay, state="s" + h.strip("[]").replace(":", "x"), env={"XDG_RUNTIME_DIR": WORK + "/r" + h.strip("[]").replace(":", "x")})
    ok = until(lambda: "link.connected" in g.text() and "link.subscribed" in g.text(), 8); print(h, rc, out.strip()[:200], bool(ok))
    if not ok: bad.append(f"{h}: {out.strip()[:120]} {g.text()[-200:]}")
    g.stop()
finish(not bad, "; ".join(bad))
