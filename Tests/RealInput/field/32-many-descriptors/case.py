"""A gateway begins with 1,100 descriptors open, so that all of its own are beyond 1023, where select(2) ends.

Right: It publishes and takes a command, as ever. (libmodbus itself cannot: a bus says so.)
"""
from helper import *
mq = free_port(); mosquitto(mq); s = Subscriber(mq)
crowded = """import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for _ in range(1100): os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
os.execv(sys.argv[1], sys.argv[1:])"""
g = gateway(fill("layout.json", MQTT=mq), prefix=(sys.executable, "-c", crowded))
if not until(lambda: s.last("readings/host-load-1"), 15): finish(False, "no reading: " + g.text()[-600:])
low = [d for d in os.listdir(f"/proc/{g.p.pid}/fd") if int(d) < 1024 and os.readlink(f"/proc/{g.p.pid}/fd/{d}").startswith("socket:")]
s.publish("tidegate/d1.case.scada/set/pump", "on")
answer = until(lambda: s.last("answer/pump"), 5)
print("sockets below 1024:", low, "answer:", answer)
finish(not low and bool(answer) and answer["outcome"] == "confirmed", f"the command was answered {answer}")
