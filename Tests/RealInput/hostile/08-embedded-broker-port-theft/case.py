"""The embedded broker dies, again and again, while another user of the machine takes its port, if it has one, and plays
broker.

Right: A session goes only to a broker that this gateway started and that lives: no password is handed over, no relay
is commanded.
"""
# The embedded broker dies (here by kill -9), again and again, while another user of the machine looks for a way in: its socket and folder, its TCP port where
# the layout opens one, the run file, arguments and environment. Without "listen" there is no port to take; with it, the gateway never goes there.
from tg import *
need("root", "setpriv", "mosquitto", "mosquitto_passwd", "ss")
py = python_of_nobody(); v = Verdict(); here = os.path.dirname(os.path.abspath(__file__))
def children(pid):
    return [int(x) for t in os.listdir(f"/proc/{pid}/task") for x in open(f"/proc/{pid}/task/{t}/children").read().split()]
def broker_of(pid, t=10):
    end = time.time() + t
    while time.time() < end:
        for k in children(pid):
            try:
                if "mosquitto" in open(f"/proc/{k}/comm").read(): return k
            except OSError: pass
        time.sleep(0.02)
def ports(pids):
    out = subprocess.run(["ss", "-H", "-ltnp"], capture_output=True, text=True).stdout
    return [l.split()[3] for l in out.splitlines() if any(f"pid={k}," in l for k in pids)]
def cli(g, *words): return subprocess.run([TG, *words], capture_output=True, text=True, env=g.env, timeout=20)
for name, listen in (("08-private", None), ("08-port", port())):
    upstream = {"name": "house", "broker": "embedded"}
    if listen: upstream["listen"] = f"127.0.0.1:{listen}"
    g = Gateway(name, {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [upstream]})
    v.check(g.wait_log("link.subscribed"), f"{name}: takes commands"); rf = g.run_file(); b = broker_of(g.pid)
    if not listen: v.check(not ports([g.pid, b]), f"{name}: nothing listens on a port ({ports([g.pid, b])})")
    out = open(g.d + "/thief.out", "wb"); os.chmod(g.d, 0o755)
    for f in (here + "/thief.py", LIB + "/tg.py", LIB + "/need.py"): shutil.copy(f, g.d)
    sock = rf["broker"][len("mqtt+unix://"):]
    t = subprocess.Popen(AS_NOBODY + [py, g.d + "/thief.py", str(listen or 0), g.d, sock, str(g.pid)], stdout=out, stderr=out); procs.append(t)
    time.sleep(1)
    for i in range(3):
        b = broker_of(g.pid); os.kill(b, signal.SIGKILL)
        end = time.time() + 15
        while time.time() < end and broker_of(g.pid) in (None, b): time.sleep(0.02)
        time.sleep(2)
    t.kill(); t.wait(10); said = open(g.d + "/thief.out").read(); print(said)
    v.note("gateway: " + " | ".join(l[13:] for l in g.log().splitlines()[-6:]))
    v.check("TRIED" in said, f"{name}: the thief was at work")
    for secret in filter(None, (rf.get("listenerPassword"), (g.run_file() or {}).get("listenerPassword"))):
        v.check(secret not in said and secret not in g.log(), f"{name}: no password is handed over or logged")
    v.check("LOGIN" not in said, f"{name}: nobody logs in at the thief's")
    v.check("READ" not in said and "INSIDE" not in said, f"{name}: the thief reads no file and comes to no socket")
    v.check("PUMP IS ON" not in said and "COMMANDED" not in said, f"{name}: another user commands no relay")
    r = cli(g, "set", "pump", "on"); v.check(r.returncode == 0, f"{name}: its own user commands it ({r.stdout}{r.stderr})")
    if listen:
        p1, p2 = rf["listenerPassword"], g.run_file()["listenerPassword"] if g.run_file().get("listenerPassword") else None
        v.check(p1 != p2, f"{name}: the port's password is another one after each start of the broker")
    v.check(g.stop() == 0, f"{name}: stops with 0")
v.end()
