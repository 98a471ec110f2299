"""The whole way: another user of the machine, without a password, fills the embedded broker with silent connections
and tries every socket, file and argument to switch the pump.

Right: No password is handed over, no relay commanded, and the gateway goes on.
"""
# Another user of this machine (nobody) starves the embedded broker: 1,300 silent connections, packets of 50 MB before any login, floods of logins. Without
# "listen" there is nothing to connect to. With it the crowd has the port for itself, and the gateway's own link, its relay and its memory are not touched.
from tg import *
need("root", "setpriv", "prlimit", "mosquitto", "mosquitto_passwd")
py = python_of_nobody(); v = Verdict(); here = os.path.dirname(os.path.abspath(__file__))
def cli(g, *words):
    t = time.time()
    try: r = subprocess.run([TG, *words], capture_output=True, text=True, env=g.env, timeout=20)
    except subprocess.TimeoutExpired: return -1, "", 20
    return r.returncode, r.stdout + r.stderr, time.time() - t
def broker_of(pid):
    for t in os.listdir(f"/proc/{pid}/task"):
        for k in open(f"/proc/{pid}/task/{t}/children").read().split():
            if "mosquitto" in open(f"/proc/{k}/comm").read(): return int(k)
for limit in (1024, 64):
    p = port(); name = f"17-{limit}"
    g = Gateway(name, {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": "embedded", "listen": f"127.0.0.1:{p}"}]},
        wrap=["prlimit", f"--nofile={limit}:{limit}", "--core=0", "--"])
    v.check(g.wait_log("link.subscribed"), f"{name}: takes commands"); rf = g.run_file(); b = broker_of(g.pid)
    out = open(g.d + "/thief.out", "wb"); os.chmod(g.d, 0o755)
    for f in (here + "/thief.py", LIB + "/tg.py", LIB + "/need.py"): shutil.copy(f, g.d)
    t = subprocess.Popen(AS_NOBODY + [py, g.d + "/thief.py", str(p), g.d], stdout=out, stderr=out); procs.append(t)
    slowest = peak = 0; bad = []; cpu = rss(g.pid)["cpu"]; end = time.time() + 42; n = 0
    while time.time() < end:
        want = "on" if n % 2 == 0 else "off"; n += 1
        rc, text, took = cli(g, "set", "pump", want)
        slowest = max(slowest, took)
        if rc: bad.append(text)
        peak = max(peak, rss(b).get("VmRSS", 0)); time.sleep(1)
    t.kill(); t.wait(10); said = open(g.d + "/thief.out").read(); print(said)
    log = g.log(); v.note("gateway: " + " | ".join(l[13:] for l in log.splitlines()[-4:]))
    v.check("CROWD" in said, f"{name}: the crowd was there")
    v.check(not bad and n > 5, f"{name}: its own user commands the relay all the while ({n} times, {bad[:1]})")
    v.check(slowest < 5, f"{name}: each time within 5 s ({slowest:.1f})")
    v.check(broker_of(g.pid) == b and "died" not in log and "not connected" not in log, f"{name}: the broker and the gateway's link go on")
    v.check(peak < 100_000, f"{name}: the broker stays below 100 MB ({peak // 1000})")
    used = rss(g.pid)["cpu"] - cpu; v.check(used < 15, f"{name}: the gateway does not spin ({used:.1f} s of processor time in 42 s)")
    v.check(rf["listenerPassword"] not in said and "LOGIN" not in said, f"{name}: no password is handed over")
    v.check("PUMP IS ON" not in said and "COMMANDED" not in said, f"{name}: another user commands no relay")
    v.check(g.stop() == 0, f"{name}: stops with 0")
v.end()
