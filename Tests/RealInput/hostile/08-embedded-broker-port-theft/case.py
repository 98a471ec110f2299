"""The embedded broker dies, another user of the machine binds its port and plays broker.

Right: A session goes only to a broker that this gateway started and that lives: no password is handed over, no relay
is commanded.
"""
# The embedded broker dies (here by kill -9). Its port is free for 0.2 s or
# more, and the gateway's session goes back to whoever holds it: it hands over user and password and takes commands from there.
from tg import *
need("root", "setpriv")
py = python_of_nobody(); v = Verdict(); here = os.path.dirname(os.path.abspath(__file__))
g = Gateway("08", {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": "embedded"}]})
g.wait_log("takes commands"); rf = g.run_file(); port_ = int(rf["broker"].rsplit(":", 1)[1])
out = open(g.d + "/thief.out", "wb")
os.chmod(g.d, 0o755)
for f in (here + "/thief.py", LIB + "/tg.py", LIB + "/need.py"): shutil.copy(f, g.d)
t = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", py, g.d + "/thief.py", str(port_), g.d], stdout=out, stderr=out); procs.append(t)
time.sleep(1)
kids = [int(x) for th in os.listdir(f"/proc/{g.pid}/task") for x in open(f"/proc/{g.pid}/task/{th}/children").read().split()]
b = [k for k in kids if "mosquitto" in open(f"/proc/{k}/comm").read()][0]
os.kill(b, signal.SIGKILL)
t.wait(45); said = open(g.d + "/thief.out").read(); print(said)
v.note("gateway: " + " | ".join(l[13:] for l in g.log().splitlines()[-6:]))
v.check(rf["password"] not in said, "the password is not handed to whoever took the port")
v.check("PUMP IS ON" not in said and "COMMANDED" not in said, "another user who took the port commands no relay")
v.check(g.stop() == 0, "stops with 0"); v.end()
