"""200 random corruptions of the journal while the gateway is stopped: bits, pages, truncation, header, another
database, junk WAL, a folder, a dead link.

Right: It always starts, the relay obeys, new readings are kept, none is invented.
"""
# A journal truncated, bit-flipped, replaced while the gateway was stopped: N random corruptions. It must start, run the relays, salvage or dead-lettered, never invent readings.
from tg import *
N = int(os.environ.get("N", "200")); rnd = random.Random(int(os.environ.get("SEED", "11")))
v = Verdict(); pp = port()
lay = {"gateway": "d1.a.scada", "nodes": [relay("pump")] + [dict(sensor(f"t{i}", i=i + 1), channels=[{"source": "temperature", "pollPeriod": "20ms", "capturePeriod": "20ms"}]) for i in range(4)],
  "peers": {"listen": f"127.0.0.1:{pp}", "rights": ["read", "switch"]}}
g = Gateway("11", lay); g.wait_port(pp); time.sleep(3); g.stop()
good = g.d + "/good"; shutil.copytree(g.state, good)
exp = lambda: [json.loads(l) for l in subprocess.run([TG, "export", g.layout, "--state-directory", g.state, "--format", "jsonl"], capture_output=True, env=g.env).stdout.splitlines()]
times = {(r["channel"], r["nanoseconds"]) for r in exp()}; known = {json.dumps(r, sort_keys=True) for r in exp()}; last = max(r["iso"] if "iso" in r else str(r["time"]) for r in exp())
v.note(f"{len(known)} readings known, until {last}")
res = {}; bad = {}
def note(k, i, what): bad.setdefault(k, []).append((i, what))
for i in range(N):
    shutil.rmtree(g.state); shutil.copytree(good, g.state); f = g.state + "/journal.sqlite"; b = bytearray(open(f, "rb").read())
    how = rnd.choice(["bit", "bits", "zero page", "random page", "truncate", "truncate page", "empty", "text", "header", "other database", "swap pages", "wal junk", "directory", "fifo-less link", "unreadable schema"])
    if how == "bit": j = rnd.randrange(len(b)); b[j] ^= 1 << rnd.randrange(8)
    elif how == "bits":
        for _ in range(50): j = rnd.randrange(len(b)); b[j] ^= 1 << rnd.randrange(8)
    elif how == "zero page": j = rnd.randrange(len(b) // 4096) * 4096; b[j:j + 4096] = bytes(4096)
    elif how == "random page": j = rnd.randrange(len(b) // 4096) * 4096; b[j:j + 4096] = rnd.randbytes(4096)
    elif how == "truncate": b = b[:rnd.randrange(len(b))]
    elif how == "truncate page": b = b[:rnd.randrange(len(b) // 4096) * 4096]
    elif how == "empty": b = bytearray()
    elif how == "text": b = bytearray(b"not a database at all\n" * 500)
    elif how == "header":
        for _ in range(3): j = rnd.randrange(100); b[j] = rnd.randrange(256)
    elif how == "swap pages":
        x, y = [rnd.randrange(1, len(b) // 4096) * 4096 for _ in "xy"]; b[x:x + 4096], b[y:y + 4096] = b[y:y + 4096], b[x:x + 4096]
    elif how == "unreadable schema": b[100:200] = rnd.randbytes(100)
    os.unlink(f)
    if how == "directory": os.makedirs(f)
    elif how == "fifo-less link": os.symlink("/nonexistent/x", f)
    elif how == "other database":
        import sqlite3; c = sqlite3.connect(f); c.execute("create table facts(a,b)"); c.execute("insert into facts values('x','y')"); c.commit(); c.close()
    else:
        open(f, "wb").write(b)
        if how == "wal junk": open(f + "-wal", "wb").write(rnd.randbytes(8192)); open(f + "-shm", "wb").write(rnd.randbytes(32768))
    t = time.time(); g.start(); up = g.wait_port(pp, 6); k = how
    if not up: note("cannot start", i, f"{how}: rc {g.p.poll()} {g.log().splitlines()[-3:]}")
    else:
        try:
            a = Chirp(pp, timeout=3).ask('{"ask":"set","node":"pump","value":"on","id":"z"}')
            if b"confirmed" not in a: note("relay", i, f"{how}: {a[:100]}")
        except Exception as e: note("relay", i, f"{how}: {e!r} {g.log().splitlines()[-2:]}")
        time.sleep(0.35)
    rc = g.stop(6)
    if rc != 0 and up: note("stop", i, f"{how}: rc {rc}")
    if up:
        rows = exp(); alien = [r for r in rows if (r.get("iso") or str(r["time"])) <= last and json.dumps(r, sort_keys=True) not in known and not (r.get("unit") == "steps" and (r["channel"], r["nanoseconds"]) in times)]
        kept = sum(1 for r in rows if json.dumps(r, sort_keys=True) in known); new = [r for r in rows if (r.get("iso") or str(r["time"])) > last]
        far = [r for r in new if (r.get("iso") or "")[:4] not in ("2026", "2025", "")]
        if alien or far: note("invented", i, f"{how}: {(alien + far)[:1]}")
        if not new: note("nothing new kept", i, how)
        res.setdefault(how, []).append((kept * 100 // len(known), round(time.time() - t, 1)))
for h, x in sorted(res.items()): v.note(f"{h}: {len(x)} times; of the old readings kept {sorted(a for a, _ in x)[0]}..{sorted(a for a, _ in x)[-1]} %, median {sorted(a for a, _ in x)[len(x) // 2]} %")
for k in ("cannot start", "relay", "stop", "invented", "nothing new kept"): v.check(k not in bad, f"{k}: {len(bad.get(k, []))} of {N} {bad.get(k, [])[:4]}")
v.end()
