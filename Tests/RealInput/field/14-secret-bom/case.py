"""A password file saved by a Windows editor: byte order mark and CRLF.

Right: The mark is no part of the secret, or the file is
refused with that reason.

Reported as: hivemq/mqtt-cli#136; getwud/wud#318; hassio-xfinity-usage#35; getpaseo/paseo PR#4695
"""
from helper import *
import subprocess
bad = []
word = 'gr\u00fcn #1 %40:/@"\\$ \u20ac {x}'           # umlaut, hash, per cent, colon, slash, at, quotes, backslash, euro
user = "haus-m\u00fcller@example"
need("mosquitto_passwd"); mp = tool("mosquitto_passwd")
pw = os.path.join(WORK, "passwd"); r = subprocess.run([mp, "-b", "-c", pw, user, word], capture_output=True, text=True)
os.chmod(pw, 0o644)
print(r.stderr)
mq = free_port(); m = mosquitto(mq, f"password_file {pw}\nuser root" if os.geteuid() == 0 else f"password_file {pw}", anonymous=False)
for name, data in (("plain", word.encode()), ("bom crlf", b"\xef\xbb\xbf" + word.encode() + b"\r\n")):
    f = os.path.join(WORK, "secret-" + name.replace(" ", "-")); open(f, "wb").write(data); os.chmod(f, 0o600)
    lay = fill("layout.json", MQTT=mq, USER=user, FILE=f)
    g = gateway(lay, state="s-" + name.replace(" ", "-"), env={"XDG_RUNTIME_DIR": WORK + "/r-" + name.replace(" ", "-")})
    ok = until(lambda: "link.connected" in g.text() and "not connected" not in g.text(), 5)
    print(f"{name}: {'logged in' if ok else g.text()[-300:]}")
    if not ok: bad.append(name + ": not logged in")
    if word in g.text(): bad.append("the secret is in the log")
    g.stop()
finish(not bad, "; ".join(bad))
