"""A retained message of 1 MiB from a stranger (long name, long list) is there when `watch` or `tap` starts; then
deep nesting, huge numbers, surrogates, NUL, double keys, escape sequences, extreme integers.

Right: Both go on, in less than 200 MB, and write no escape character of a stranger's to a pipe.
"""
# A retained message of 1 MiB on any gateway's topics, read by watch, tap and set.
from tg import *
need("prlimit")
v = Verdict()
d = workdir("02")
m, p = broker(d)
evil = b'{"' + b"a" * 500000 + b'":[' + b"1," * 250000 + b'1]}'
c = Client(p)
for t in ("status", "birth", "live/x", "faults", "control/x"): c.pub(f"tidegate/evil.gw/{t}", evil, retain=True)
time.sleep(2)
env = {"PATH": os.environ["PATH"], "HOME": d, "XDG_RUNTIME_DIR": d + "/run"}
for cmd in (["watch"], ["tap"]):
    f = open(f"{d}/{cmd[0]}.out", "wb")
    q = subprocess.Popen(["prlimit", "--as=3221225472", "--core=0", "--", TG] + cmd + ["--broker", f"mqtt://127.0.0.1:{p}"], stdout=f, stderr=f, env=env)
    procs.append(q); peak = 0
    for _ in range(80):
        time.sleep(0.1); peak = max(peak, rss(q.pid).get("VmHWM", 0))
        if q.poll() is not None: break
    v.note(f"{cmd}: rc={q.poll()} peak RSS {peak} kB")
    v.check(q.poll() is None and peak < 200000, f"tidegate {cmd[0]} survives a retained 1 MiB message of a stranger (rc {q.poll()}, peak {peak // 1024} MiB)")
    if q.poll() is None: q.terminate(); q.wait(10)
# other hostile texts, none of them huge
c2 = Client(p)
for t in ("status", "birth", "live/x", "faults", "control/x"): c2.pub(f"tidegate/evil.gw/{t}", b"", retain=True)
texts = {"deep": b"[" * 100000, "bignum": b'{"state":' + b"9" * 100000 + b'}', "surrogate": b'{"state":"\\ud800"}', "nul": b'{"state":"\\u0000online","interval":1e30}',
  "dup": b'{"state":"online","state":"offline"}', "esc": b'{"state":"online\\u001b[2J\\u001b]0;owned\\u0007","incarnation":"\\u001b[31mX","at":"2026-11-30T00:00:00Z","sequence":1,"interval":10,"links":[{"name":"\\u001b[2Jevil","state":"failed","cause":"\\u001b]52;c;b3duZWQ=\\u0007"}],"queues":[]}',
  "live": b'{"channel":"x\\u001b[2J","node":"\\u001b[2Jy","value":1,"steps":1,"exponent":0,"unit":"onOff","time":1,"iso":"1970-01-01T00:00:00Z","quality":"good"}',
  "exp": b'{"channel":"x","node":"x","value":1e30,"steps":9223372036854775807,"exponent":-2147483648,"unit":"watt","time":-9223372036854775808,"iso":"x","quality":"good"}',
  "exp2": b'{"channel":"x","node":"x","value":1,"steps":-9223372036854775808,"exponent":9,"unit":"watt","time":9223372036854775807,"iso":"2026-11-30T00:00:00Z","quality":"good"}',
  "interval": b'{"state":"online","incarnation":"a","at":"2026-11-30T00:00:00Z","sequence":9223372036854775807,"interval":9223372036854775807,"links":[],"queues":[]}',
  "interval0": b'{"state":"online","incarnation":"a","at":"2026-11-30T00:00:00Z","sequence":-1,"interval":-9223372036854775808,"links":[],"queues":[]}'}
qs = {}
for cmd in ("watch", "tap"):
    f = open(f"{d}/{cmd}2.out", "wb")
    qs[cmd] = subprocess.Popen([TG, cmd, "--broker", f"mqtt://127.0.0.1:{p}"], stdout=f, stderr=f, env=env); procs.append(qs[cmd])
time.sleep(1)
for n, t in texts.items():
    for topic in ("status", "birth", "live/x", "faults", "control/x"):
        c2.pub(f"tidegate/evil.gw/{topic}", t, retain=False); time.sleep(0.02)
    for weird in ("tidegate/evil\x1b[2J/status", "tidegate//status", "tidegate/a/b/c/d", "tidegate/" + "x" * 60000 + "/status"):
        try: c2.pub(weird, t); time.sleep(0.05)
        except OSError: pass
        if not c2.open: c2 = Client(p)
    time.sleep(0.1)
    for cmd, q in qs.items():
        if q.poll() is not None: v.check(False, f"{cmd} ended with {q.poll()} after {n}")
time.sleep(1)
for cmd, q in qs.items():
    v.check(q.poll() is None, f"{cmd} goes on after all hostile texts")
    if q.poll() is None: q.terminate(); q.wait(10)
    out = open(f"{d}/{cmd}2.out", "rb").read()
    v.check(b"\x1b" not in out, f"{cmd} writes no escape character of a stranger's to a pipe")
v.end()
