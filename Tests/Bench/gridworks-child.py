"""A genuine GridWorks child that makes events as fast as the parent acknowledges them.

gridworks-child.py PEERS WINDOW EVENTS ROUND-TRIPS, then the options of PEERS/run_child.py. One JSON object:
events acknowledged per second, seconds of processor for 10,000 of them, median and 99th percentile of the
round trip of one at a time in µs. No more than WINDOW are out at a time: what a genuine child makes beyond
that goes to disk, and up only after the link was down once.
"""
import asyncio
import sys
import time

sys.path.insert(0, sys.argv[1])
from gwproto.messages import ProblemEvent, Problems  # noqa: E402
from peer import PEER_LINK, parser, run  # noqa: E402

WINDOW, EVENTS, ROUNDS = (int(word) for word in sys.argv[2:5])


async def during(app, out, stop):
    links = app.proactor.links
    news, process = asyncio.Event(), links.process_ack

    def process_ack(*arguments):
        answer = process(*arguments)
        news.set()
        return answer

    async def room(window):
        while len(links._in_flight_events) >= window:
            news.clear()
            await news.wait()

    def make(number):
        app.generate_event(ProblemEvent(ProblemType=Problems.warning, Summary=f"event {number}"))

    links.process_ack = process_ack
    while not links.link(PEER_LINK).active():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    await room(1)
    begin, used = time.monotonic(), time.process_time()
    for number in range(EVENTS):
        await room(WINDOW)
        make(number)
    await room(1)
    took, used = time.monotonic() - begin, time.process_time() - used
    trips = []
    for number in range(ROUNDS):
        at = time.monotonic()
        make(number)
        await room(1)
        trips.append((time.monotonic() - at) * 1e6)
    trips.sort()
    out("load", numbers=[EVENTS / took, used * 10_000 / EVENTS, trips[ROUNDS // 2], trips[ROUNDS * 99 // 100]])
    stop()


run("child", parser("child").parse_args(sys.argv[5:]), during)
