"""An imported house, simulated, and a genuine GridWorks parent with the decoders of the cloud side.

Right: The parent decodes every message, and layout.lite has the identities, titles and things of the house that was
imported.
"""
from helper import *
peer = os.path.join(os.environ.get("TIDEGATE_SHARED") or os.path.join(HERE, "../../../../../shared"), "peers/gridworks")
if not os.path.exists(peer + "/run_parent.py"): skip("needs the genuine peer in ../shared")
py = subprocess.run([os.path.join(HERE, "../../gridworks.sh")], capture_output=True, text=True).stdout.strip()
if not py: skip("needs a Python with the GridWorks packages")
src, out = os.path.join(HERE, "../03-import-spruce-like/spruce-like.json"), os.path.join(WORK, "house.json")
subprocess.run([TIDEGATE, "layout", "import", src, "--output", out], capture_output=True, check=True, timeout=60)
mq = free_port(); mosquitto(mq); bad = []
text = open(out).read().replace("mqtt://127.0.0.1:1883", "mqtt://127.0.0.1:%d" % mq)
text = text.replace('"parent": "', '"reportPeriod": "5s", "snapshotPeriod": "3s", "parent": "', 1)
open(out, "w").write(text)
log = open(WORK + "/parent.jsonl", "w")
p = subprocess.Popen([py, peer + "/run_parent.py", "--port", str(mq), "--state-dir", WORK + "/parent", "--codec", "scada", "--parent-short", "ltn", "--parent-alias", "d1.demo.house", "--child-alias", "d1.demo.house.scada"],
    stdin=subprocess.PIPE, stdout=log, stderr=subprocess.DEVNULL, text=True)
atexit.register(lambda: p.poll() is None and (p.terminate(), p.wait(20)))
def heard(): return [json.loads(l) for l in open(WORK + "/parent.jsonl").read().split("\n")[:-1]]
def find(node, name):
    """The first object with a member of that name, wherever it is."""
    if isinstance(node, dict):
        if name in node: return node
        return next((f for f in (find(v, name) for v in node.values()) if f), None)
    return None
def reported(): return {c["ChannelName"] for b in heard() if b["ev"] == "event" for c in b["payload"].get("Report", {}).get("ChannelReadingList", [])}
def lite(): return next((f for f in (find(b, "DataChannels") for b in heard()) if f), None)
time.sleep(3)
g = Process([TIDEGATE, "run", out, "--simulate", "--real-upstreams", "--state-directory", WORK + "/state"], "gateway", env={"RUNTIME_DIRECTORY": WORK + "/run"})
house = json.load(open(src)); names = {c["Name"] for c in house["DataChannels"]}
until(lambda: reported() == names and lite(), 60)
said = heard(); wrong = [b for b in said if b["ev"] == "decode_error"]
print(sum(b["ev"] == "recv" for b in said), "messages decoded,", len(wrong), "refused;", len(reported()), "of", len(names), "channels reported")
if wrong: bad.append("refused: " + json.dumps(wrong[0])[:300])
if reported() != names: bad.append("never reported: " + ", ".join(sorted(names - reported())))
if not lite(): finish(False, "; ".join(bad + ["no layout.lite: " + g.text()[-300:]]))
there = {c["Name"]: c for c in house["DataChannels"]}
for c in lite()["DataChannels"]:
    for key in ("Id", "DisplayName", "AboutNodeName", "CapturedByNodeName"):
        if c[key] != there[c["Name"]][key]: bad.append("%s of %s is %s" % (key, c["Name"], c[key]))
nodes = {n["Name"]: n for n in house["ShNodes"]}
for n in lite()["ShNodes"]:
    if n["Name"] != "ltn" and n["ShNodeId"] != nodes.get(n["Name"], {}).get("ShNodeId"): bad.append("the identity of %s is made up" % n["Name"])
p.terminate(); p.wait(20)
finish(not bad, "; ".join(bad))
