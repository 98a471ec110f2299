"""The whole way: another user of the machine, without a password, fills the embedded broker with silent
connections until the gateway ends it, takes its port, gets the login and switches the pump.

Right: No password is handed over, no relay commanded.
"""
# The whole way: another user of this machine (nobody) holds 1,300 silent connections to the embedded broker (descriptor limit 1,024 here; with a higher
# one, CONNECTs of 50 MB before any login do it). The gateway's three questions go unanswered, it ends its broker, the port is free for 0.2 s, nobody takes
# it, gets user and password, and switches the pump. No privilege, no password, about 45 s.
from tg import *
need("root", "setpriv", "prlimit")
py = python_of_nobody(); v = Verdict(); here = os.path.dirname(os.path.abspath(__file__))
g = Gateway("17", {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": "embedded"}]}, wrap=["prlimit", "--nofile=1024:1024", "--core=0", "--"])
g.wait_log("takes commands"); rf = g.run_file(); port_ = int(rf["broker"].rsplit(":", 1)[1])
out = open(g.d + "/thief.out", "wb")
os.chmod(g.d, 0o755)
for f in (here + "/thief.py", LIB + "/tg.py", LIB + "/need.py"): shutil.copy(f, g.d)
t = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", py, g.d + "/thief.py", str(port_), g.d], stdout=out, stderr=out); procs.append(t)
t.wait(110); said = open(g.d + "/thief.out").read(); print(said)
v.note("gateway: " + " | ".join(l[13:] for l in g.log().splitlines()[-6:]))
v.check(rf["password"] not in said, "the password is not handed to whoever took the port")
v.check("PUMP IS ON" not in said and "COMMANDED" not in said, "another user who took the port commands no relay")
v.check(g.stop() == 0, "stops with 0"); v.end()
