#!/usr/bin/env python3
"""Hostile clients against the running program, while a polite one keeps asking.

Each part attacks in one way; the polite client must get an answer to every question meanwhile. At
the end the process lives, its memory is bounded, and its descriptors are back.

    tests/process/hostile.py --kith build/dev/kith [--seconds 1] [--seed 1]
"""

import multiprocessing
import random
import select
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from dnsmsg import Message, name_wire, opt, option
from harness import Checks, Kith, arguments, frame, raise_descriptor_limit, read_frame, wait_for

TCP_CLIENTS = 200          # what the server is told to bear at once
SLOW_CONNECTIONS = 2000    # what it gets
MEMORY_GROWTH_KIB = 96 * 1024  # tcp_unsent_bytes_total_max (64 MiB) and its buffers
NAME = name_wire("host.lan")
QUESTION = NAME + b"\0\1\0\1"

CONFIG = {
    "server": {"listen": ["127.0.0.1:0", "[::1]:0"], "workers": 2, "tcp_clients_max": TCP_CLIENTS, "tcp_idle_timeout": 2},
    "zones": {"lan": {}},
    "records": [{"name": "host.lan", "type": "A", "value": "192.0.2.1"}] +
               [{"name": "big.lan", "type": "TXT", "value": f"{i:04}" * 50} for i in range(200)],
}


def head(flags: int = 0, questions: int = 1, answers: int = 0, authority: int = 0, additional: int = 0) -> bytes:
    return struct.pack("!HHHHHH", 0x1234, flags, questions, answers, authority, additional)


def opcode(number: int) -> int:
    return number << 11


SILENCE = None
# What is sent, and what has to come back: rcode, and what must be true of the reply. RFC 8906 §8 and
# more. Every row stands for a mistake that a server on the internet has been seen to make.
MESSAGES: list[tuple[str, bytes, str | None, object]] = [
    ("plain query", head() + QUESTION, "NOERROR", lambda m: m.answer and not m.edns),
    ("RD is copied, RA is not claimed", head(dnsmsg.RD) + QUESTION, "NOERROR",
     lambda m: m.has(dnsmsg.RD) and not m.has(dnsmsg.RA)),
    ("AD and CD and Z are no reason to refuse", head(dnsmsg.AD | dnsmsg.CD | 0x40) + QUESTION, "NOERROR",
     lambda m: m.answer and not m.flags & 0x40),
    ("TC in a query", head(dnsmsg.TC) + QUESTION, "NOERROR", lambda m: m.answer and not m.has(dnsmsg.TC)),
    ("AA in a query", head(dnsmsg.AA) + QUESTION, "NOERROR", lambda m: m.answer),
    ("rcode in a query", head(3) + QUESTION, "NOERROR", lambda m: m.answer),
    ("unknown type", head() + NAME + b"\xff\x01\0\1", "NOERROR", lambda m: not m.answer and m.authority),
    ("type 0", head() + NAME + b"\0\0\0\1", None, "any"),
    ("opcode 15", head(opcode(15)) + QUESTION, "NOTIMP", lambda m: m.opcode == 15),
    ("opcode 1, inverse query", head(opcode(1)) + QUESTION, "NOTIMP", lambda m: m.opcode == 1),
    ("opcode STATUS without question", head(opcode(2), 0), "NOTIMP", None),
    ("NOTIFY", head(opcode(4)) + QUESTION, "NOTIMP", None),
    ("UPDATE", head(opcode(5)) + name_wire("lan") + b"\0\6\0\1", "NOTIMP", None),
    ("DSO (opcode 6), header only", head(opcode(6), 0), "NOTIMP", None),
    ("opcode 15, garbage body", head(opcode(15), 9, 9, 9, 9) + b"\xff" * 40, "NOTIMP", None),
    ("header only, no question", head(0, 0), "FORMERR", lambda m: not m.questions),
    ("header only that promises a question", head(), "FORMERR", lambda m: not m.questions),
    ("two questions", head(0, 2) + QUESTION + QUESTION, "FORMERR", None),
    ("65535 questions promised", head(0, 65535) + QUESTION, "FORMERR", None),
    ("a response", head(dnsmsg.QR) + QUESTION, SILENCE, None),
    ("a response with an error", head(dnsmsg.QR | 1) + QUESTION, SILENCE, None),
    ("empty message", b"", SILENCE, None),
    ("one byte", b"\x12", SILENCE, None),
    ("eleven bytes", head()[:11], SILENCE, None),
    ("name without end", head() + b"\4host\3lan", "FORMERR", None),
    ("question without class", head() + NAME + b"\0\1", "FORMERR", None),
    ("label type 0x40", head() + b"\x41" + b"a" * 65 + b"\0\0\1\0\1", "FORMERR", None),
    ("label type 0x80", head() + b"\x81a\0\0\1\0\1", "FORMERR", None),
    ("name that points at itself", head() + b"\xc0\x0c\0\1\0\1", "FORMERR", None),
    ("name that points forward", head() + b"\xc0\x10\0\1\0\1\4host\0", "FORMERR", None),
    ("name that points into the header", head() + b"\4host\xc0\x00\0\1\0\1", "FORMERR", None),
    ("two pointers at each other", head() + b"\xc0\x0e\xc0\x0c\0\1\0\1", "FORMERR", None),
    ("pointer beyond the end", head() + b"\xff\xff\0\1\0\1", "FORMERR", None),
    ("half a pointer", head() + b"\xc0", "FORMERR", None),
    ("127 labels, 255 bytes: the longest name", head() + b"\1a" * 127 + b"\0\0\1\0\1", "REFUSED", None),
    ("255 labels", head() + b"\1a" * 255 + b"\0\0\1\0\1", "FORMERR", None),
    ("name of 256 bytes", head() + (b"\x3f" + b"a" * 63) * 3 + b"\x3f" + b"a" * 63 + b"\0\0\1\0\1", "FORMERR", None),
    ("label of 63 bytes", head() + b"\x3f" + b"a" * 63 + b"\3lan\0\0\1\0\1", "NXDOMAIN", None),
    ("label with zero bytes", head() + b"\3\0\0\0\3lan\0\0\1\0\1", "NXDOMAIN", lambda m: m.questions[0][0][0] == b"\0\0\0"),
    ("label with a dot", head() + b"\x08host.lan\0\0\1\0\1", "REFUSED", None),
    ("upper case is kept and ignored", head() + b"\4HoSt\3LAN\0\0\1\0\1", "NOERROR",
     lambda m: m.questions[0][0] == (b"HoSt", b"LAN") and m.answer),
    ("trailing garbage", head() + QUESTION + b"garbage", "FORMERR", None),
    ("one answer in a query", head(0, 1, 1) + QUESTION + dnsmsg.record("host.lan", "A", 1, b"\1\2\3\4"), None, "any"),
    ("an answer promised, not there", head(0, 1, 1) + QUESTION, "FORMERR", None),
    ("class CH, unknown name", head() + NAME + b"\0\1\0\3", "REFUSED", None),
    ("class HS", head() + NAME + b"\0\1\0\4", "REFUSED", None),
    ("class ANY", head() + NAME + b"\0\1\0\xff", "REFUSED", None),
    ("class 0", head() + NAME + b"\0\1\0\0", "REFUSED", None),
    ("AXFR", head() + name_wire("lan") + b"\0\xfc\0\1", "REFUSED", None),
    ("IXFR without SOA", head() + name_wire("lan") + b"\0\xfb\0\1", "REFUSED", None),
    ("MAILB", head() + NAME + b"\0\xfd\0\1", "NOTIMP", None),
    ("TKEY", head() + NAME + b"\0\xf9\0\1", "NOTIMP", None),
    ("OPT as a question", head() + NAME + b"\0\x29\0\1", "FORMERR", None),
    ("a name not ours", head() + name_wire("www.example.com") + b"\0\1\0\1", "REFUSED", None),
    ("the root", head() + b"\0\0\2\0\1", "REFUSED", None),
    ("EDNS", head(0, 1, 0, 0, 1) + QUESTION + opt(), "NOERROR", lambda m: m.edns and m.answer),
    ("EDNS DO", head(0, 1, 0, 0, 1) + QUESTION + opt(do=True), "NOERROR", lambda m: m.edns.ttl & 0x8000),
    ("EDNS version 1", head(0, 1, 0, 0, 1) + QUESTION + opt(version=1), "BADVERS",
     lambda m: (m.edns.ttl >> 16) & 0xff == 0 and not m.answer),
    ("EDNS version 255, opcode 15", head(opcode(15), 1, 0, 0, 1) + QUESTION + opt(version=255), "BADVERS", None),
    ("EDNS flags unknown", head(0, 1, 0, 0, 1) + QUESTION + opt(flags=0x40), "NOERROR", lambda m: not m.edns.ttl & 0x40),
    ("EDNS option unknown", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(100, b"x")), "NOERROR",
     lambda m: 100 not in m.options()),
    ("EDNS version 1 with an option", head(0, 1, 0, 0, 1) + QUESTION + opt(version=1, options=option(100)), "BADVERS",
     lambda m: 100 not in m.options()),
    ("EDNS payload 0", head(0, 1, 0, 0, 1) + QUESTION + opt(0), "NOERROR", lambda m: m.answer),
    ("two OPT records", head(0, 1, 0, 0, 2) + QUESTION + opt() + opt(), "FORMERR", None),
    ("OPT with a name", head(0, 1, 0, 0, 1) + QUESTION + b"\1a" + opt(), "FORMERR", None),
    ("OPT among the answers", head(0, 1, 1) + QUESTION + opt(), None, "any"),
    ("OPT cut short", head(0, 1, 0, 0, 1) + QUESTION + opt()[:-3], "FORMERR", None),
    ("option longer than OPT", head(0, 1, 0, 0, 1) + QUESTION + opt(options=b"\0\x0a\0\x40abc"), "FORMERR", None),
    ("32 options", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(100) * 32), "NOERROR", None),
    ("33 options: over edns_options_max", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(100) * 33), "FORMERR", None),
    ("client cookie", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(10, b"12345678")), "NOERROR",
     lambda m: len(m.options()[10]) == 24 and m.options()[10][:8] == b"12345678"),
    ("cookie of 7 bytes", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(10, b"1234567")), "FORMERR", None),
    ("cookie of 41 bytes", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(10, b"1" * 41)), "FORMERR", None),
    ("forged server cookie", head(0, 1, 0, 0, 1) + QUESTION + opt(options=option(10, b"1" * 24)), None, "any"),
    ("cookie, no question", head(0, 0, 0, 0, 1) + opt(options=option(10, b"12345678")), "NOERROR",
     lambda m: len(m.options()[10]) == 24),
    ("TSIG nobody knows", head(0, 1, 0, 0, 1) + QUESTION + dnsmsg.record("key", "TSIG", 0, b"\0" * 26), None, "any"),
    ("CHAOS version.bind", head() + name_wire("version.bind") + b"\0\x10\0\3", "NOERROR",
     lambda m: m.answer[0].rclass == 3 and b"kith" in m.answer[0].rdata),
    ("CHAOS ANY of another name", head() + name_wire("authors.bind") + b"\0\xff\0\3", "REFUSED", None),
]


class PoliteClient(threading.Thread):
    """Asks one question after another, over UDP and now and then over TCP, and counts."""

    def __init__(self, server: Kith):
        super().__init__(daemon=True)
        self.server = server
        self.asked = self.answered = self.repeated = 0
        self.wrong: list[str] = []
        self._over = threading.Event()

    def run(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect(self.server.address)
        while not self._over.is_set():
            self.asked += 1
            query = dnsmsg.query("host.lan", ident=self.asked & 0xffff)
            if self.ask_udp(sock, query) or self._over.is_set():
                self.answered += 1

    def ask_udp(self, sock: socket.socket, query: bytes) -> bool:
        # A flood fills the kernel's socket buffer: a client repeats, as every resolver does.
        for attempt in range(20):
            self.repeated += attempt > 0
            sock.send(query)
            if not select.select([sock], [], [], 0.5)[0]:
                continue
            reply = Message(sock.recv(4096))
            if reply.id != struct.unpack("!H", query[:2])[0]:
                continue  # to a repeated question
            if reply.data("A") != ["192.0.2.1"]:
                self.wrong.append(f"{reply.rcode_name} {reply.data()}")
            return True
        self.wrong.append("no answer in 20 tries")
        return False

    def __enter__(self) -> "PoliteClient":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def judge(self, checks: Checks, during: str) -> None:
        checks.check(f"{during}: every polite question is answered, and rightly",
                     self.answered == self.asked and not self.wrong and self.answered >= 3,
                     f"{self.answered} of {self.asked}, {self.wrong[:3]}")
        print(f"{during}: {self.answered} of {self.asked} polite questions answered, {self.repeated} of them repeated")


def message_table(server: Kith, checks: Checks) -> None:
    """One message at a time, over UDP and TCP: both must say the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection(server.address, 5) as tcp:
        udp.connect(server.address)
        for why, message, rcode, more in MESSAGES:
            # What follows must be answered; then whatever came first is the reply to the message.
            marker = dnsmsg.query("host.lan", ident=0x4321)
            udp.send(message)
            udp.send(marker)
            tcp.sendall(frame(message) + frame(marker))
            for transport, replies in (("UDP", receive_until(lambda: udp_receive(udp), 0x4321)),
                                       ("TCP", receive_until(lambda: read_frame(tcp), 0x4321))):
                judge_replies(checks, f"{why}, {transport}", replies, rcode, more)


def udp_receive(sock: socket.socket) -> bytes:
    sock.settimeout(10)
    return sock.recv(65535)


def receive_until(receive: object, ident: int) -> list[Message]:
    """Replies up to the one with `ident`; with more than one worker they may overtake each other."""
    out = []
    while True:
        message = Message(receive())
        if message.id == ident:
            return out
        out.append(message)


def judge_replies(checks: Checks, what: str, replies: list[Message], rcode: str | None, more: object) -> None:
    if more == "any":  # several RFCs, several opinions: one reply or none, and the server lives
        checks.check(what, len(replies) <= 1, f"{len(replies)} replies")
    elif rcode is SILENCE:
        checks.check(f"{what}: silence", not replies, [reply.rcode_name for reply in replies])
    elif len(replies) != 1:
        checks.check(f"{what}: {rcode}", False, f"{len(replies)} replies")
    else:
        reply = replies[0]
        good = reply.rcode_name == rcode and reply.has(dnsmsg.QR) and reply.id == 0x1234 and (more is None or more(reply))
        checks.check(f"{what}: {rcode}", good, f"{reply.rcode_name}, {reply.wire.hex()[:160]}")


def slow_loris(server: Kith, checks: Checks, count: int) -> None:
    """Connections that send a byte now and then: newcomers are served all the same."""
    sockets: list[socket.socket] = []
    message = frame(dnsmsg.query("host.lan"))
    with PoliteClient(server) as polite:
        for i in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(server.address)
            sockets.append(sock)
            if i % 50 == 0:
                for each in sockets[-500:]:
                    try:
                        each.send(message[:1])
                    except OSError:
                        pass
        served = 0
        for _ in range(20):
            served += server.tcp(dnsmsg.query("host.lan")).data("A") == ["192.0.2.1"]
        checks.equal("newcomers among the slow are served over TCP", served, 20)
    polite.judge(checks, f"{count} slow connections")
    checks.check("connections stay within the limit", server.descriptors() <= 2 * TCP_CLIENTS + 100, server.descriptors())
    for sock in sockets:
        sock.close()


def half_open(server: Kith, checks: Checks, count: int) -> None:
    """Connections that send half a message and wait: closed when their time is over."""
    sockets = [socket.create_connection(server.address, 5) for _ in range(count)]
    for i, sock in enumerate(sockets):
        sock.sendall([b"", b"\0", b"\xff\xff", frame(dnsmsg.query("host.lan"))[:-1], b"\xff\xff" + b"x" * 1000][i % 5])
    with PoliteClient(server) as polite:
        closed = 0
        deadline = time.monotonic() + 15
        waiting = {sock.fileno(): sock for sock in sockets}
        while waiting and time.monotonic() < deadline:
            for fd in select.select(list(waiting), [], [], 0.5)[0]:
                try:
                    closed += not waiting[fd].recv(100)
                except OSError:
                    closed += 1
                waiting.pop(fd).close()
    checks.equal("incomplete messages end with the connection, at the idle timeout", closed, count)
    polite.judge(checks, f"{count} incomplete messages")


def never_reading(server: Kith, checks: Checks, memory: int) -> None:
    """Clients that ask for much and read nothing."""
    sockets = []
    big = frame(dnsmsg.query("big.lan", "TXT")) * 50
    with PoliteClient(server) as polite:
        for _ in range(100):
            sock = socket.create_connection(server.address, 5)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            sockets.append(sock)
        for _ in range(20):
            for sock in sockets:
                try:
                    sock.send(big)
                except OSError:
                    pass
        enough = polite.answered + 100
        wait_for(lambda: polite.answered >= enough or polite.wrong, "answers while nobody reads")
    polite.judge(checks, "100 clients that never read")
    checks.check("memory is bounded while nobody reads", server.memory_kib() < server.start_memory + memory,
                 f"{server.memory_kib()} KiB after {server.start_memory}")
    for sock in sockets:
        sock.close()


def pipelined_then_reset(server: Kith, checks: Checks) -> None:
    """Many queries in one write, then RST before the answers."""
    queries = b"".join(frame(dnsmsg.query(name, rtype)) for _ in range(500) for name, rtype in
                       (("host.lan", "A"), ("big.lan", "TXT"), ("nothing.lan", "A")))
    with PoliteClient(server) as polite:
        for i in range(60):
            sock = socket.create_connection(server.address, 5)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.setblocking(False)
            try:
                sock.send(queries[:len(queries) // (1 + i % 7)])
            except OSError:
                pass
            sock.close()
        # And the same from one who waits: everything is answered, in any order.
        with socket.create_connection(server.address, 20) as sock:
            wanted = set(range(1000))
            sender = threading.Thread(target=lambda: sock.sendall(b"".join(
                frame(dnsmsg.query("host.lan", ident=ident)) for ident in sorted(wanted))))
            sender.start()
            seen = [Message(read_frame(sock)).id for _ in range(1000)]
            sender.join()
            checks.check("1000 pipelined queries have 1000 answers", set(seen) == wanted, len(set(seen)))
    polite.judge(checks, "pipelines that are reset")


def floods(server: Kith, checks: Checks, seconds: float, rng: random.Random) -> None:
    """Garbage, random queries and mutated queries over UDP as fast as one thread can."""
    valid = [message for _, message, _, _ in MESSAGES] + [dnsmsg.query("big.lan", "TXT", edns=opt(4096))]
    def garbage() -> bytes:
        return rng.randbytes(rng.choice([0, 1, 11, 12, 20, 100, 512, 1500]))
    def query() -> bytes:
        return dnsmsg.query(f"x{rng.randrange(10 ** 9)}.lan", rng.choice([1, 16, 28, 255, 65280]), edns=opt())
    def mutated() -> bytes:
        message = bytearray(rng.choice(valid) or b"\0")
        for _ in range(rng.randint(1, 6)):
            message[rng.randrange(len(message))] = rng.choice([0, 1, 0x29, 0x3f, 0x40, 0x80, 0xc0, 0xff, rng.randrange(256)])
        return bytes(message[:rng.randint(1, len(message))] if rng.random() < 0.2 else message)
    for what, make in (("garbage", garbage), ("random queries", query), ("mutated messages", mutated)):
        prepared = [make() for _ in range(4000)]
        sent = multiprocessing.Value("L", 0)
        flood = multiprocessing.Process(target=send_for, args=(server.address, prepared, seconds, sent))
        with PoliteClient(server) as polite:
            flood.start()
            flood.join()
        polite.judge(checks, f"a flood of {sent.value} {what}")
        checks.check(f"kith survives {what}", server.alive())


def send_for(address: tuple[str, int], messages: list[bytes], seconds: float, sent: object) -> None:
    """In a process of its own, so that the polite client does not wait for Python's lock."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in messages:
                sock.send(message)
            sent.value += len(messages)


def mutated_over_tcp(server: Kith, checks: Checks, count: int, rng: random.Random) -> None:
    """Mutated messages in frames, and frames with wrong lengths; the connection may end, the server not."""
    messages = [message for _, message, _, _ in MESSAGES if message]
    for _ in range(count):
        with socket.create_connection(server.address, 5) as sock:
            stream = bytearray(b"".join(frame(rng.choice(messages)) for _ in range(20)))
            for _ in range(10):
                stream[rng.randrange(len(stream))] = rng.randrange(256)
            sock.sendall(stream)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    checks.check("kith survives mutated streams", server.alive())


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each flood")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", type=int, default=MEMORY_GROWTH_KIB,
                        help="KiB it may grow by; sanitizers keep what is freed (default: %(default)s)")
    options = parser.parse_args()
    rng, checks = random.Random(options.seed), Checks()
    count = min(SLOW_CONNECTIONS, (raise_descriptor_limit(SLOW_CONNECTIONS + 500) - 300) // 2 * 2)
    with Kith(options.kith, CONFIG) as server:
        checks.equal("ready", server.ask("host.lan").data("A"), ["192.0.2.1"])
        server.start_memory, start_descriptors = server.memory_kib(), server.descriptors()
        message_table(server, checks)
        slow_loris(server, checks, count)
        half_open(server, checks, 100)
        never_reading(server, checks, options.memory)
        pipelined_then_reset(server, checks)
        floods(server, checks, options.seconds, rng)
        mutated_over_tcp(server, checks, 100, rng)
        checks.equal("at the end it answers", server.ask("host.lan").data("A"), ["192.0.2.1"])
        try:
            wait_for(lambda: server.descriptors() <= start_descriptors, "descriptors to come back", 15)
        except TimeoutError:
            pass
        checks.check("all descriptors are back", server.descriptors() <= start_descriptors,
                     f"{server.descriptors()}, at the start {start_descriptors}")
        growth = server.memory_kib() - server.start_memory
        checks.check("memory is bounded at the end", growth < options.memory, f"{growth} KiB more")
        print(f"memory: {server.start_memory} KiB at the start, {growth} KiB more at the end")
        checks.equal("exit code after SIGTERM", server.stop(), 0)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
