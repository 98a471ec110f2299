"""A genuine GridWorks parent lives, hears and speaks (its own pings come), but its acknowledgements do not come
through for 60 s, with default periods.

Right: Nothing is set aside: attempts count only while the peer acknowledges other things. Afterwards all is
acknowledged.
"""
from helper import *
# A genuine parent that lives, hears and speaks (a ping every 3 s), but whose acknowledgements do not come through for 60 s; default
# periods (ackTimeout 5 s, 5 attempts).
peer = os.path.join(os.environ.get("TIDEGATE_SHARED") or os.path.join(HERE, "../../../../../shared"), "peers/gridworks")
if not os.path.exists(peer + "/run_parent.py"): skip("needs the genuine peer in ../shared")
py = subprocess.run([os.path.join(HERE, "../../gridworks.sh")], capture_output=True, text=True).stdout.strip()
if not py: skip("needs a Python with the GridWorks packages")
mq = free_port(); mosquitto(mq); bad = []
lay = fill("layout.json", MQTT=mq)
log = open(WORK + "/parent.jsonl", "w")
p = subprocess.Popen([py, peer + "/run_parent.py", "--port", str(mq), "--state-dir", WORK + "/parent", "--codec", "scada", "--parent-short", "ltn", "--parent-alias", "d1.case.house", "--child-alias", "d1.case.house.scada", "--ack-timeout", "5", "--link-poll", "3"],
    stdin=subprocess.PIPE, stdout=log, stderr=subprocess.DEVNULL, text=True)
atexit.register(lambda: p.poll() is None and (p.terminate(), p.wait(20)))
def say(c): p.stdin.write(json.dumps(c) + "\n"); p.stdin.flush()
def lines(kind): return sum('"ev": "%s"' % kind in l for l in open(WORK + "/parent.jsonl"))
time.sleep(3); g = gateway(lay)
if not until(lambda: lines("event") > 2, 20): print(g.text()); p.terminate(); finish(False, "no event at the parent")
time.sleep(6); say({"cmd": "drop_acks", "on": True}); time.sleep(60); n = lines("event"); say({"cmd": "drop_acks", "on": False}); time.sleep(15)
j = subprocess.run([TIDEGATE, "journal", lay, "--state-directory", WORK + "/state"], capture_output=True, text=True)
print(j.stdout[-900:], j.stderr[-300:]); print(g.text()[-1500:]); print("events at the parent while its acknowledgements were withheld:", n, "afterwards:", lines("event") - n)
aside = [l for l in g.text().splitlines() if "set aside" in l]
p.terminate(); p.wait(20)
finish(not aside, "good facts are set aside and never sent again, although the parent heard them: " + "; ".join(l.split("warning")[-1].strip() for l in aside[:2]))
