#!/usr/bin/env python3
"""Forwarding of the running program to name servers on loopback.

    tests/process/forward_test.py --kith build/dev/kith
"""

import random
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from dnsmsg import Message
from harness import Checks, Kith, arguments, frame, free_port, read_frame, wait_for, write_file
from upstream import Upstream, answer_a


def config(*upstreams: str, **server: object) -> dict:
    return {"server": {"listen": ["127.0.0.1:0"], "workers": 1, "upstream": list(upstreams), "upstream_timeout": "400ms", **server},
            "zones": {"own.lan": {}}, "records": [{"name": "host.own.lan", "type": "A", "value": "192.0.2.1"}]}


def asks_and_keeps(program: Path, checks: Checks) -> None:
    """What is asked upstream, with which precautions, and that answers are kept and age."""
    with Upstream() as upstream, Kith(program, config(upstream.text)) as server:
        reply = server.ask("www.example.com")
        checks.equal("a name that is not ours is forwarded", reply.data("A"), ["198.51.100.1"])
        checks.check("RA and no AA", reply.has(dnsmsg.RA) and not reply.has(dnsmsg.AA), hex(reply.flags))
        again = server.ask("WWW.example.COM")
        checks.equal("the second time it comes from the cache", (len(upstream.seen), again.data("A")), (1, ["198.51.100.1"]))
        checks.equal("the client's letter case is given back", again.questions[0][0], (b"WWW", b"example", b"COM"))
        checks.equal("over TCP the same", server.ask("www.example.com", tcp=True).data("A"), ["198.51.100.1"])
        for i in range(40):
            server.ask(f"longer-name-for-case-{i}.example.com")
        spelled = [name for _, message in upstream.seen for name in [b".".join(message.questions[0][0])]]
        checks.check("letters go out in random case (0x20)", any(name not in (name.lower(), name.upper()) for name in spelled), spelled[:3])
        checks.check("ids are not in a row", len({message.id for _, message in upstream.seen}) > 35)
        checks.check("EDNS offers 1232", all(message.edns and message.edns.rclass == 1232 for _, message in upstream.seen))
        checks.equal("without RD nothing is forwarded", server.ask("new.example.com", rd=False).rcode_name, "REFUSED")
        before = len(upstream.seen)
        for name, rtype in (("nothing.own.lan", "A"), ("host.own.lan", "TYPE65280"), ("own.lan", "DNSKEY"), ("own.lan", "DS"),
                            ("a.b.own.lan", "ANY"), ("1.168.192.in-addr.arpa", "PTR"), ("x.onion", "A"), ("printer.local", "A"),
                            ("localhost", "A"), ("a.test", "A"), ("x.invalid", "A"), ("home.arpa", "SOA")):
            server.ask(name, rtype)
        checks.equal("own and special names never leak", len(upstream.seen), before)
        ttl = wait_for(lambda: (found := server.ask("www.example.com").answer[0].ttl) < 300 and found, "the TTL to age")
        checks.check("the TTL ages", 290 < ttl < 300, ttl)


def repeated_case_is_checked(program: Path, checks: Checks) -> None:
    """Replies with another id, question or case are not believed, and TCP settles it."""
    def forge(query: bytes, transport: str) -> bytes:
        good = answer_a(query, transport)
        if transport == "tcp":
            return good
        wrong = bytearray(answer_a(query, transport, "203.0.113.66"))
        wrong[0] ^= 1
        return bytes(wrong)
    with Upstream(forge) as upstream, Kith(program, config(upstream.text)) as server:
        checks.equal("a wrong id is not believed", server.ask("forged.example.com").data("A"), ["198.51.100.1"])
        checks.check("TCP settles it", "tcp" in [transport for transport, _ in upstream.seen])

        def lower(query: bytes, transport: str) -> bytes:
            return answer_a(query if transport == "tcp" else query[:12] + query[12:].lower(), transport, "203.0.113.66" if transport == "udp" else
                            "198.51.100.1")
        upstream.handler = lower
        reply = server.ask("averyveryverylongname.with.many.letters.example.com")
        checks.equal("a reply in another case is not believed", reply.data("A"), ["198.51.100.1"])


def truncation(program: Path, checks: Checks) -> None:
    def handler(query: bytes, transport: str) -> bytes:
        if transport == "udp":
            return dnsmsg.response(query, flags=dnsmsg.RA | dnsmsg.TC)
        name, _ = dnsmsg.read_name(query, 12)
        return dnsmsg.response(query, [dnsmsg.record(name, "TXT", 60, dnsmsg.txt_rdata(f"{i:03}" * 60)) for i in range(40)])
    with Upstream(handler) as upstream, Kith(program, config(upstream.text)) as server:
        reply = server.ask("big.example.com", "TXT", edns=dnsmsg.opt())
        checks.check("what is too long for us too is truncated", reply.has(dnsmsg.TC))
        reply = server.ask("big.example.com", "TXT", tcp=True)
        checks.equal("truncated upstream: asked over TCP, all of it kept", (len(reply.answer), reply.has(dnsmsg.TC)), (40, False))
        checks.equal("one TCP query served both", [transport for transport, _ in upstream.seen], ["udp", "tcp"])


def failing_over(program: Path, checks: Checks) -> None:
    with Upstream(lambda *_: None) as silent, Upstream() as good:
        with Kith(program, config(silent.text, good.text)) as server:
            checks.equal("a silent upstream is passed over", server.ask("one.example.com").data("A"), ["198.51.100.1"])
        for rcode in (2, 5):
            silent.handler = lambda query, _transport, rcode=rcode: dnsmsg.response(query, rcode=rcode)
            with Kith(program, config(silent.text, good.text)) as server:
                checks.equal(f"so is one that says {dnsmsg.RCODE_NAMES[rcode]}", server.ask("two.example.com").data("A"), ["198.51.100.1"])
        closed = f"127.0.0.1:{free_port()}"
        with Kith(program, config(closed, good.text)) as server:
            checks.equal("so is a closed port", server.ask("three.example.com").data("A"), ["198.51.100.1"])
        with Kith(program, config(closed)) as server:
            reply = server.ask("four.example.com", edns=dnsmsg.opt())
            checks.equal("with nobody left it is SERVFAIL", reply.rcode_name, "SERVFAIL")
            checks.check("with an extended error", dnsmsg.EDE in reply.options(), reply.options())
            checks.equal("own names are answered all the same", server.ask("host.own.lan").data("A"), ["192.0.2.1"])


def stale_answers(program: Path, checks: Checks) -> None:
    with Upstream(lambda query, transport: answer_a(query, transport, ttl=1)) as upstream:
        with Kith(program, config(upstream.text, serve_stale=3600, prefetch=False)) as server:
            checks.equal("fresh", server.ask("old.example.com").data("A"), ["198.51.100.1"])
            upstream.handler = lambda *_: None
            found = []

            def stale() -> bool:
                reply = server.ask("old.example.com", edns=dnsmsg.opt())
                found.append((reply.rcode_name, reply.data("A"), reply.options().get(dnsmsg.EDE, b"")[:2].hex()))
                return found[-1][2] == "0003"
            try:
                wait_for(stale, "a stale answer", 15)
            except TimeoutError:
                pass
            checks.equal("expired, and upstream silent: the old answer with EDE 3 (RFC 8767)", found[-1],
                         ("NOERROR", ["198.51.100.1"], "0003"))
            checks.check("never SERVFAIL meanwhile", all(rcode == "NOERROR" for rcode, _, _ in found), found[-3:])


def same_question_at_once(program: Path, checks: Checks) -> None:
    """A hundred clients, one question, one message upstream."""
    release = threading.Event()

    def handler(query: bytes, transport: str) -> bytes:
        release.wait(10)
        return answer_a(query, transport)
    with Upstream(handler) as upstream, Kith(program, config(upstream.text, upstream_timeout=10)) as server:
        sockets = []
        for _ in range(100):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect(server.address)
            sock.send(dnsmsg.query("crowd.example.com"))
            sockets.append(sock)
        # Answered behind all of them: so they have been taken in (one worker, one socket).
        server.ask("host.own.lan")
        wait_for(lambda: upstream.seen, "the question upstream")
        at_release = len(upstream.seen)
        release.set()
        answered = 0
        for sock in sockets:
            sock.settimeout(10)
            answered += Message(sock.recv(4096)).data("A") == ["198.51.100.1"]
            sock.close()
        checks.equal("100 clients with one question all get the answer", answered, 100)
        checks.check("for one message upstream, and repetitions to a slow server (attempts_max)", at_release <= 8, at_release)


def by_domain_and_file(program: Path, checks: Checks) -> None:
    with Upstream() as general, Upstream(lambda q, t: answer_a(q, t, "198.51.100.2")) as office, \
            Upstream(lambda q, t: answer_a(q, t, "198.51.100.3")) as inner:
        forward = {"corp.example": [office.text], "inner.corp.example": [inner.text], "internal": [],
                   "168.192.in-addr.arpa": [office.text]}
        with Kith(program, config(general.text, forward=forward)) as server:
            for name, wanted in (("www.example.com", "198.51.100.1"), ("corp.example", "198.51.100.2"), ("a.b.corp.example", "198.51.100.2"),
                                 ("x.INNER.corp.example", "198.51.100.3"), ("xcorp.example", "198.51.100.1")):
                checks.equal(f"{name} goes to the server of the longest domain", server.ask(name).data("A"), [wanted])
            checks.equal("[] denies and asks nobody", server.ask("x.internal").rcode_name, "NXDOMAIN")
            server.ask("1.1.168.192.in-addr.arpa", "PTR")
            checks.check("a private reverse zone with upstreams of its own is forwarded", "1.1.168.192.in-addr.arpa." in office.names())
        # 127.0.0.x port 53 is not ours to serve: that the file is followed shows in who is asked.
        with Kith(program, config(general.text, resolv_conf="resolv.conf"), files={"resolv.conf": "# nothing yet\n"}) as server:
            checks.equal("a resolv.conf that names nobody: `upstream`", server.ask("www.example.com").data("A"), ["198.51.100.1"])
            before = len(server.log())
            write_file(server.folder / "resolv.conf", "nameserver 127.0.0.253\n")
            server.wait_log("config.reloaded", after=before)
            seen = len(general.seen)
            checks.equal("a resolv.conf with a server is followed", server.ask("other.example.com").rcode_name, "SERVFAIL")
            checks.equal("and `upstream` is not asked", len(general.seen), seen)
            before = len(server.log())
            write_file(server.folder / "resolv.conf", "")
            server.wait_log("config.reloaded", after=before)
            checks.equal("and left again", server.ask("third.example.com").data("A"), ["198.51.100.1"])


def loops(program: Path, checks: Checks) -> None:
    port = free_port()
    conf = config(f"127.0.0.1:{port}")
    conf["server"]["listen"] = [f"127.0.0.1:{port}"]
    with Kith(program, conf, wait=False) as server:
        wait_for(lambda: not server.alive() or "server.listening" in server.log(), "a verdict on an upstream that is ourselves")
        if server.alive():
            server.wait_ready()
            checks.equal("an upstream that is ourselves: SERVFAIL, not a storm", server.ask("loop.example.com").rcode_name, "SERVFAIL")
        text = server.log()
        checks.check("and it is said", str(port) in text and "upstream" in text, text[-400:])
    # Two servers that name each other: found by the query itself.
    ports = free_port(), free_port()
    confs = [config(f"127.0.0.1:{ports[1 - i]}") for i in (0, 1)]
    for conf, port in zip(confs, ports):
        conf["server"]["listen"] = [f"127.0.0.1:{port}"]
    with Kith(program, confs[0]) as one, Kith(program, confs[1]) as two:
        begin = time.monotonic()
        checks.equal("two that forward to each other: SERVFAIL", one.ask("circle.example.com").rcode_name, "SERVFAIL")
        for server in (one, two):
            before = len(server.log())
            server.process.send_signal(signal.SIGUSR1)
            text = server.wait_log("worker.counted", after=before)[before:]
            sent = int(text.split("forwarded=")[1].split()[0])
            checks.check("with a bounded number of messages", sent <= 8, sent)
        checks.check("in bounded time", time.monotonic() - begin < 15)


def in_flight(program: Path, checks: Checks) -> None:
    """Reloads, clients that leave, and the end, while questions are upstream."""
    release = threading.Event()

    def handler(query: bytes, transport: str) -> bytes:
        release.wait(10)
        return answer_a(query, transport)
    with Upstream(handler) as upstream, Kith(program, config(upstream.text, upstream_timeout=10)) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection(server.address, 20) as tcp:
            udp.connect(server.address)
            udp.settimeout(20)
            udp.send(dnsmsg.query("datagram.example.com"))
            tcp.sendall(frame(dnsmsg.query("stream.example.com")))
            tcp.shutdown(socket.SHUT_WR)  # it has said all, and still listens
            for i in range(30):
                with socket.create_connection(server.address, 20) as gone:
                    gone.sendall(frame(dnsmsg.query(f"gone{i}.example.com")))
                    if i % 2:
                        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wait_for(lambda: {"datagram.example.com.", "stream.example.com.", "gone0.example.com."} <= set(upstream.names()), "the questions")
            server.reload()
            server.reload()
            release.set()
            checks.equal("a question in flight outlives reloads (UDP)", Message(udp.recv(4096)).data("A"), ["198.51.100.1"])
            checks.equal("and so over TCP, half closed", Message(read_frame(tcp)).data("A"), ["198.51.100.1"])
        checks.equal("clients that left are forgotten", server.ask("host.own.lan").data("A"), ["192.0.2.1"])
        release.clear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(server.address)
            for i in range(50):
                udp.send(dnsmsg.query(f"never{i}.example.com"))
            wait_for(lambda: any("never" in name for name in upstream.names()), "the questions")
            checks.equal("SIGTERM does not wait for upstreams", server.stop(5), 0)
        release.set()


def garbled_replies(program: Path, checks: Checks) -> None:
    """An upstream that sends damaged replies: every client gets a well-formed answer or SERVFAIL."""
    rng = random.Random(1)

    def handler(query: bytes, transport: str) -> bytes:
        name, _ = dnsmsg.read_name(query, 12)
        reply = bytearray(rng.choice([answer_a(query, transport), dnsmsg.response(
            query, [dnsmsg.record(name, "CNAME", 60, dnsmsg.name_wire("x.example.org")), dnsmsg.record("x.example.org", "A", 60, b"\1\2\3\4")],
            authority=[dnsmsg.record("example.org", "NS", 60, dnsmsg.name_wire("ns.example.org"))])]))
        for _ in range(rng.randint(0, 3)):
            reply[rng.randrange(2, len(reply))] = rng.choice([0, 0xc0, 0xff, rng.randrange(256)])
        return bytes(reply[:rng.randrange(len(reply))] if rng.random() < 0.1 else reply)
    count, window = 600, 40
    with Upstream(handler) as upstream, Kith(program, config(upstream.text, upstream_timeout="300ms")) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(server.address)
            sock.settimeout(20)
            rcodes: set[str] = set()
            for ident in range(count + window):
                if ident < count:
                    sock.send(dnsmsg.query(f"m{ident}.example.com", rng.choice(["A", "AAAA", "TXT", "ANY"]), edns=dnsmsg.opt(), ident=ident))
                if ident >= window:
                    rcodes.add(Message(sock.recv(4096)).rcode_name)
        checks.check("garbled replies never garble ours", {"NOERROR", "SERVFAIL"} <= rcodes <= set(dnsmsg.RCODES), rcodes)
        checks.equal("own names are answered behind them", server.ask("host.own.lan").data("A"), ["192.0.2.1"])


PARTS = [asks_and_keeps, repeated_case_is_checked, truncation, failing_over, stale_answers, same_question_at_once, by_domain_and_file,
         loops, in_flight, garbled_replies]


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--part", help="only the function of this name")
    options = parser.parse_args()
    checks = Checks()
    for part in PARTS:
        if options.part in (None, part.__name__):
            try:
                part(options.kith.resolve(), checks)
            except Exception as error:  # one part that breaks off must not hide the others
                checks.check(part.__name__, False, f"{type(error).__name__}: {error}")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
