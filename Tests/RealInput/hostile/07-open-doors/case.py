"""Modes of run file, state directory, journal and keys at umask 000, 022 and 077; passwords in argv, environ,
log; the run folder below the temporary folder taken first by another user or by a link.

Right: Secrets and history are for this user alone; no password shows anywhere; nothing is written where a link
leads.
"""
# What listens, who may read what: run file, state directory, journal, broker folder, argv, environ, logs, --explain-settings, core dumps, symlinks.
from tg import *
need("nobody", "setpriv", "ss")
import stat as S, re
v = Verdict()
NOBODY = 65534
def mode(p): return oct(os.lstat(p).st_mode & 0o7777)
def as_nobody(*cmd): return subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *cmd], capture_output=True, text=True)
def listening(pid):
    kids = [pid] + [int(x) for x in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    for t in os.listdir(f"/proc/{pid}/task"): kids += [int(x) for x in open(f"/proc/{pid}/task/{t}/children").read().split()]
    out = subprocess.run(["ss", "-H", "-ltnupx"], capture_output=True, text=True).stdout
    return sorted({l.split()[4] + "|" + re.search(r'"([^"]+)"', l).group(1) for l in out.splitlines() if any(f"pid={k}," in l for k in kids) and ("LISTEN" in l or "UNCONN" in l)})
for um in (0o000, 0o022, 0o077):
    name = "07-%03o" % um; p = port(); d = workdir(name)
    open(d + "/secret", "w").write("hunter2-verysecret\n"); os.chmod(d + "/secret", 0o600)
    m, bp = broker(d)
    lay = {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": "embedded"}, {"name": "far", "broker": f"mqtt://127.0.0.1:{bp}", "user": "u", "password": {"file": d + "/secret"}}],
       "peers": {"listen": f"127.0.0.1:{p}", "rights": ["read"], "tls": True}}
    g = Gateway(name, lay, d=d, start=False, umask=um, log_level="trace")
    # the state directory is the program's to make
    os.rmdir(g.state)
    k = subprocess.run([TG, "peer", "keygen", "--state-directory", g.state], capture_output=True, text=True, env=g.env, umask=um)
    g.start(); g.wait_port(p); g.wait_log("link.subscribed"); time.sleep(1)
    v.note(f"umask {um:03o}: listening {listening(g.pid)}")
    for root, ds, fs in os.walk(d):
        for f in ds + fs:
            q = os.path.join(root, f)
            if "/state" in q or "/run" in q: v.note(f"  {mode(q)} {q[len(d):]}")
    for q in (g.state, d + "/run/tidegate"): v.check(os.lstat(q).st_mode & 0o077 == 0, f"umask {um:03o}: {q[len(d):]} is for this user alone ({mode(q)})")
    for f in ("peer-key.pem", "journal.sqlite"):
        q = g.state + "/" + f
        v.check(os.path.exists(q) and os.lstat(q).st_mode & 0o077 == 0, f"umask {um:03o}: {f} itself is for this user alone ({mode(q) if os.path.exists(q) else 'none'})")
    rf = g.run_file(); secrets = ["hunter2"] + [rf[k] for k in ("listenerPassword",) if k in rf]
    v.check(isinstance(rf.get("password"), (dict, type(None))), f"umask {um:03o}: the run file names where a password stands, and holds none")
    v.check(mode(d + "/run/tidegate/d1.a.scada.json") == "0o600", f"umask {um:03o}: the run file is 0600")
    every = [g.pid] + [int(x) for t in os.listdir(f"/proc/{g.pid}/task") for x in open(f"/proc/{g.pid}/task/{t}/children").read().split()]
    for q in every:
        for what in ("cmdline", "environ"):
            b = open(f"/proc/{q}/{what}", "rb").read()
            v.check(all(x.encode() not in b for x in secrets), f"umask {um:03o}: no password in {what} of {q}")
    v.check(all(x not in g.log() for x in secrets), f"umask {um:03o}: no password in the log at level trace")
    e = subprocess.run([TG, "run", g.layout, "--explain-settings", "--state-directory", g.state], capture_output=True, text=True, env=dict(g.env, TIDEGATE_PASSWORD="hunter3"))
    v.check("hunter" not in e.stdout + e.stderr, "--explain-settings shows no secret")
    path = rf["broker"].removeprefix("mqtt+unix://")
    v.check(path != rf["broker"] and os.path.exists(path), "the embedded broker is on a socket")
    r = as_nobody("python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).connect({path!r})"); v.check(r.returncode != 0, "another user does not come to it")
    r = as_nobody("cat", d + "/run/tidegate/d1.a.scada.json"); v.check(r.returncode != 0, "another user cannot read the run file")
    lim = open(f"/proc/{g.pid}/limits").read(); core = re.search(r"Max core file size\s+(\S+)", lim).group(1)
    dump = open(f"/proc/{g.pid}/coredump_filter").read().strip()
    v.note(f"core limit {core}, filter {dump}; dumpable: {mode(f'/proc/{g.pid}/environ')} owner {os.stat(f'/proc/{g.pid}/environ').st_uid}")
    rc = g.stop(); v.check(rc == 0, f"stops with {rc}")
    v.check(not os.path.exists(d + "/run/tidegate/d1.a.scada.json"), "the run file goes with the gateway"); m.kill()
# symlinks, as a user without XDG_RUNTIME_DIR: /tmp/tidegate-65534 made by somebody else
def try_link(what, prepare, expect):
    shutil.rmtree("/tmp/tidegate-65534", ignore_errors=True)
    try: os.unlink("/tmp/tidegate-65534")
    except OSError: pass
    d = workdir("07-link"); os.chmod(d, 0o777)
    prepare(d)
    lay = {"gateway": "d1.a.scada", "nodes": [relay("pump")], "upstreams": [{"name": "house", "broker": "embedded"}]}
    open(d + "/l.json", "w").write(json.dumps(lay)); os.makedirs(d + "/st"); os.chown(d + "/st", NOBODY, NOBODY); os.chmod(d + "/st", 0o700)
    q = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", TG, "run", d + "/l.json", "--state-directory", d + "/st"], env={"PATH": os.environ["PATH"], "HOME": d}, stdout=open(d + "/log", "wb"), stderr=subprocess.STDOUT)
    procs.append(q); time.sleep(2.5); alive = q.poll() is None
    where = subprocess.run(["find", "/tmp/tidegate-65534", d + "/trap", "-ls"], capture_output=True, text=True).stdout
    v.note(f"{what}: alive={alive} rc={q.poll()} {[l for l in open(d + '/log').read().splitlines() if 'tidegate-' in l or 'folder' in l][:2]}"); print(where)
    leaked = [f for f in (os.listdir(d + "/trap") if os.path.isdir(d + "/trap") else [])]
    v.check(not leaked, f"{what}: nothing is written where the link leads ({leaked})")
    if alive: q.terminate(); q.wait(10)
    shutil.rmtree("/tmp/tidegate-65534", ignore_errors=True)
    try: os.unlink("/tmp/tidegate-65534")
    except OSError: pass
def link(d): os.makedirs(d + "/trap"); os.chmod(d + "/trap", 0o777); os.symlink(d + "/trap", "/tmp/tidegate-65534")
def foreign(d): os.makedirs("/tmp/tidegate-65534"); os.chown("/tmp/tidegate-65534", 1234, 1234); os.chmod("/tmp/tidegate-65534", 0o777)
def filelink(d):
    os.makedirs(d + "/trap"); os.chmod(d + "/trap", 0o777); os.makedirs("/tmp/tidegate-65534"); os.chown("/tmp/tidegate-65534", NOBODY, NOBODY); os.chmod("/tmp/tidegate-65534", 0o700)
    for n in ("d1.a.scada.json", "d1.a.scada.json.new"): os.symlink(d + "/trap/" + n, "/tmp/tidegate-65534/" + n)
try_link("the folder is a link", link, 0); try_link("the folder is another user's", foreign, 0); try_link("links inside", filelink, 0)
v.end()
