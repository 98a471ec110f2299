"""One question of 1 MiB on the direct link: a long member name with a long list below it; also flat lists, deep
lists, many members. Any user of the machine may ask.

Right: The gateway goes on; a question costs less than 64 MiB and 2 s. Rights and a small limit of size come before
the parsing.
"""
# One 1 MiB question to a gateway with "peers": {} : a long member name, then a long list. Each element
# of the list gets a path string of its own that begins with that name (JsonParser.elements).
from tg import *
need("prlimit")
v = Verdict()
variants = {
    # (name, bytes)
    "long-name-list": lambda n: b'{"' + b"a" * (n // 2) + b'":[' + b"1," * (n // 4) + b'1]}',
    "flat-list": lambda n: b"[" + b"1," * (n // 2 - 10) + b"1]",
    "deep-lists": lambda n: b"[" * 60 + b"1," * (n // 2 - 100) + b"1" + b"]" * 60,
    "many-members": lambda n: b"{" + b",".join(b'"%x":1' % i for i in range(n // 12)) + b"}",
    "list-of-empty-lists": lambda n: b"[" + b"[]," * (n // 3 - 10) + b"1]",
}
only = sys.argv[1:] or list(variants)
for name in only:
    p = port()
    g = Gateway("01-" + name, {"gateway": "d1.a.scada", "nodes": [relay("pump"), sensor("t1")], "peers": {"listen": f"127.0.0.1:{p}"}},
                wrap=["prlimit", "--as=3221225472", "--core=0", "--"])
    if not g.wait_port(p): v.check(False, "start " + g.log()); continue
    before = rss(g.pid)
    q = variants[name]((1 << 20) - 200)
    t = time.time(); answer = b""
    try:
        c = Chirp(p, timeout=60); answer = c.ask(q)
    except (EOFError, OSError) as e: answer = repr(e).encode()
    dt = time.time() - t
    time.sleep(0.5)
    a = rss(g.pid)
    peak = a.get("VmHWM", -1)
    v.note(f"{name}: question {len(q)} B, answered in {dt:.2f} s, RSS {before['VmRSS']} -> peak {peak} kB, alive={g.alive()}, rc={g.p.poll()}, answer={answer[:100]}")
    v.check(g.alive(), f"{name}: the gateway survives one question (prlimit --as=3G)")
    v.check(g.alive() and peak - before["VmRSS"] < 64 * 1024, f"{name}: one question of 1 MiB costs less than 64 MiB ({(peak - before['VmRSS']) // 1024} MiB)")
    v.check(dt < 2, f"{name}: answered in {dt:.2f} s")
    if not g.alive(): print(g.log()[-600:])
    g.stop()
v.end()
