"""The gateway's channels beside frequenz-channels and swift-async-algorithms, in the same run.

Usage: channels.py BENCH VENV [--quick]. See run.sh.
"""

import asyncio
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from datetime import timedelta

BENCH, VENV = sys.argv[1:3]
QUICK = "--quick" in sys.argv
MESSAGES, RUNS = (20_000, 1) if QUICK else (200_000, 5)
# The peer is slower; as many messages as take it about as long.
PEER_MESSAGES = MESSAGES // 5
NAMES = {
    "one-1": "feed, one at a time, 1 to 1: deliveries/s",
    "one-10": "feed, one at a time, 1 to 10: deliveries/s",
    "batch-1": "feed, in batches of 40, 1 to 1: deliveries/s",
    "batch-10": "feed, in batches of 40, 1 to 10: deliveries/s",
    "merge-3": "merge of 3: elements/s",
    "merge-10": "merge of 10: elements/s",
    "queue-1": "work queue, 1 taker: items/s",
    "queue-4": "work queue, 4 takers: items/s",
    "ask-8": "request queue, 8 requesters: answers/s",
    "tick-median": "ticks of 1 ms, late, median: ns",
    "tick-99": "ticks of 1 ms, late, 99 %: ns",
}


def row(what, ours, theirs, ratio, who):
    print(f"{what:<50} {ours:>14} {theirs:>14} {ratio:>8}  {who}", flush=True)


# What frequenz-channels does: this part runs in its own Python ------------------------------------


async def counted(receiver, total, count):
    while count[0] < total:
        await receiver.receive()
        count[0] += 1


async def broadcast(readers, in_a_row):
    from frequenz.channels import Broadcast

    channel = Broadcast(name="bench")
    counts = [[0] for _ in range(readers)]
    tasks = [
        asyncio.create_task(counted(channel.new_receiver(limit=50), PEER_MESSAGES, count))
        for count in counts
    ]
    sender = channel.new_sender()
    await asyncio.sleep(0)
    began = time.perf_counter()
    for message in range(PEER_MESSAGES):
        await sender.send(message)
        if message % in_a_row == in_a_row - 1:
            await asyncio.sleep(0)
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    return readers * PEER_MESSAGES / (time.perf_counter() - began)


async def merged(sources):
    from frequenz.channels import Broadcast, merge

    each = PEER_MESSAGES // sources
    channels = [Broadcast(name=str(number)) for number in range(sources)]
    merger = merge(*(channel.new_receiver(limit=50) for channel in channels))

    async def send(sender):
        for message in range(each):
            await sender.send(message)
            if message % 10 == 9:
                await asyncio.sleep(0)
                while count[0] < sources * (message - 30):
                    await asyncio.sleep(0)

    count = [0]
    began = time.perf_counter()
    senders = [asyncio.create_task(send(channel.new_sender())) for channel in channels]
    await asyncio.wait_for(counted(merger, each * sources, count), 120)
    elapsed = time.perf_counter() - began
    await asyncio.gather(*senders)
    await merger.stop()
    return each * sources / elapsed


async def anycast(takers):
    from frequenz.channels import Anycast, ReceiverStoppedError

    channel = Anycast(name="bench", limit=50)
    count = [0]

    async def take(receiver):
        try:
            while True:
                await receiver.receive()
                count[0] += 1
        except ReceiverStoppedError:
            pass

    takers = [asyncio.create_task(take(channel.new_receiver())) for _ in range(takers)]
    sender = channel.new_sender()
    began = time.perf_counter()
    for message in range(PEER_MESSAGES):
        await sender.send(message)
    while count[0] < PEER_MESSAGES:
        await asyncio.sleep(0)
    elapsed = time.perf_counter() - began
    await channel.close()
    await asyncio.gather(*takers)
    return PEER_MESSAGES / elapsed


async def ticks():
    from frequenz.channels.timer import Timer, TriggerAllMissed

    timer = Timer(timedelta(milliseconds=1), TriggerAllMissed())
    late = []
    for _ in range(1_000):
        late.append((await timer.receive()) / timedelta(microseconds=1) * 1_000)
    timer.stop()
    return sorted(late)


def peer():
    warnings.simplefilter("ignore")
    logging.disable()
    shapes = {
        "one-1": lambda: broadcast(1, 1),
        "one-10": lambda: broadcast(10, 1),
        "batch-1": lambda: broadcast(1, 40),
        "batch-10": lambda: broadcast(10, 40),
        "merge-3": lambda: merged(3),
        "merge-10": lambda: merged(10),
        "queue-1": lambda: anycast(1),
        "queue-4": lambda: anycast(4),
    }
    for name, shape in shapes.items():
        print(name, statistics.median(asyncio.run(shape()) for _ in range(RUNS)), flush=True)
    late = asyncio.run(ticks())
    print("tick-median", late[500])
    print("tick-99", late[990], flush=True)


# The table ----------------------------------------------------------------------------------------


def main():
    text = subprocess.run(
        [BENCH, "channels", str(MESSAGES), str(RUNS)], check=True, capture_output=True, text=True
    ).stdout
    swift = {words[0]: words[1:] for words in map(str.split, text.splitlines())}
    frequenz = {}
    if os.path.exists(f"{VENV}/bin/python"):
        arguments = [f"{VENV}/bin/python", __file__, BENCH, VENV, "--peer"]
        arguments += ["--quick"] if QUICK else []
        told = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
        frequenz = {words[0]: float(words[1]) for words in map(str.split, told.splitlines())}
    print(f"\nMedians of {RUNS} runs, load {os.getloadavg()[0]:.1f}. A ratio above 1 is to our favour.\n")
    row("CHANNELS", "OURS", "BESIDE IT", "RATIO", "")
    for name, what in NAMES.items():
        ours, other = swift[name]
        is_time = name.startswith("tick")
        peers = [("frequenz-channels", frequenz.get(name))]
        peers.append(("swift-async-algorithms", None if other == "-" else float(other)))
        told = [(who, number) for who, number in peers if number is not None] or [("", None)]
        for who, number in told:
            better = "-"
            if number:
                ratio = number / float(ours) if is_time else float(ours) / number
                better = f"{ratio:.2f}"
            row(what, f"{float(ours):,.0f}", f"{number:,.0f}" if number else "-", better, who)
            what = ""


peer() if "--peer" in sys.argv else main()
