"""Writes telegrams as meters send them, with what an independent decoder finds in each.

meter-telegrams.py sml|p1|mbus COUNT FILE

A line: the telegram in hexadecimal digits, a tab, and NAME=NUMBER|UNIT|DATE for each value, split by blanks.
"""
import random, sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

KIND, COUNT, PATH = sys.argv[1], int(sys.argv[2]), sys.argv[3]
chance = random.Random(KIND)


def crc(data, polynomial, start):
    for byte in data:
        start ^= byte
        for _ in range(8):
            start = start >> 1 ^ polynomial if start & 1 else start >> 1
    return start


def plain(number): return format(Decimal(number).normalize(), "f")


# SML

def x25(data): return (crc(data, 0x8408, 0xFFFF) ^ 0xFFFF).to_bytes(2, "little")

def head(kind, length):
    """A type and length, of two bytes where one is not enough."""
    if length < (16 if kind == 7 else 15): return bytes([kind << 4 | length + (kind != 7)])
    length += 2 if kind != 7 else 0
    return bytes([0x80 | kind << 4 | length >> 4, length & 15])

def octets(data): return head(0, len(data)) + data

def integer(number, is_signed):
    least = next(n for n in range(1, 9) if (
        -(1 << 8 * n - 1) <= number < 1 << 8 * n - 1 if is_signed else number < 1 << 8 * n))
    width = chance.randint(least, 8)
    return head(5 if is_signed else 6, width) + number.to_bytes(width, "big", signed=is_signed)

def message(tag, body):
    covered = b"\x76" + octets(chance.randbytes(4)) + b"\x62\x00\x62\x00\x72" + chance.choice(
        [b"\x63" + tag, b"\x65\0\0" + tag]) + body
    return covered + b"\x63" + x25(covered) + b"\0"

def sml():
    codes = chance.sample([(1, 0, c, 8, e, 255) for c in (1, 2, 3, 4) for e in (0, 1, 2)]
        + [(1, 0, c, 7, 0, 255) for c in (16, 36, 56, 76, 32, 52, 72, 31, 51, 71, 14, 1, 2)], chance.randint(1, 25))
    entries = b""
    for code in codes:
        is_signed = chance.random() < 0.5
        number = chance.choice([chance.randrange(1 << 8), chance.randrange(1 << 31), chance.randrange(1 << 40), 0x1B1B1B1B])
        if is_signed and chance.random() < 0.5: number = -number
        status = chance.choice([b"\x01", b"\x65\x00\x1c\x01\x04", b"\x62\x80"])
        time = chance.choice([b"\x01", b"\x72\x62\x01\x65" + chance.randbytes(4)])
        unit = chance.choice([27, 30, 33, 35, 44, 255])
        entries += (b"\x77" + octets(bytes(code)) + status + time + b"\x62" + bytes([unit]) + b"\x52"
            + chance.randint(-4, 3).to_bytes(1, signed=True) + integer(number, is_signed) + b"\x01")
    server = octets(b"\x0a\x01TDG\x00" + chance.randbytes(4))
    signature = chance.choice([b"\x01", octets(chance.randbytes(chance.choice([20, 48, 64])))])
    payload = (message(b"\x01\x01", b"\x76\x01\x01" + octets(chance.randbytes(4)) + server + b"\x01\x01")
        + message(b"\x07\x01", b"\x77\x01" + server + b"\x07\x01\x00\x62\x0a\xff\xff"
            + b"\x72\x62\x01\x65" + chance.randbytes(4) + head(7, len(codes)) + entries + signature + b"\x01")
        + message(b"\x02\x01", b"\x71\x01"))
    padding = -len(payload) % 4
    payload += bytes(padding)
    file = b"\x1b" * 4 + b"\x01" * 4 + payload.replace(b"\x1b" * 4, b"\x1b" * 8) + b"\x1b" * 4 + bytes([0x1A, padding])
    file += x25(file)

    from smllib import SmlStreamReader
    reader = SmlStreamReader()
    reader.add(file)
    values = []
    for part in reader.get_frame().parse_frame():
        for entry in getattr(part.message_body, "val_list", None) or []:
            if isinstance(entry.value, str): continue
            number = Decimal(entry.value).scaleb(entry.scaler or 0)
            values.append(f"{entry.obis.obis_code.split('*')[0]}={plain(number)}|{entry.unit}|")
    assert len(values) == len(codes), (len(values), len(codes))
    return file, values


# P1

CODES = {
    "ELECTRICITY_USED_TARIFF_1": "1-0:1.8.1", "ELECTRICITY_USED_TARIFF_2": "1-0:1.8.2",
    "ELECTRICITY_DELIVERED_TARIFF_1": "1-0:2.8.1", "ELECTRICITY_DELIVERED_TARIFF_2": "1-0:2.8.2",
    "ELECTRICITY_IMPORTED_TOTAL": "1-0:1.8.0", "ELECTRICITY_EXPORTED_TOTAL": "1-0:2.8.0",
    "ELECTRICITY_REACTIVE_IMPORTED_TOTAL": "1-0:3.8.0", "ELECTRICITY_REACTIVE_EXPORTED_TOTAL": "1-0:4.8.0",
    "CURRENT_ELECTRICITY_USAGE": "1-0:1.7.0", "CURRENT_ELECTRICITY_DELIVERY": "1-0:2.7.0",
    "BELGIUM_CURRENT_AVERAGE_DEMAND": "1-0:1.4.0", "BELGIUM_MAXIMUM_DEMAND_MONTH": "1-0:1.6.0",
    **{f"INSTANTANEOUS_VOLTAGE_L{n}": f"1-0:{n * 20 + 12}.7.0" for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_CURRENT_L{n}": f"1-0:{n * 20 + 11}.7.0" for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_POSITIVE": f"1-0:{n * 20 + 1}.7.0" for n in (1, 2, 3)},
    **{f"INSTANTANEOUS_ACTIVE_POWER_L{n}_NEGATIVE": f"1-0:{n * 20 + 2}.7.0" for n in (1, 2, 3)},
}

def number(digits, places): return f"{chance.randrange(10 ** digits):0{digits}d}.{chance.randrange(10 ** places):0{places}d}"

def local(moment, is_summer):
    shifted = moment + timedelta(hours=2 if is_summer else 1)
    return shifted.strftime("%y%m%d%H%M%S") + ("S" if is_summer else "W")

def p1():
    from dsmr_parser import telegram_specifications
    from dsmr_parser.parsers import TelegramParser

    country = chance.choice(["V5", "BELGIUM_FLUVIUS", "SWEDEN"])
    is_summer = chance.random() < 0.5
    now = datetime(2026, 7 if is_summer else 1, chance.randint(1, 28), chance.randint(0, 23), chance.randint(0, 59),
        chance.randint(0, 59), tzinfo=timezone.utc)
    lines = [f"/TDG5{chance.randrange(1 << 30)}", "", f"0-0:1.0.0({local(now, is_summer)})"]
    if country == "SWEDEN":
        lines += [f"1-0:{c}.8.0({number(8, 3)}*{'kWh' if c < 3 else 'kvarh'})" for c in (1, 2, 3, 4)]
    else:
        lines += [f"1-0:{c}.8.{t}({number(6, 3)}*kWh)" for c in (1, 2) for t in (1, 2)]
        lines.append(f"0-0:96.14.0(000{chance.randint(1, 2)})")
    if country == "BELGIUM_FLUVIUS":
        lines += [f"1-0:1.4.0({number(2, 3)}*kW)", f"1-0:1.6.0({local(now, is_summer)})({number(2, 3)}*kW)"]
    lines += [f"1-0:{c}.7.0({number(2, 3)}*kW)" for c in (1, 2)]
    for phase in range(1, chance.choice([1, 3]) + 1):
        lines += [f"1-0:{phase * 20 + 12}.7.0({number(3, 1)}*V)",
            f"1-0:{phase * 20 + 11}.7.0({number(3, 2 if country != 'V5' else 1)}*A)"]
        lines += [f"1-0:{phase * 20 + c}.7.0({number(2, 3)}*kW)" for c in (1, 2)]
    kinds = [] if country == "SWEDEN" else chance.sample([3, 7], chance.randint(0, 2))
    for channel, kind in enumerate(kinds, 1):
        taken = now - timedelta(minutes=chance.randint(0, 300))
        code = "24.2.3" if country == "BELGIUM_FLUVIUS" and kind == 3 else "24.2.1"
        lines += [f"0-{channel}:24.1.0(00{kind})", f"0-{channel}:96.1.{1 if country[0] == 'B' else 0}(4730)",
            f"0-{channel}:{code}({local(taken, is_summer)})({number(5, 3)}*m3)"]
    body = ("\r\n".join(lines) + "\r\n!").encode()
    telegram = body + f"{crc(body, 0xA001, 0):04X}\r\n".encode()
    decoded = TelegramParser(getattr(telegram_specifications, country)).parse(telegram.decode())
    values = [f"{CODES[name]}={plain(found.value)}|{found.unit}|" for name, found in decoded if name in CODES]
    for device in getattr(decoded, "MBUS_DEVICES", None) or []:
        found = device.MBUS_METER_READING
        values.append(f"{'gas' if device.MBUS_DEVICE_TYPE.value == 3 else 'water'}={plain(found.value)}|{found.unit}|"
            f"{int(found.datetime.timestamp())}")
    assert len(values) >= 8 + len(kinds), values
    if chance.random() < 0.25:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        key = bytes.fromhex("0102030405060708090A0B0C0D0E0F10")
        title, counter = b"TDGsmart", chance.randbytes(4)
        sealer = Cipher(algorithms.AES(key), modes.GCM(title + counter, None, 12)).encryptor()
        sealer.authenticate_additional_data(bytes.fromhex("3000112233445566778899AABBCCDDEEFF"))
        sealed = sealer.update(telegram) + sealer.finalize()
        telegram = (b"\xdb\x08" + title + b"\x82" + (len(sealed) + 17).to_bytes(2, "big") + b"\x30" + counter + sealed
            + sealer.tag[:12])
    return telegram, values


# M-Bus

QUANTITIES = {
    "ENERGY_WH": "energy", "ENERGY_J": "energy", "VOLUME": "volume", "POWER_W": "power", "VOLUME_FLOW": "flow",
    "FLOW_TEMPERATURE": "temperature-flow", "RETURN_TEMPERATURE": "temperature-return",
    "TEMPERATURE_DIFFERENCE": "temperature-difference", "EXTERNAL_TEMPERATURE": "temperature-external",
    "PRESSURE": "pressure",
}

def mbus():
    from meterbus.telegram_long import TelegramLong

    records, wanted = b"", 0
    for _ in range(chance.randint(1, 12)):
        vif = chance.choice([*range(0x00, 0x18), *range(0x28, 0x30), *range(0x38, 0x40), *range(0x58, 0x6C)])
        storage = chance.choice([0, 0, 0, 1, 2, 5])
        # No meter has counted 10^18 joules.
        widths = 3 if vif in range(0x08, 0x10) else 5
        if chance.random() < 0.5:
            width, field = chance.choice([(1, 1), (2, 2), (3, 3), (4, 4), (6, 6)][:widths])
            data = chance.randrange(1 << 8 * width - 1).to_bytes(width, "little")
        else:
            width, field = chance.choice([(1, 9), (2, 10), (3, 11), (4, 12), (6, 14)][:widths])
            data = bytes.fromhex(f"{chance.randrange(10 ** (2 * width)):0{2 * width}d}")[::-1]
        dif = field | (storage & 1) << 6 | (0x80 if storage > 1 else 0)
        record = bytes([dif]) + (bytes([storage >> 1]) if storage > 1 else b"") + bytes([vif]) + data
        if len(records) + len(record) < 200:
            records += record
            wanted += 1
    body = b"\x08\x05\x72" + bytes.fromhex(f"{chance.randrange(10 ** 8):08d}") + b"\x87\x50\x01\x04\x2a\0\0\0" + records
    frame = b"\x68" + bytes([len(body)] * 2) + b"\x68" + body + bytes([sum(body) & 255]) + b"\x16"
    values = []
    for record in TelegramLong.parse(list(frame)).records:
        found = record.interpreted
        name = found["type"].split(".")[-1]
        # It computes in binary, which holds 15 decimal digits.
        number = Decimal(f"{float(found['value']):.15g}")
        if name == "ENERGY_J": number /= 3600
        number = number.quantize(Decimal("0.000001" if name != "ENERGY_J" else "0.001"), ROUND_HALF_UP)
        values.append(f"{QUANTITIES[name]}/{found['storage_number']}={plain(number)}||")
    assert len(values) == wanted, (len(values), wanted)
    return frame, values


with open(PATH, "w") as file:
    for _ in range(COUNT):
        telegram, values = globals()[KIND]()
        file.write(telegram.hex() + "\t" + " ".join(values) + "\n")
