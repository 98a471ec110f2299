"""A second implementation of chirp's wire, from its description alone: hello, frames, acknowledgements.

Plain sockets and nothing else, so that what it and Tidegate agree on is the wire and no shared code.

    chirp_peer.py serve [--port N] [--mode sync|async] [--tls PEM --peer CERTIFICATE] [--cut N]
    chirp_peer.py ask PORT [--count N] [--mode sync|async] [--tls PEM --peer CERTIFICATE] [--cut N]
    chirp_peer.py boundaries PORT [--mode sync|async] [--tls PEM --peer CERTIFICATE]

`serve` prints its port and sends every message back. `ask` sends messages and checks that each comes back
once, and with --mode sync that each is acknowledged. --cut N writes N bytes at a time. `boundaries` sends a
hello and a frame over and over, each time cut in two at the next byte, as the bytes go over the cable: with
TLS it is the records that are cut, and the handshake's last one with them.
"""

import argparse
import fcntl
import os
import select
import socket
import ssl
import struct
import sys
import termios
import threading
import time

HELLO = struct.Struct(">H16s")
FRAME = struct.Struct(">16sIIHB")
WANTS_ACK, ACK, PROBE = 1, 2, 4


class Chirp:
    """One connection. The hello goes out at once and alone."""

    def __init__(self, sock, port, cut=0):
        self.sock, self.cut = sock, cut
        self.serial = int.from_bytes(os.urandom(4), "big")
        self.received = b""
        sock.sendall(HELLO.pack(port, os.urandom(16)))
        self.port, self.node = HELLO.unpack(self.take(HELLO.size))

    def take(self, count):
        while len(self.received) < count:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError("the peer ended the connection")
            self.received += more
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def write(self, data):
        if not self.cut:
            return self.sock.sendall(data)
        for start in range(0, len(data), self.cut):
            self.sock.sendall(data[start:start + self.cut])

    def frame(self, identity, kind, header=b"", data=b""):
        head = FRAME.pack(identity, self.serial, len(data), len(header), kind)
        self.serial = (self.serial + 1) & 0xFFFFFFFF
        return head + header + data

    def next(self):
        """The next frame, whose serial must follow the last one's."""
        identity, serial, size, header_size, kind = FRAME.unpack(self.take(FRAME.size))
        if getattr(self, "theirs", None) is not None and serial != (self.theirs + 1) & 0xFFFFFFFF:
            raise ValueError(f"serial {serial} after {self.theirs}")
        self.theirs = serial
        header, data = self.take(header_size), self.take(size)
        if kind & (ACK | PROBE) and (header or data or kind & WANTS_ACK):
            raise ValueError("an acknowledgement or probe that is not bare")
        return identity, kind, header, data


def context(arguments, server):
    """Mutual TLS 1.3 in which the one certificate that is trusted is the peer's own."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    # The peer's certificate is no authority; it stands for itself.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.load_cert_chain(arguments.tls)
    made.load_verify_locations(arguments.peer)
    return made


def echo(chirp, wants):
    while True:
        identity, kind, header, data = chirp.next()
        if kind & (ACK | PROBE):
            continue
        answer = chirp.frame(identity, wants, header, data)
        if kind & WANTS_ACK:
            # Both orders are right; a peer must take either.
            acknowledgement = chirp.frame(identity, ACK)
            answer += acknowledgement
        chirp.write(answer)


def serve(arguments):
    listener = socket.create_server(("127.0.0.1", arguments.port))
    port = listener.getsockname()[1]
    print(port, flush=True)
    tls = context(arguments, True) if arguments.tls else None
    wants = WANTS_ACK if arguments.mode == "sync" else 0

    def one(sock):
        try:
            if tls:
                sock = tls.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            echo(Chirp(sock, port, arguments.cut), wants)
        except EOFError:
            pass
        except OSError as error:
            print(f"connection over: {error}", file=sys.stderr)
        finally:
            # As libchirp does: without telling TLS of the end.
            sock.close()

    while True:
        sock, _ = listener.accept()
        threading.Thread(target=one, args=(sock,), daemon=True).start()


def ask(arguments):
    sock = socket.create_connection(("127.0.0.1", arguments.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if arguments.tls:
        sock = context(arguments, False).wrap_socket(sock)
    chirp = Chirp(sock, sock.getsockname()[1], arguments.cut)
    synchronous = arguments.mode == "sync"
    begin = time.monotonic()
    answered = acknowledged = 0
    for number in range(arguments.count):
        identity = os.urandom(16)
        header = b"" if number % 3 else b"abc"
        data = os.urandom(number % 600)
        if number % 10 == 0:
            chirp.write(chirp.frame(bytes(16), PROBE))
        # Bits that nobody knows are to be ignored.
        kind = (WANTS_ACK if synchronous else 0) | (8 if number % 7 == 0 else 0)
        chirp.write(chirp.frame(identity, kind, header, data))
        owed = {"answer", "ack"} if synchronous else {"answer"}
        while owed:
            theirs, kind, their_header, their_data = chirp.next()
            if kind & PROBE:
                continue
            if theirs != identity:
                sys.exit(f"message {number}: another identity came back")
            if kind & ACK:
                owed.discard("ack")
                acknowledged += 1
                continue
            if (their_header, their_data) != (header, data):
                sys.exit(f"message {number}: came back changed")
            if kind & WANTS_ACK:
                chirp.write(chirp.frame(identity, ACK))
            owed.discard("answer")
            answered += 1
    # Nothing more may come.
    if chirp.received or (not arguments.tls and select.select([sock], [], [], 0.05)[0]):
        sys.exit("something came that nobody asked for")
    rate = arguments.count / (time.monotonic() - begin)
    print(f"{answered} of {arguments.count} answered, {acknowledged} acknowledged, {rate:.0f}/s")
    if answered != arguments.count or acknowledged != (arguments.count if synchronous else 0):
        sys.exit(1)


class Cable:
    """TLS whose bytes come out for us to send, so that they can be cut anywhere."""

    def __init__(self, sock, made):
        self.sock = sock
        self.coming, self.going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = made.wrap_bio(self.coming, self.going)
        while True:
            try:
                # Our last flight stays in hand, to be cut together with what follows it.
                return self.tls.do_handshake()
            except ssl.SSLWantReadError:
                sock.sendall(self.going.read())
                self.fill()

    def fill(self):
        more = self.sock.recv(65536)
        if not more:
            raise EOFError("the peer ended the connection")
        self.coming.write(more)

    def encrypted(self, data):
        self.tls.write(data)
        return self.going.read()

    def recv(self, count):
        while True:
            try:
                return self.tls.read(count)
            except ssl.SSLWantReadError:
                self.fill()


def boundaries(arguments):
    made = context(arguments, False) if arguments.tls else None
    synchronous = arguments.mode == "sync"
    cut, size = 0, 2
    while cut + 1 < size:
        cut += 1
        with socket.create_connection(("127.0.0.1", arguments.port)) as sock:
            sock.settimeout(20)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end = Cable(sock, made) if made else sock
            identity, data = os.urandom(16), b"cut anywhere"
            frame = FRAME.pack(identity, 1, len(data), 0, WANTS_ACK if synchronous else 0) + data
            bytes_ = HELLO.pack(sock.getsockname()[1], os.urandom(16)) + frame
            bytes_ = end.encrypted(bytes_) if made else bytes_
            size = len(bytes_)
            sock.sendall(bytes_[:cut])
            # Until the other side has taken the first piece, the second might go along with it.
            while unread(sock):
                time.sleep(0.0005)
            sock.sendall(bytes_[cut:])
            received, owed = b"", HELLO.size + FRAME.size + len(data)
            owed += FRAME.size if synchronous else 0
            while len(received) < owed:
                more = end.recv(65536)
                if not more:
                    sys.exit(f"cut at byte {cut} of {size}: the peer ended the connection")
                received += more
            if data not in received or received.count(identity) != (2 if synchronous else 1):
                sys.exit(f"cut at byte {cut} of {size}: something else came back")
    print(f"{cut} boundaries, each answered")


def unread(sock):
    """Bytes that the other side has not acknowledged to have received (SIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["serve", "ask", "boundaries"])
    parser.add_argument("port", nargs="?", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--mode", choices=["sync", "async"], default="sync")
    parser.add_argument("--tls")
    parser.add_argument("--peer")
    parser.add_argument("--cut", type=int, default=0)
    arguments = parser.parse_args()
    {"serve": serve, "ask": ask, "boundaries": boundaries}[arguments.role](arguments)


if __name__ == "__main__":
    main()
