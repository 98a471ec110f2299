"""A board without a clock boots in the past: the broker's certificate is not yet valid.

Right: The log says "not yet valid" and hints at the clock, and connects once the time is right.

Reported as: Tasmota PR#9757; Azure/iotedge#4062; Waziup/WaziGate#20; lf-edge/eve PR#1456
"""
from helper import *
need("openssl")
d = WORK; bad = []
os.chmod(WORK, 0o755)
def ssl(*a): subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=d)
ssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/CN=case CA")
open(d + "/ca.cnf", "w").write("[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n")
open(d + "/index.txt", "w"); open(d + "/serial", "w").write("01")
def make(name, start, end, san="DNS:localhost,IP:127.0.0.1"):
    ssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + san)
    ssl("ca", "-batch", "-config", "ca.cnf", "-in", name + ".csr", "-out", name + ".pem", "-startdate", start, "-enddate", end, "-notext")
    os.chmod(d + f"/{name}.key", 0o644)
make("good", "20200101000000Z", "20400101000000Z"); make("expired", "20200101000000Z", "20210101000000Z"); make("early", "20390101000000Z", "20400101000000Z"); make("other", "20200101000000Z", "20400101000000Z", "DNS:another.example")
def one(cert, words, works):
    mq = free_port(); mosquitto(mq, f"cafile {d}/ca.pem\ncertfile {d}/{cert}.pem\nkeyfile {d}/{cert}.key", name="m-" + cert)
    g = gateway(fill("layout.json", HOST="localhost", MQTT=mq, CA=d + "/ca.pem"), state="s-" + cert, env={"XDG_RUNTIME_DIR": d + "/r-" + cert}); time.sleep(8)
    t = g.text(); w = [l for l in t.splitlines() if "warning" in l or "error" in l]; print(cert, w)
    if works and "link.subscribed" not in t: bad.append(cert + ": not connected")
    if not works and "link.subscribed" in t: bad.append(cert + ": connected although the certificate is not good")
    if not works and not any(x in " ".join(w).lower() for x in words): bad.append(f"{cert}: the log does not say why: {w[:1]}")
    if len(w) > 3: bad.append(f"{cert}: told {len(w)} times")
    g.stop()
one("good", (), True); one("early", ("not yet valid", "clock", "not valid yet", "not valid before"), False)
finish(not bad, "; ".join(bad))
