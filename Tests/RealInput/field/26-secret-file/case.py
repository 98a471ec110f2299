"""A password with umlaut, hash, quotes, backslash and euro; the file with newline, CRLF, a second line; a user
with umlaut and @.

Right: Logged in with each; the secret is not in the log.

Reported as: hivemq/mqtt-cli#136; getwud/wud#318; rtl_433#3108, #1725; SBFspot/sbfspot-config#34
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
for name, data in (("plain", word.encode()), ("newline", word.encode() + b"\n"), ("crlf", word.encode() + b"\r\n"), ("two lines", word.encode() + b"\nnot this\n")):
    f = os.path.join(WORK, "secret-" + name.replace(" ", "-")); open(f, "wb").write(data); os.chmod(f, 0o600)
    lay = fill("layout.json", MQTT=mq, USER=user, FILE=f)
    g = gateway(lay, state="s-" + name.replace(" ", "-"), env={"XDG_RUNTIME_DIR": WORK + "/r-" + name.replace(" ", "-")})
    ok = until(lambda: "link.connected" in g.text() and "not connected" not in g.text(), 5)
    print(f"{name}: {'logged in' if ok else g.text()[-300:]}")
    if not ok: bad.append(name + ": not logged in")
    if word in g.text(): bad.append("the secret is in the log")
    g.stop()
finish(not bad, "; ".join(bad))
