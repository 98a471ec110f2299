"""Genuine libchirp, asking or echoing. Run by peer-chirp.sh with the Python that has it.

    peer-chirp.py ask PORT COUNT sync|async [HOST PEM]    sends COUNT requests to 127.0.0.1 or HOST
    peer-chirp.py serve sync|async [HOST PEM]             echoes on a free port, which it prints
"""

import socket
import sys
import time

from libchirp import Config, Loop
from libchirp.queue import Chirp, Message


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(mode, host, pem):
    config = Config()
    config.PORT = free_port()
    config.SYNCHRONOUS = mode == "sync"
    config.DISABLE_ENCRYPTION = pem is None
    if pem:
        config.CERT_CHAIN_PEM = config.DH_PARAMS_PEM = pem
    return config


def serve(mode, host="127.0.0.1", pem=None):
    config = settings(mode, host, pem)
    with_loop = Loop()
    chirp = Chirp(with_loop, config)
    print(config.PORT, flush=True)
    while True:
        message = chirp.get()
        chirp.send(message)


def ask(port, count, mode, host="127.0.0.1", pem=None):
    config = settings(mode, host, pem)
    loop = Loop()
    chirp = Chirp(loop, config)
    answered = 0
    times = []
    begin = time.monotonic()
    for number in range(count):
        message = Message()
        message.address, message.port = host, port
        message.data = b"%d" % number
        start = time.monotonic()
        # Not request(): libchirp's Python loses an answer that comes before it has made its timer.
        try:
            chirp.send(message).result()
            answer = chirp.get(timeout=10)
        except Exception as error:  # Every kind of failure counts the same here.
            print(f"message {number}: {error!r}", file=sys.stderr)
            continue
        if answer.identity != message.identity:
            sys.exit(f"message {number}: another identity came back")
        times.append(time.monotonic() - start)
        answered += answer.data == b"%d" % number
    seconds = time.monotonic() - begin
    half = sorted(times)[len(times) // 2] * 1e6 if times else 0
    print(f"{answered} of {count} answered, {count / seconds:.0f}/s, half of them within {half:.0f} us")
    chirp.stop()
    loop.stop()
    sys.exit(answered < count)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "serve":
        serve(*rest)
    else:
        ask(int(rest[0]), int(rest[1]), *rest[2:])
