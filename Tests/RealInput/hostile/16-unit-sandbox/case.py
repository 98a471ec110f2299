"""The systemd unit: secrets of root's (0600) as the README names them, credentials, device classes, exposure.

Right: The unit hands secrets over (LoadCredential=) or says what must be readable; serial ports of RS485 HATs and
other boards are let through; exposure at most 2.5.
"""
# The systemd unit, offline: its exposure, which device classes it lets through, and whether a secret of root's (0600), as the README's own layout
# names it, can be read by the user that DynamicUser= makes (emulated here as nobody; no systemd runs on this machine).
from tg import *
need("nobody", "setpriv")
v = Verdict(); d = workdir("16"); os.chmod(d, 0o755)
for sub in ("st", "rr"): os.makedirs(f"{d}/{sub}"); os.chown(f"{d}/{sub}", 65534, 65534); os.chmod(f"{d}/{sub}", 0o700)
open(d + "/mqtt.key", "w").write("secret\n"); os.chmod(d + "/mqtt.key", 0o600)
def service(lay):
    open(d + "/l.json", "w").write(json.dumps(lay)); return subprocess.run([TG, "service", d + "/l.json"], capture_output=True, text=True).stdout
base = {"gateway": "d1.a.scada", "nodes": [relay("pump")]}
u = service(dict(base, upstreams=[{"name": "house", "broker": f"mqtt://127.0.0.1:{port()}", "user": "u", "password": {"credential": "mqtt.key"}}]))
v.check("LoadCredential" in u, "a layout with a credential has LoadCredential= (or at least a comment that says so) in its unit")
u = service(dict(base, upstreams=[{"name": "house", "broker": f"mqtt://127.0.0.1:{port()}", "user": "u", "password": {"file": d + "/mqtt.key"}}]))
v.check("mqtt.key" in u or "LoadCredential" in u, "a layout with a secret in a file has the unit hand that file over, or says that the service's user must be able to read it")
q = subprocess.run(["timeout", "5", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", TG, "run", d + "/l.json", "--state-directory", d + "/st", "--log-format", "text"], env={"PATH": os.environ["PATH"], "HOME": d, "XDG_RUNTIME_DIR": d + "/rr"}, capture_output=True, text=True)
v.check(q.returncode != 69, f"a 0600 secret of root's does not keep the service's user from starting (rc {q.returncode}: {[l for l in (q.stdout + q.stderr).splitlines() if 'critical' in l][:1]})")
for c in ("ttySC", "ttymxc", "ttyTHS", "ttyAML", "ttySTM", "ttyO"): v.check(f"char-{c} " in u, f"serial ports {c}* (RS485 HATs with SC16IS7xx, i.MX, Jetson, Amlogic, STM32, OMAP) are let through")
for c in ("gpiochip", "i2c", "spi", "ttyUSB", "ttyACM", "ttyAMA", "ttyS", "watchdog"): v.check(f"char-{c} rw" in u, f"char-{c} is let through")
open(d + "/tidegate.service", "w").write(u)
s = tool("systemd-analyze") and subprocess.run([tool("systemd-analyze"), "security", "--offline=true", "--no-pager", d + "/tidegate.service"], capture_output=True, text=True).stdout.strip().splitlines(); v.note(s[-1] if s else "no systemd-analyze")
if s: v.check(float(s[-1].split(":")[1].split()[0]) <= 2.5, "exposure at most 2.5")
v.end()
