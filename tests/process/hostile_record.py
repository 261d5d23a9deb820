#!/usr/bin/env python3
"""Hostile transfers, notifications and updates against the running program: a stranger at a primary, and a
secondary whose primary sends what no primary should. Whatever comes, the zone stays as it was, it is served,
and the next good version is taken.

    tests/process/hostile_record.py --kith build/dev/kith
"""

import socket
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import dnsupdate
from dnsmsg import RCODES, TYPES, name_wire
from dnsupdate import Key, add_a, record, update
from harness import Checks, Kith, arguments, frame, read_frame, wait_for

ZONE = "copy.example."
KEY = Key("laptop.")
FILE = "$ORIGIN dyn.example.\n$TTL 300\n@ SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\nns A 127.0.0.1\n"


def soa(serial: int, zone: str = ZONE) -> bytes:
    return record(zone, "SOA", 300, name_wire("ns." + zone) + name_wire("admin." + zone) + struct.pack("!IIIII", serial, 3600, 900, 604800, 300))


def ns(zone: str = ZONE) -> bytes:
    return record(zone, "NS", 300, name_wire("ns." + zone))


def message(query: bytes, records: list[bytes], count: int | None = None, flags: int = 0x8400) -> bytes:
    question = query[12:12 + len(name_wire(ZONE)) + 4]
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records) if count is None else count, 0, 0) + question + b"".join(records)


class Primary(threading.Thread):
    """Answers the SOA with its serial, and transfers with whatever messages it is told to send."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.serial = 1
        self.messages = self.good
        self.transfers = 0
        threading.Thread(target=self.answer_udp, daemon=True).start()

    def good(self, query: bytes) -> list[bytes]:
        return [message(query, [soa(self.serial), ns(), add_a(f"v{self.serial}.{ZONE}", "192.0.2.1"), soa(self.serial)])]

    def answer_udp(self) -> None:
        while True:
            query, client = self.udp.recvfrom(65535)
            self.udp.sendto(message(query, [soa(self.serial)]), client)

    def run(self) -> None:
        while True:
            connection, _ = self.tcp.accept()
            with connection:
                connection.settimeout(5)
                try:
                    query = read_frame(connection)
                    if dnsmsg.Message(query).questions[0][1] == TYPES["SOA"]:
                        connection.sendall(frame(message(query, [soa(self.serial)])))
                        continue
                    self.transfers += 1
                    for one in self.messages(query):
                        connection.sendall(frame(one))
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass
                except OSError:
                    continue


# What is sent for the version of serial n. None of it makes a version.
def attacks(n: int) -> list[tuple[str, object]]:
    a = add_a(f"bad.{ZONE}", "192.0.2.66")
    return [
        ("nothing", lambda q: []),
        ("a transfer that is cut off", lambda q: [message(q, [soa(n), ns(), a])]),
        ("differences that are cut off", lambda q: [message(q, [soa(n), soa(n - 1), soa(n), a])]),
        ("differences from a serial that nobody asked for", lambda q: [message(q, [soa(n), soa(77), soa(n), a, soa(n)])]),
        ("differences that go nowhere", lambda q: [message(q, [soa(n), soa(n - 1), soa(n - 1), a, soa(n)])]),
        ("differences that remove what is not there", lambda q: [message(q, [soa(n), soa(n - 1), a, soa(n), soa(n)])]),
        ("another SOA in the middle", lambda q: [message(q, [soa(n), ns(), soa(n + 5), a, soa(n)])]),
        ("another SOA at the end", lambda q: [message(q, [soa(n), ns(), a, soa(n + 1)])]),
        ("no SOA in front", lambda q: [message(q, [a, soa(n), ns(), soa(n)])]),
        ("a record out of the zone", lambda q: [message(q, [soa(n), ns(), add_a("www.bank.example.", "192.0.2.66"), soa(n)])]),
        ("the SOA of another zone", lambda q: [message(q, [soa(n, "other.example."), ns(), soa(n, "other.example.")])]),
        ("another class", lambda q: [message(q, [soa(n), ns(), record(f"c.{ZONE}", "A", 300, b"\1\2\3\4", 3), soa(n)])]),
        ("data that its type cannot have", lambda q: [message(q, [soa(n), ns(), record(f"x.{ZONE}", "A", 300, b"\1\2\3"), soa(n)])]),
        ("a CNAME beside other data", lambda q: [message(q, [soa(n), ns(), a, record(f"bad.{ZONE}", "CNAME", 300, name_wire("x.")), soa(n)])]),
        ("an OPT record as data", lambda q: [message(q, [soa(n), ns(), record(ZONE, "OPT", 0, b""), soa(n)])]),
        ("more records promised than sent", lambda q: [message(q, [soa(n), ns()], 9)]),
        ("an answer to another question", lambda q: [b"\0\0" + message(q, [soa(n), ns(), soa(n)])[2:]]),
        ("a query in place of an answer", lambda q: [message(q, [soa(n), ns(), soa(n)], flags=0)]),
        ("an error in the middle", lambda q: [message(q, [soa(n), ns()]), message(q, [a], flags=0x8402), message(q, [soa(n)])]),
        ("no DNS at all", lambda q: [b"HTTP/1.1 200 OK\r\n\r\n"]),
        ("an older version", lambda q: [message(q, [soa(0xffffffff), ns(), a, soa(0xffffffff)])]),
        ("types of one name without end", lambda q: [message(q, [soa(n), ns()] + [record_of_type(65280 + i) for i in range(254)] + [record_of_type(65000 + i) for i in range(100)] + [soa(n)])]),
    ]


def record_of_type(number: int) -> bytes:
    return name_wire(f"many.{ZONE}") + struct.pack("!HHIH", number, 1, 300, 1) + b"x"


def hostile_primary(checks: Checks, program: Path) -> None:
    primary = Primary()
    primary.start()
    config = {"zones": {ZONE: {"transfer": {"primaries": [f"127.0.0.1:{primary.port}"]}}}}
    with Kith(program, config) as kith:
        def served() -> int:
            answer = kith.ask(ZONE, "SOA").sections[0]
            return dnsupdate.serial(answer[0].rdata) if answer else 0
        wait_for(lambda: served() == 1, "the first version")
        for number, (what, _) in enumerate(attacks(2)):
            bad, good = 2 * number + 2, 2 * number + 3
            primary.serial, primary.messages = bad, attacks(bad)[number][1]
            before = primary.transfers
            kith.udp(dnsupdate.notify(ZONE))
            wait_for(lambda: primary.transfers > before, f"the transfer: {what}")
            primary.serial, primary.messages = good, primary.good
            # The next one is asked for at once or after the retry of a failure, whose waits a NOTIFY cuts short.
            wait_for(lambda: kith.udp(dnsupdate.notify(ZONE)) and served() in (bad, good), f"an answer after {what}")
            wait_for(lambda: kith.udp(dnsupdate.notify(ZONE)) and served() == good, f"the next version after {what}")
            log = kith.log()
            checks.check(f"{what}: makes no version", f"serial={bad} " not in log.replace("transfer.failed", ""), log[-300:])
            checks.equal(f"{what}: nothing of it is served", kith.ask(f"bad.{ZONE}").rcode, RCODES["NXDOMAIN"])
        checks.check("it lives", kith.alive())


def strangers(checks: Checks, program: Path) -> None:
    """Who has no business there is told so, by whichever transport."""
    config = {"keys": KEY.config(), "zones": {
        "dyn.example.": {"file": "dyn.zone", "update": ["grant laptop. zonesub ANY"], "transfer": {"allow": ["192.0.2.0/24", "key laptop."]}},
        ZONE: {"transfer": {"primaries": ["192.0.2.53"], "allow": ["192.0.2.0/24"]}}}}
    with Kith(program, config, files={"dyn.zone": FILE}) as kith:
        axfr = dnsmsg.query("dyn.example.", "AXFR", rd=False)
        change = update("dyn.example.", add_a("x.dyn.example.", "192.0.2.1"))
        tkey = dnsmsg.query("laptop.", "A", rd=False)
        tkey = tkey[:-4] + struct.pack("!HH", 249, 255)
        for way, ask in (("UDP", kith.udp), ("TCP", kith.tcp)):
            checks.equal(f"NOTIFY of a stranger over {way}", ask(dnsupdate.notify(ZONE)).rcode, RCODES["REFUSED"])
            checks.check(f"NOTIFY of a zone that has no primary over {way}", ask(dnsupdate.notify("dyn.example.")).rcode in (RCODES["REFUSED"], 9))
            checks.check(f"NOTIFY that is cut over {way}", ask(dnsupdate.notify(ZONE)[:15]).rcode == RCODES["FORMERR"])
            checks.equal(f"UPDATE without a key over {way}", ask(change).rcode, RCODES["REFUSED"])
            checks.equal(f"UPDATE with a wrong key over {way}", ask(Key("laptop.", b"guessed").sign(change)).rcode, 9)
            checks.check(f"TKEY over {way}", ask(tkey).rcode != 0)
        checks.equal("AXFR of a stranger", kith.tcp(axfr).rcode, RCODES["REFUSED"])
        checks.equal("AXFR with a guessed key", kith.tcp(Key("laptop.", b"guessed").sign(axfr)).rcode, 9)
        checks.equal("AXFR of a zone that has not come", kith.tcp(dnsmsg.query(ZONE, "AXFR", rd=False)).rcode, RCODES["REFUSED"])
        checks.check("AXFR over UDP", kith.udp(KEY.sign(axfr)).rcode != 0)
        checks.equal("AXFR with the key", kith.tcp(KEY.sign(axfr)).rcode, 0)
        checks.check("it lives", kith.alive())


def main() -> int:
    options = arguments(__doc__.split("\n\n")[0]).parse_args()
    checks = Checks()
    strangers(checks, options.kith.resolve())
    hostile_primary(checks, options.kith.resolve())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
