"""`layout import` of the form that houses have had since May 2026: DeviceType in place of
ComponentAttributeClassId and Cacs, relay.actor.config 003, spaceheat.node.gt 302, data.channel.gt 003;
periods are in a second file.

Right: It is imported: the relay of the Krida board is taken over, the meter's channel is taken over or named as left
out, and the new file passes the check.
"""
from helper import *
src, out = os.path.join(HERE, "beech-devicetype.short.json"), os.path.join(WORK, "house.json")
r = subprocess.run([TIDEGATE, "layout", "import", src, "--output", out], capture_output=True, text=True, timeout=60)
print(r.returncode, (r.stdout + r.stderr)[-3000:])
if r.returncode: finish(False, "the whole file is refused: " + "; ".join(l.split(": ", 1)[-1] for l in r.stderr.strip().splitlines()[:3]))
text = open(out).read(); rc, said = check(out); bad = []
code = "\n".join(l for l in text.splitlines() if not l.lstrip().startswith("//"))
def taken(name): return '"%s"' % name in code
def named(name): return name in text + r.stderr
if rc: bad.append("the imported file does not pass the check: " + said.strip()[:200])
if '"kind": "relay"' not in code or not taken("vdc-relay"): bad.append("the relay is not taken over")
if not named("hp-odu-pwr"): bad.append("the meter's channel is neither taken over nor named as left out")
if "d1.demo.house.scada" not in code: bad.append("the gateway's alias is not taken over")
finish(not bad, "; ".join(bad))
