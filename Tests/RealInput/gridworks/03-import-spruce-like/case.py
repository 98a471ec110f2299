"""`layout import` of a house with a GW108 board in the form of March 2026: actor classes GpioSensor and
I2cThermistorReader, TelemetryName BinaryState, an eGauge beside them.

Right: What is unknown is left out and named, or better taken over (gpio-contact, gpio-relay and iio-adc can do all
of it); the eGauge's channel is taken over. Never the whole file.
"""
from helper import *
src, out = os.path.join(HERE, "spruce-like.json"), os.path.join(WORK, "house.json")
r = subprocess.run([TIDEGATE, "layout", "import", src, "--output", out], capture_output=True, text=True, timeout=60)
print(r.returncode, (r.stdout + r.stderr)[-3000:])
if r.returncode: finish(False, "the whole file is refused: " + "; ".join(l.split(": ", 1)[-1] for l in r.stderr.strip().splitlines()[:3]))
text = open(out).read(); rc, said = check(out); bad = []
code = "\n".join(l for l in text.splitlines() if not l.lstrip().startswith("//"))
def taken(name): return '"%s"' % name in code
def named(name): return name in text + r.stderr
if rc: bad.append("the imported file does not pass the check: " + said.strip()[:200])
if not taken("elt-pwr"): bad.append("the eGauge's channel, which is well known, is not taken over")
for n in ("vdc-relay", "zone1-attic-opto-input", "zone1-attic-gw-temp", "zone1-attic-gw-microvolts"):
    if not named(n): bad.append(n + " is neither taken over nor named as left out")
print("taken over:", [n for n in ("elt-pwr", "vdc-relay", "zone1-attic-opto-input", "zone1-attic-gw-temp", "zone1-attic-gw-microvolts") if taken(n)])
finish(not bad, "; ".join(bad))
