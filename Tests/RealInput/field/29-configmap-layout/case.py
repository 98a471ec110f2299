"""The layout behind ..data, swapped as a kubelet does; the layout behind a link into another folder.

Right: Taken over by itself.

Reported as: configmap-reload#190; cfg4k#65; envoyproxy/envoy#3928; bluenviron/mediamtx PR#181; t2bot/matrix-media-repo#319
"""
from helper import *
src = open(os.path.join(HERE, "layout.json")).read()
conf = os.path.join(WORK, "etc"); os.makedirs(conf)
def version(n, name):
    d = os.path.join(conf, f"..2026_11_{n:02d}"); os.makedirs(d)
    open(os.path.join(d, "house.json"), "w").write(src.replace("@NAME@", name)); return os.path.basename(d)
# as a kubelet lays it out: house.json -> ..data/house.json, ..data -> ..2026_11_01
os.symlink(version(1, "pump-one"), os.path.join(conf, "..data"))
os.symlink("..data/house.json", os.path.join(conf, "house.json"))
# and as dotfile managers do: a link to a file in another folder
repo = os.path.join(WORK, "repo"); os.makedirs(repo); etc2 = os.path.join(WORK, "etc2"); os.makedirs(etc2)
open(repo + "/house.json", "w").write(src.replace("@NAME@", "link-one")); os.symlink(repo + "/house.json", etc2 + "/house.json")
g = gateway(conf + "/house.json", state="a"); h = gateway(etc2 + "/house.json", state="b", env={"XDG_RUNTIME_DIR": WORK + "/rb"})
time.sleep(3)
bad = []
for i in (2, 3):
    d = version(i, f"pump-{i}"); tmp = os.path.join(conf, "..data_tmp"); os.symlink(d, tmp); os.rename(tmp, os.path.join(conf, "..data"))
    shutil.rmtree(os.path.join(conf, f"..2026_11_{i-1:02d}"))
    if not until(lambda: f"pump-{i}" in g.text(), 15): bad.append(f"the swap of ..data to version {i} is not noticed in 15 s"); 
open(repo + "/new", "w").write(src.replace("@NAME@", "link-two")); os.rename(repo + "/new", repo + "/house.json")
if not until(lambda: "link-two" in h.text(), 15): bad.append("the file behind a link in another folder: not noticed in 15 s")
h.signal(signal.SIGHUP); 
if not until(lambda: "link-two" in h.text(), 5): bad.append("nor after SIGHUP")
g.signal(signal.SIGHUP); 
if not until(lambda: "pump-3" in g.text(), 5): bad.append("..data: nor after SIGHUP")
print(g.text()[-1500:]); print("----"); print(h.text()[-1500:])
finish(not bad, "; ".join(bad))
