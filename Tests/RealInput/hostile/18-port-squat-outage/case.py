"""Another user of the machine holds the direct link's port while the gateway is down.

Right: The gateway starts all the same, takes commands over MQTT, and tells the direct link as fault.
"""
# Another user of this machine keeps the gateway from ever starting by holding the direct link's port (2998 is free to anybody) after it went down.
# Expected: the house is run all the same, and the side door is told as fault.
from tg import *
need("root", "setpriv")
py = python_of_nobody(); v = Verdict(); p = port(); m, bp = broker(workdir("18b"))
lay = {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": f"mqtt://127.0.0.1:{bp}"}], "peers": {"listen": f"127.0.0.1:{p}"}}
q = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", py, "-c", f"import socket,time; s=socket.socket(); s.setsockopt(1,2,1); s.bind(('127.0.0.1',{p})); s.listen(); print('held',flush=True); time.sleep(60)"], stdout=subprocess.PIPE); procs.append(q); q.stdout.readline()
g = Gateway("18", lay); time.sleep(4)
v.check(g.alive(), f"the gateway starts although somebody holds its direct link's port (rc {g.p.poll()}: {[l[13:] for l in g.log().splitlines() if 'critical' in l]})")
c = Client(bp); c.sub("tidegate/d1.a.scada/answer/pump"); c.pub("tidegate/d1.a.scada/set/pump", "off"); a = c.wait(lambda x: True, 3)
v.check(a is not None and b"confirmed" in a[1], "and takes commands over MQTT"); g.stop(); v.end()
