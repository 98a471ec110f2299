"""gateway-home-assistant.py PEER VENV LENGTH: see gateway-home-assistant.sh."""
import datetime
import json
import os
import signal
import sys
import time

import helper
from helper import WORK, Map, Modbus, Subscriber, free_port, gateway, mosquitto, until
from home_assistant import HomeAssistant

peer, venv, length = sys.argv[1:4]
broker, meter_port, tank_port = free_port(), free_port(), free_port()
ALIAS = "d1.home.scada"
ID = f"tidegate/{ALIAS}/"
ROOT = f"tidegate/{ALIAS}/home-assistant"
failures = []


def check(is_good, what):
    print(("ok: " if is_good else "FAIL: ") + what, flush=True)
    if not is_good:
        failures.append(what)
    return is_good


# The hardware: a meter and a tank on Modbus TCP, relays that are simulated.
class Meter(Map):
    def __init__(self):
        super().__init__()
        self.energy(1_000_000)
        self.put(10, [1500])

    def energy(self, watt_hours):
        self.watt_hours = watt_hours
        self.put(0, helper.words("I", watt_hours))


meter_map, tank_map = Meter(), Map()
tank_map.put(0, [482])
meter, tank = Modbus(meter_port, meter_map), Modbus(tank_port, tank_map)


def register(name, address, kind, unit, **more):
    return {"name": name, "address": address, "type": kind, "unit": unit, "pollPeriod": "500ms", "capturePeriod": "1s", **more}


def relay(name, title):
    return {"name": name, "kind": "relay", "title": title, "safeState": "off",
            "component": {"driver": "gpio-relay", "line": f"sim/{name}", "simulated": True}}


def layout(nodes, alias=ALIAS, titles=None, wishes=()):
    """The layout of those nodes."""
    titles = {"pump": "Circulation pump", "valve": "Bypass valve", "fan": "Attic fan", "meter": "House meter",
              "tank": "Buffer tank", **(titles or {})}
    all_nodes = {name: relay(name, titles[name]) for name in ("pump", "valve", "fan")}
    all_nodes["meter"] = {"name": "meter", "kind": "meter", "title": titles["meter"], "component": {
        "driver": "modbus-meter", "bus": "meters", "unit": 1, "registers": [
            register("energy-import", 0, "uint32", "wattHour", counter=True), register("power-active", 10, "uint16", "watt")]}}
    all_nodes["tank"] = {"name": "tank", "kind": "sensor", "title": titles["tank"], "component": {
        "driver": "modbus-meter", "bus": "tanks", "unit": 1, "registers": [
            register("temperature", 0, "uint16", "celsius", exponent=-1, scale=0.1)]},
        "channels": [{"name": "tank", "source": "temperature", "pollPeriod": "500ms", "capturePeriod": "1s", "highest": 100}]}
    return {
        "gateway": alias,
        "buses": [{"name": "meters", "host": "127.0.0.1", "tcpPort": meter_port}]
        + ([{"name": "tanks", "host": "127.0.0.1", "tcpPort": tank_port}] if "tank" in nodes else []),
        "nodes": [all_nodes[name] for name in nodes],
        "interlocks": [{"atMostOne": ["pump", "valve"]}],
        "upstreams": [{"name": "home", "broker": f"mqtt://127.0.0.1:{broker}", "codec": "home-assistant", "keepAlive": "5s",
                       "homeAssistant": {"entities": list(wishes)}}],
    }


def write(nodes, name="layout.json", **more):
    path = os.path.join(WORK, name)
    open(path + ".new", "w", encoding="utf-8").write(json.dumps(layout(nodes, **more)))
    os.rename(path + ".new", path)
    return path


house = None
entities = {}


def start():
    global house
    house = gateway(os.path.join(WORK, "layout.json"))


def reload(nodes, **more):
    write(nodes, **more)
    house.signal(signal.SIGHUP)


def state(uid):
    """The state of an entity by our identity of it; None for one that is not there."""
    entity = entities.get(ID + uid)
    found = entity and home.state(entity)
    return found and found["state"]


def becomes(uid, value, seconds=10):
    return bool(until(lambda: state(uid) == value, seconds, 0.1))


STATES = ["state/pump", "state/valve", "state/meter-energy-import", "state/meter-power-active", "state/tank"]


def known(seconds=30):
    """Whether every state is known within so many seconds, and what was not."""
    def missing():
        return [uid for uid in STATES if state(uid) in (None, "unavailable", "unknown")]
    return bool(until(lambda: not missing(), seconds, 0.1)) or print("not known:", missing()) or False


def all_unavailable(seconds):
    return bool(until(lambda: all(state(uid) == "unavailable" for uid in STATES), seconds, 0.05))


def learn():
    global entities
    entities = home.entities()
    return entities


def retained(part):
    """What the broker keeps on topics that hold `part`."""
    reader = Subscriber(broker, ("#",), client="reader")
    time.sleep(0.5)
    reader.end()
    return [(topic, text) for topic, text, kept, _ in reader.got if kept and part in topic]


ALL = ["pump", "valve", "meter", "tank"]
write(ALL)
began = time.monotonic()

# Before anything else is there.
start()
time.sleep(1)
broker_process = mosquitto(broker)
watcher = Subscriber(broker, (ROOT + "/#", "homeassistant/#"))
check(bool(until(lambda: watcher.json("/meter/config"), 20)), "a gateway that was there before its broker announces itself")
home = HomeAssistant(peer, venv, os.path.join(WORK, "ha"), broker, free_port())
print(f"Home Assistant runs after {time.monotonic() - began:.0f} s", flush=True)

# Life.
check(bool(until(lambda: len(learn()) >= 11, 20)), f"Home Assistant, started later, finds {len(entities)} entities")
check(known(), "sensors, meters and switches are known")
check(state("state/tank") == "48.2" and state("state/meter-power-active") == "1500", "with the values of the devices")
check(entities.get(ID + "state/pump") == "switch.circulation_pump"
      and entities.get(ID + "state/meter-energy-import") == "sensor.house_meter_energy_import",
      f"under names of the layout: {entities.get(ID + 'state/pump')}, {entities.get(ID + 'state/meter-energy-import')}")
home.call("switch.turn_on", entities[ID + "state/pump"])
check(becomes("state/pump", "on"), "Home Assistant switches on, and the state follows")
home.call("switch.turn_off", entities[ID + "state/pump"])
check(becomes("state/pump", "off"), "and off")
devices = home.devices()
gateway_device = devices.get(f"tidegate/{ALIAS}", {})
check(set(devices) == {f"tidegate/{ALIAS}"} | {ID + name for name in ALL}
      and all(devices[ID + name]["via_device_id"] == gateway_device["id"] for name in ALL),
      "one device for the gateway and for each node, connected via the gateway")
check("(simulated)" in devices[ID + "pump"]["model"] and "(simulated)" not in devices[ID + "meter"]["model"]
      and home.state(entities[ID + "state/pump"])["attributes"].get("simulated") is True,
      "simulated devices say so, and no others")

# A refused command.
home.call("switch.turn_on", entities[ID + "state/pump"])
becomes("state/pump", "on")
said = len(watcher.got)
home.call("switch.turn_on", entities[ID + "state/valve"])
again = until(lambda: [x for t, x, _, _ in watcher.got[said:] if t == f"{ROOT}/state/valve"], 1, 0.02)
check(bool(again) and '"OFF"' in again[-1] and state("state/valve") == "off", "a refused command shows the old state within a second")
event = until(lambda: (home.state(entities.get(ID + "outcome/valve", "")) or {}).get("attributes", {}).get("detail"), 5)
check(bool(event) and "pump" in str(event), f"and says why: {event}")
home.call("switch.turn_off", entities[ID + "state/pump"])
becomes("state/pump", "off")

# A device that is unplugged, and one that shows nonsense.
since = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
meter.close()
check(becomes("state/meter-energy-import", "unavailable", 20) and state("state/tank") == "48.2"
      and state("state/pump") == "off", "a meter that is unplugged is unavailable, and it alone")
check(becomes("fault/meter", "on", 10), "its fault is on")
meter_map.energy(1_000_250)
meter = Modbus(meter_port, meter_map)
check(becomes("state/meter-energy-import", "1000250", 60), "plugged in again, it is known")
check(becomes("fault/meter", "off", 10), "and its fault is over")
tank_map.put(0, [65_000])
check(bool(until(lambda: state("state/tank") in ("unknown", "unavailable"), 10)), "a value that is no measurement is unknown, not a number")
tank_map.put(0, [483])
check(becomes("state/tank", "48.3"), "and a good one is known")
energy_states = home.history(entities[ID + "state/meter-energy-import"], since)
numbers = [float(s) for s in energy_states if s not in ("unknown", "unavailable")]
check(numbers == sorted(numbers) and 0 not in numbers, "meanwhile no total fell and none was 0")

# Reloads.
before = dict(entities)
reload(ALL + ["fan"], titles={"pump": "Heating pump"})
check(bool(until(lambda: ID + "state/fan" in learn(), 15)) and becomes("state/fan", "off"), "a node that a reload adds appears")
check(bool(until(lambda: home.devices()[ID + "pump"]["name"] == "Heating pump", 10)), "a new title is the device's new name")
check({u: e for u, e in entities.items() if not u.startswith(ID + "state/fan") and "fan" not in u} == before,
      "and every entity is the one that it was")
fan = entities.get(ID + "state/fan", "switch.attic_fan")
reload(ALL)
check(bool(until(lambda: home.state(fan) is None and not any("/fan" in u for u in learn()), 15)),
      "a node that a reload removes is gone, with its entities")
check(bool(until(lambda: not retained("/fan"), 12, 1)), "and so are its retained topics")

# Another program has announced the fan in its own way; it becomes the gateway's, with its history.
old = "homeassistant/switch/old-program/fan/config"
watcher.publish(old, json.dumps({
    "name": "Old fan", "unique_id": "old_fan", "state_topic": "old/fan", "command_topic": "old/fan/set",
    "device": {"identifiers": ["old"], "name": "Old program"}}), retain=True)
old_fan = until(lambda: home.entities().get("old_fan"), 10)
write(ALL + ["fan"], wishes=[{"channel": "fan", "uniqueId": "old_fan", "formerTopic": old}])
house.signal(signal.SIGTERM)
house.stop()
start()
check(bool(until(lambda: old_fan and (home.state(old_fan) or {}).get("state") == "off" and not retained(old), 15, 0.3)),
      f"an entity of another program, {old_fan}, goes on as the gateway's, and the old topic is empty")
home.call("switch.turn_on", old_fan)
check(bool(until(lambda: home.state(old_fan)["state"] == "on", 5)) and home.entities().get("old_fan") == old_fan,
      "and it switches the gateway's relay")
check(known(), "all others are known after that start")

# Stop; while it is off a node is removed and somebody commands.
began_stop = time.monotonic()
house.signal(signal.SIGTERM)
check(all_unavailable(2), f"SIGTERM: all unavailable within 2 s ({time.monotonic() - began_stop:.1f} s)")
house.stop()
home.call("switch.turn_on", entities[ID + "state/pump"])
tank_entity = entities[ID + "state/tank"]
STATES.remove("state/tank")
write(["pump", "valve", "meter"])
said = len(watcher.got)
start()
check(known(), "started again, all is known")
check(state("state/pump") == "off", "a command of meanwhile was not carried out")
check(bool(until(lambda: home.state(tank_entity) is None and ID + "state/tank" not in learn(), 10)),
      "a node that was removed while the gateway was off is gone")
check(bool(until(lambda: home.state(old_fan) is None and "old_fan" not in learn(), 10)), "and so is the one of another program")
check(bool(until(lambda: not retained("/tank"), 12, 1)), "and so are its retained topics")
check({u: e for u, e in before.items() if "/tank" not in u} == entities, "all other entities are the ones that they were")

# Home Assistant stops and starts.
home.restart()
check(known(), "Home Assistant restarted: all is known")
house.kill()
check(all_unavailable(12), "kill -9: all unavailable")
home.restart()
check(bool(until(lambda: state("state/pump") == "unavailable", 30)), "Home Assistant restarted without the gateway: unavailable")
time.sleep(1)
check(all(state(uid) == "unavailable" for uid in STATES), "and nothing of before is shown")
start()
check(known(), "started again after all that: known")

# The broker loses all that it kept.
broker_process.stop()
all_unavailable(15)
broker_process = mosquitto(broker, name="second")
check(known(60), "the broker restarted with nothing retained: known again")

# An outage: what was read meanwhile is no state of now.
entity = entities[ID + "state/meter-power-active"]
meter_map.put(10, [1600])
becomes("state/meter-power-active", "1600")
since = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
broker_process.stop()
for value in range(1700, 1715):
    meter_map.put(10, [value])
    time.sleep(1)
meter_map.put(10, [1800])
time.sleep(2)
broker_process = mosquitto(broker, name="third")
check(becomes("state/meter-power-active", "1800", 40), "after an outage the newest value is shown")
time.sleep(3)
seen = home.history(entity, since)
check(not any(s.startswith("17") for s in seen), f"and none of the outage: {seen}")

# Home Assistant that comes and goes, and a device that is deleted there.
watcher.end()
watcher = Subscriber(broker, ("homeassistant/device/#",), client="counter")
time.sleep(0.5)
said = len(watcher.got)
for _ in range(10):
    watcher.publish("homeassistant/status", "offline")
    watcher.publish("homeassistant/status", "online")
    time.sleep(0.5)
births = len([1 for t, *_ in watcher.got[said:] if t.endswith("/meter/config")])
check(births <= 2, f"10 births of Home Assistant in 5 s announce {births} times")
valve = home.devices()[ID + "valve"]
home.ask("config/device_registry/remove_config_entry", device_id=valve["id"], config_entry_id=valve["config_entries"][0])
check(bool(until(lambda: ID + "valve" not in home.devices() and not retained("/valve/config"), 10)),
      "a device that is deleted in Home Assistant is gone")
time.sleep(21)
watcher.publish("homeassistant/status", "online")
check(bool(until(lambda: ID + "state/valve" in learn(), 10)) and becomes("state/valve", "off"), "and back with its next birth")

# Another gateway of the same layout.
other = gateway(write(["pump", "valve", "meter"], "other.json", alias="d1.other.scada"), "other")
check(bool(until(lambda: "tidegate/d1.other.scada/state/pump" in learn(), 20)), "a second gateway of the same layout has entities of its own")
second = entities.get("tidegate/d1.other.scada/state/pump")
check(bool(until(lambda: (home.state(second) or {}).get("state") == "off", 10)) and second != entities[ID + "state/pump"],
      f"and both are known: {entities[ID + 'state/pump']}, {second}")
other.stop()

# Each key of an announcement is one that Home Assistant has.
known_keys = home.keys()
announcements = watcher.json("/config")
strange = {key for message in announcements for key in message if key not in ("dev", "o", "avty_mode", "avty", "qos", "cmps")}
strange |= {key for message in announcements for entity in message["cmps"].values() for key in entity
            # One of Home Assistant 2026, which earlier ones pass over.
            if key not in known_keys | {"p", "msg_exp_int"}}
check(len(announcements) > 3 and not strange, f"each key of {len(announcements)} announcements is known {strange or ''}")

# The energy dashboard.
energy = entities[ID + "state/meter-energy-import"]
home.ask("energy/save_prefs", energy_sources=[{
    "type": "grid", "flow_from": [{"stat_energy_from": energy, "stat_cost": None, "entity_energy_price": None, "number_energy_price": None}],
    "flow_to": [], "cost_adjustment_day": 0}], device_consumption=[])
problems = home.ask("energy/validate")
print("energy/validate:", json.dumps(problems), flush=True)
found = [i for group in problems["energy_sources"] for i in group]
# Statistics are made every five minutes; until then it says that there are none.
check(all(issue["type"] == "statistics_not_defined" for issue in found), "the energy dashboard takes the meter")

if length == "full":
    # Statistics of the meter over a kill and a restart.
    def rise(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            meter_map.energy(meter_map.watt_hours + 3)
            time.sleep(1)

    def next_statistics():
        return 300 - time.time() % 300 + 15

    rise(next_statistics())
    first = meter_map.watt_hours
    start_of_count = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=30)
    rise(60)
    house.kill()
    rise(20)
    start()
    rise(30)
    house.stop()
    rise(10)
    start()
    home.restart()
    rise(next_statistics())
    meter_final = meter_map.watt_hours
    time.sleep(next_statistics())
    rows = home.ask(
        "recorder/statistics_during_period", start_time=start_of_count.isoformat(), statistic_ids=[energy],
        period="5minute", types=["change", "state", "sum"])[energy]
    changes = [row["change"] for row in rows if row["change"] is not None]
    print("statistics:", [(row["state"], row["sum"], row["change"]) for row in rows], flush=True)
    check(all(change >= 0 for change in changes), "no statistic of the energy is negative")
    check(rows[-1]["state"] == meter_final, f"the last one has the meter's total, {meter_final}")
    counted = rows[-1]["sum"] - rows[0]["sum"]
    check(abs(counted - (rows[-1]["state"] - rows[0]["state"])) < 0.5, f"and their sum rises as the meter: {counted}")
    found = [i for group in home.ask("energy/validate")["energy_sources"] for i in group]
    check(not found, f"the energy dashboard has no complaint {found}")
else:
    print("left out: statistics of an energy meter over a kill; LENGTH=full takes 12 minutes for them")

# Home Assistant empties the topic of a device that is deleted there, and warns of that itself.
complaints = [line for line in home.complaints() if "cleanup for valve" not in line]
for line in complaints:
    print("Home Assistant says:", line[:600])
check(not complaints, "the log of Home Assistant has nothing against any announcement or state")
house.signal(signal.SIGTERM)
check(house.p.wait(10) == 0, "exit status 0 on SIGTERM")
home.stop()
print(f"{time.monotonic() - began:.0f} s")
if failures:
    print("--- the gateway's log:\n" + house.text()[-6000:])
helper.finish(not failures, "; ".join(failures))
