"""1,000 half-open connections, slow hellos, partial frames of 1 MiB, unread answers and watches, 10,000
connections, a flood of questions.

Right: An honest peer is answered in 3 s, memory and descriptors stay bounded, polling goes on (largest gap below 1
s).
"""
# Direct link without TLS: half-open crowds, slow writers, readers that never read, 10,000 connections, memory and descriptors; does polling go on?
from tg import *
need("prlimit")
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000)) if resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 20000 else None
v = Verdict(); p = port()
g = Gateway("06", {"gateway": "d1.a.scada", "nodes": [relay("pump"), dict(sensor("t1"), channels=[{"source": "temperature", "pollPeriod": "100ms", "capturePeriod": "100ms"}])],
   "peers": {"listen": f"127.0.0.1:{p}", "rights": ["read"]}}, wrap=["prlimit", "--as=3221225472", "--core=0", "--"])
g.wait_port(p); time.sleep(1)
def exported():
    o = subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl", "--channel", "t1"], capture_output=True, env=g.env).stdout
    return [int(json.loads(l)["time"]) if str(json.loads(l)["time"]).isdigit() else __import__("datetime").datetime.fromisoformat(json.loads(l)["time"].replace("Z", "")[:26]).timestamp() * 1e9 for l in o.splitlines()]
def show(what):
    r = rss(g.pid); v.note(f"{what}: rss {r.get('VmRSS')} peak {r.get('VmHWM')} fds {r.get('fds')} threads {r.get('Threads')} cpu {r.get('cpu')}"); return r
def asks(what, limit=3):
    t = time.time(); e = None
    for _ in range(3):
        try: c = Chirp(p, timeout=5); c.ask('{"ask":"read","channel":"t1"}'); c.close(); return v.check(time.time() - t < limit, f"{what}: an honest peer is answered ({time.time() - t:.2f} s)")
        except Exception as x: e = x
    v.check(False, f"{what}: an honest peer is answered ({e!r})")
show("at rest")
# 1: 1000 half-open
socks = []
for i in range(1000):
    try: s = socket.create_connection(("127.0.0.1", p), 2); socks.append(s)
    except OSError: pass
asks("1,000 without hello"); r = show("1,000 half-open"); v.check(r["fds"] < 150, f"descriptors stay few ({r['fds']})")
for s in socks: s.close()
# 2: slow hello, one byte each
socks = []
for i in range(64):
    try: s = socket.create_connection(("127.0.0.1", p), 2); s.sendall(b"\0"); socks.append(s)
    except OSError: pass
for k in range(10):
    time.sleep(0.3)
    for s in socks:
        try: s.sendall(b"\0")
        except OSError: pass
asks("slow hellos"); [s.close() for s in socks]
# 3: with hello, all from one address: 32 places
socks = []
for i in range(40):
    try: socks.append(Chirp(p, timeout=2))
    except OSError: pass
asks("40 with hello from one address"); show("40 greeted")
# 4: partial frames: a length of 1 MiB, all but one byte: 32 connections hold 32 MiB
big = b"x" * (1 << 20)
for c in socks:
    try: c.s.setblocking(True); _, f = c.frame(big[:-100]); c.s.settimeout(2); c.s.sendall(f[:-1])
    except OSError: pass
time.sleep(1); r = show("32 frames of 1 MiB but for one byte"); v.check(r.get("VmRSS", 1 << 30) < 160_000, f"partial frames cost {r.get('VmRSS', 0) // 1024} MiB in all")
asks("partial frames"); [c.close() for c in socks]; time.sleep(1); show("after closing")
# 5: asks for status and never reads
socks = []
for i in range(30):
    try:
        c = Chirp(p, timeout=2); c.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for k in range(500):
            c.send('{"ask":"status"}', kind=0)
        socks.append(c)
    except OSError: socks.append(c)
time.sleep(2); r = show("30 that ask for 15,000 statuses and never read"); v.check(r.get("VmRSS", 1 << 30) < 200_000, f"unread answers cost {r.get('VmRSS', 0) // 1024} MiB"); asks("unread answers")
[c.close() for c in socks]
# 6: 4 watches on each of 30 connections that never read
socks = []
for i in range(30):
    try:
        c = Chirp(p, timeout=2)
        for k in range(4): c.send('{"ask":"watch"}', kind=0)
        socks.append(c)
    except OSError: pass
time.sleep(4); show("120 watches that nobody reads"); asks("unread watches"); [c.close() for c in socks]
# 7: 10,000 connections, one after the other in bursts of 500
t = time.time(); n = 0
for b in range(20):
    socks = []
    for i in range(500):
        try: s = socket.create_connection(("127.0.0.1", p), 2); s.sendall(b"\0\0" + os.urandom(16)); socks.append(s); n += 1
        except OSError: pass
    for s in socks: s.close()
v.note(f"{n} connections in {time.time() - t:.1f} s"); time.sleep(1); r = show("after 10,000 connections"); v.check(r["fds"] < 80, f"no descriptor leaks ({r['fds']})"); asks("after 10,000 connections")
# 8: question flood of one peer: starves the other?
stop = threading.Event()
def flood():
    try:
        c = Chirp(p, timeout=5)
        threading.Thread(target=lambda: [c.s.recv(65536) for _ in iter(lambda: not stop.is_set(), False)], daemon=True).start()
        while not stop.is_set():
            for _ in range(20): c.send('{"ask":"status"}', kind=0)
    except OSError: pass
ts = [threading.Thread(target=flood, daemon=True) for _ in range(4)]; [x.start() for x in ts]; time.sleep(3); asks("four peers that ask without end"); stop.set(); time.sleep(1); show("after the question flood")
v.check(g.alive(), "the gateway goes on")
times = exported(); gaps = [(b - a) / 1e6 for a, b in zip(times, times[1:])]
gaps.sort(); v.note(f"{len(times)} readings at 100 ms: median gap {gaps[len(gaps) // 2]:.0f} ms, 99% {gaps[int(len(gaps) * .99)]:.0f} ms, largest {gaps[-1]:.0f} ms")
v.check(gaps[-1] < 1000, f"polling goes on through all of it (largest gap {gaps[-1]:.0f} ms)")
v.note(f"log: {len(g.log().splitlines())} lines; last {g.log().splitlines()[-2:]}")
t = time.time(); rc = g.stop(); v.check(rc == 0, f"stops with {rc} after {time.time() - t:.1f} s")
v.end()
