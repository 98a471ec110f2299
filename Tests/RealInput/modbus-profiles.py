"""modbus-profiles.py PROFILES PORT TRUTH

Serves every profile of the folder PROFILES as a unit of its own on Modbus TCP, by pymodbus, with a number of its
own in each register, and writes to TRUTH what each channel must show: {profile: {"unit": n, "steps": {source: "n"}}}.
Of the coils of each unit every third is on, of its discrete inputs every second. Unit 200 is an inverter of SunSpec
model 103 with a number of its own at each point, under the name "sunspec".

It reads the profiles by itself and knows nothing of Tidegate's code: words, sign, order, scale and steps are worked
out here from the file's meaning alone, in exact fractions. Prints "ready" when it can be asked.
"""
import asyncio
import json
import pathlib
import struct
import sys
from fractions import Fraction

from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

WORDS = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4}
CODES = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f", "int64": "q", "uint64": "Q",
         "float64": "d"}


def candidates(kind, low, high, number):
    """Numbers of that type between two ends, different for each `number`."""
    if kind.startswith("float"):
        for turn in range(1, 200):
            value = low + (high - low) * Fraction((number * 37 + turn * 11) % 199 + 1, 201)
            # As the wire has it.
            yield Fraction(struct.unpack(">" + CODES[kind], struct.pack(">" + CODES[kind], float(value)))[0])
        return
    bits = 16 * WORDS[kind]
    ends = (0, 2 ** bits - 1) if kind[0] == "u" else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
    first, last = max(ends[0], -(-low.numerator // low.denominator)), min(ends[1], high.numerator // high.denominator)
    span = last - first
    for turn in range(1, 200):
        yield Fraction(first + span * ((number * 37 + turn * 11) % 199 + 1) // 201)


def place(register, number):
    """The words by address, the number's own, and the steps of the channel."""
    kind, scale = register["type"], Fraction(str(register.get("scale", 1)))
    # "0.10" and "10" as they are written: one step is that of the last digit.
    text = str(register.get("scale", "1"))
    usual = -3 if kind.startswith("float") else -len(text.split(".")[1]) if "." in text else 0
    step = Fraction(10) ** register.get("exponent", usual)
    ends = sorted(Fraction(str(register[key])) / scale for key in ("lowest", "highest"))
    none = {int(str(value), 16) if str(value).startswith("0x") else int(value) for value in register.get("notValues", [])}
    for raw in candidates(kind, *ends, number):
        steps = raw * scale / step
        if kind.startswith("float"):
            data = struct.pack(">" + CODES[kind], float(raw))
            # A tie would be a matter of taste, and the last bit of a product one of rounding.
            if abs((steps % 1) - Fraction(1, 2)) < Fraction(1, 1000):
                continue
        else:
            data = struct.pack(">" + CODES[kind], int(raw))
            if steps % 1 == Fraction(1, 2) or int.from_bytes(data, "big") in none:
                continue
        break
    else:
        raise SystemExit(f"{register['name']}: no number fits")
    words = [int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2)]
    order = register.get("order", "abcd")
    if order in ("badc", "dcba"):
        words = [word >> 8 | (word & 255) << 8 for word in words]
    if "lowAddress" in register:
        return {register["address"]: words[0], register["lowAddress"]: words[1]}, round(steps)
    if order in ("cdab", "dcba"):
        words.reverse()
    return {register["address"] + i: word for i, word in enumerate(words)}, round(steps)


def device(unit, profile):
    tables, truth = {"input": {}, "holding": {}}, {}
    for number, register in enumerate(profile["registers"]):
        register = {**profile.get("defaults", {}), **register}
        words, truth[register["name"]] = place(register, number + unit)
        table = tables[register.get("function", "input")]
        if table.keys() & words.keys():
            raise SystemExit(f"{register['name']}: its words belong to another register")
        table |= words
    blocks = []
    for name in ("holding", "input"):
        table = tables[name]
        if not table:
            blocks.append([SimData(0, count=1, datatype=DataType.REGISTERS, values=0)])
            continue
        first, last = min(table), max(table)
        # What stands between two registers is another number, so that none of it may be taken for a value.
        values = [table.get(address, 43690) for address in range(first, last + 1)]
        blocks.append([SimData(first, datatype=DataType.REGISTERS, values=values)])
    coils, inputs = ([SimData(0, datatype=DataType.BITS, values=[bit % every == 0 for bit in range(64)])]
                     for every in (3, 2))
    return SimDevice(id=unit, simdata=(coils, inputs, *blocks)), truth


# Source: github.com/sunspec/models, model_103.json: offset, form and scale factor of each point, and what one step of
# the channel is.
SUNSPEC = {
    "current-total": (2, "H", 6, -2), "current-l1": (3, "H", 6, -2), "current-l2": (4, "H", 6, -2),
    "current-l3": (5, "H", 6, -2), "voltage-l1": (10, "H", 13, -1), "voltage-l2": (11, "H", 13, -1),
    "voltage-l3": (12, "H", 13, -1), "power-active": (14, "h", 15, 0), "frequency": (16, "H", 17, -2),
    "power-apparent": (18, "h", 19, 0), "power-reactive": (20, "h", 21, 0), "power-factor": (22, "h", 23, -3),
    "energy-export": (24, "I", 26, 0), "dc-current": (27, "H", 28, -2), "dc-voltage": (29, "H", 30, -1),
    "dc-power": (31, "h", 32, 0), "temperature": (33, "h", 37, -1), "state": (38, "H", None, 0)}
SCALES = {6: -2, 13: -2, 15: 1, 17: -3, 19: 2, 21: 0, 23: -1, 26: 3, 28: -1, 30: 0, 32: 1, 37: 0}


def sunspec(unit):
    body, truth = [0xFFFF] * 52, {}
    body[:2] = 103, 50
    for offset, scale in SCALES.items():
        body[offset] = scale & 0xFFFF
    for number, (source, (offset, form, scale, exponent)) in enumerate(SUNSPEC.items()):
        raw = 211 + 17 * number if form != "h" or number % 2 else -(211 + 17 * number)
        value = raw * Fraction(10) ** SCALES.get(scale, 0) / (100 if source == "power-factor" else 1)
        truth[source] = str(round(value / Fraction(10) ** exponent))
        data = struct.pack(">" + form, raw)
        for index in range(0, len(data), 2):
            body[offset + index // 2] = int.from_bytes(data[index:index + 2], "big")
    chain = [0x5375, 0x6E53, 1, 66] + [0] * 66 + body + [0xFFFF, 0]
    registers = [SimData(40000, datatype=DataType.REGISTERS, values=chain)]
    bits = [SimData(0, datatype=DataType.BITS, values=[False] * 16)]
    none = [SimData(0, count=1, datatype=DataType.REGISTERS, values=0)]
    return SimDevice(id=unit, simdata=(bits, bits, registers, none)), {"unit": unit, "steps": truth}


async def main():
    folder, port, file = pathlib.Path(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    devices, truths = [], {}
    for unit, path in enumerate(sorted(folder.glob("*.json")), 1):
        made, truth = device(unit, json.loads(path.read_text(), parse_float=str))
        devices.append(made)
        truths[path.stem] = {"unit": unit, "steps": {source: str(steps) for source, steps in truth.items()}}
    made, truths["sunspec"] = sunspec(200)
    devices.append(made)
    file.write_text(json.dumps(truths))
    server = ModbusTcpServer(devices, framer=FramerType.SOCKET, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
