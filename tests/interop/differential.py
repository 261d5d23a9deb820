#!/usr/bin/env python3
"""The same master files and the same generated queries to kith, Knot, NSD and BIND.

Every answer of kith is compared with the others' as flags, rcode and sections (as sets, TTLs
included). It passes when it equals one of them, or when every difference is explained by a rule
below that names an entry of docs/dialect.md. Anything else is printed with a dig command that
repeats it, and the exit code is 1.

    tests/interop/differential.py --kith build/dev/kith [--queries 10000] [--seed 1] [--keep]
"""

import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import rules
import servers
import zones
from dnsmsg import Message
from harness import Checks, arguments, skip

QUERY_TYPES = (["A"] * 8 + ["AAAA"] * 4 + ["ANY"] * 2 + ["DS", "NS", "SOA", "CNAME", "DNAME", "TYPE65280", "MX", "TXT", "SRV", "PTR"] * 2 +
               ["CAA", "HTTPS", "SVCB", "NAPTR", "TLSA", "RRSIG", "NSEC", "DNSKEY", "NULL", "SPF", "URI", "LOC", "HINFO", "RP", "CERT"])

# Additional data may be left out for want of room; how full a datagram is with that much left varies
# with how names are compressed.
NEARLY_FULL = 200


class Question:
    """One query, and how a person can repeat it."""

    def __init__(self, name: tuple[bytes, ...], rtype: str, rng: random.Random):
        self.name, self.rtype = name, rtype
        self.rd = rng.random() < 0.5
        self.edns = rng.random() < 0.8
        self.do = self.edns and rng.random() < 0.4
        self.payload = rng.choice([512, 512, 1232, 1232, 4096, 0, 65535])
        edns = dnsmsg.opt(self.payload, do=self.do) if self.edns else None
        self.wire = dnsmsg.query(name, rtype, ident=rng.randrange(65536), rd=self.rd, edns=edns)

    def dig(self, port: int) -> str:
        text = dnsmsg.name_to_text(self.name).replace("'", "\\039")
        edns = f"+bufsize={self.payload}{' +dnssec' if self.do else ''}" if self.edns else "+noedns"
        return (f"dig @127.0.0.1 -p {port} '{text}' {self.rtype} {edns} +{'' if self.rd else 'no'}rec "
                "+noad +nocookie +ignore")


def mangle_case(labels: tuple[bytes, ...], rng: random.Random) -> tuple[bytes, ...]:
    return tuple(bytes(byte ^ 0x20 if chr(byte).isalpha() and byte < 128 and rng.random() < 0.5 else byte for byte in label)
                 for label in labels)


def is_name(labels: tuple[bytes, ...]) -> bool:
    return all(len(label) <= 63 for label in labels) and len(dnsmsg.name_wire(labels)) <= 255


def make_questions(served: list[zones.Zone], count: int, rng: random.Random) -> list[Question]:
    known = [dnsmsg.name_from_text(name) for zone in served for name in sorted(zone.names)]
    apexes = [dnsmsg.name_from_text(zone.apex) for zone in served]
    out: list[Question] = []
    # Every name once with a type that may exist there, so that none is left to chance.
    for name in known:
        out.append(Question(name, rng.choice(["A", "ANY", "TXT"]), rng))
    types = [f"{rdata[0]}" for rdata in zones.RDATA if rdata[0] in dnsmsg.TYPES]
    while len(out) < count:
        base = rng.choice(known)
        shape = rng.random()
        if shape < 0.55:
            name = base
        elif shape < 0.75:
            name = (rng.choice(zones.LABELS).encode(),) + base
        elif shape < 0.82:
            name = (b"nx%d" % rng.randrange(1000), b"y") + base
        elif shape < 0.90:
            name = base[rng.randrange(len(base) + 1):]  # ancestors: apexes, empty non-terminals, the root
        elif shape < 0.94:
            name = (b"*",) + base
        elif shape < 0.97:
            name = (b"nx%d" % rng.randrange(1000),) + rng.choice(apexes)
        else:
            name = (b"www", b"elsewhere", rng.choice([b"example", b"test", b"arpa"]))
        if rng.random() < 0.3:
            name = mangle_case(name, rng)
        if is_name(name):
            out.append(Question(name, rng.choice(QUERY_TYPES if rng.random() < 0.9 else types), rng))
    return out


def canonical_rdata(record: dnsmsg.Record) -> bytes:
    """Case does not count in the names of RFC 1035's types; all others are compared as they are."""
    return record.rdata.lower() if record.type in dnsmsg.NAMES_IN_RDATA else record.rdata


class Reply:
    """An answer made comparable: sets of records, names in lower case."""

    def __init__(self, wire: bytes):
        self.message = message = Message(wire)
        self.rcode = message.rcode_name
        self.flags = frozenset(name for name in ("AA", "TC", "RD", "RA", "AD", "CD") if message.has(getattr(dnsmsg, name)))
        self.question = message.questions
        self.sections = [frozenset((tuple(label.lower() for label in record.name), record.type, record.rclass, record.ttl,
                                    canonical_rdata(record)) for record in section) for section in message.sections]
        self.repeated = sum(len(section) for section in message.sections) != sum(map(len, self.sections))
        self.has_edns = message.edns is not None
        self.do = bool(message.edns and message.edns.ttl & 0x8000)
        self.options = frozenset(message.options())

    def differences(self, other: "Reply") -> frozenset[str]:
        out = {what for what in ("rcode", "question", "has_edns", "do") if getattr(self, what) != getattr(other, what)}
        out |= {f"flag {flag}" for flag in self.flags ^ other.flags}
        out |= {name for name, mine, theirs in zip(("answer", "authority", "additional"), self.sections, other.sections)
                if mine != theirs}
        return frozenset(out)

    def text(self) -> str:
        lines = [f"    {self.rcode} {' '.join(sorted(self.flags))}"]
        for title, section in zip(("answer", "authority", "additional"), self.message.sections):
            lines += [f"      {title}: {record.ttl} {record.text()[:120]}" for record in section[:8]]
            if len(section) > 8:
                lines.append(f"      {title}: and {len(section) - 8} more")
        return "\n".join(lines)


class Comparison:
    def __init__(self, served: list[zones.Zone], running: dict[str, servers.Server], checks: Checks, shown_max: int):
        self.zones, self.running, self.checks = served, running, checks
        self.equal_to: Counter[str] = Counter()
        self.explained: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.shown, self.shown_max = 0, shown_max

    def zone_of(self, name: tuple[bytes, ...]) -> zones.Zone | None:
        lower = [label.lower() for label in name]
        inside = [zone for zone in self.zones for apex in [dnsmsg.name_from_text(zone.apex)]
                  if not apex or lower[-len(apex):] == list(apex)]
        return max(inside, key=lambda zone: len(dnsmsg.name_from_text(zone.apex)), default=None)

    def compare(self, question: Question) -> None:
        replies, over_tcp = {}, {}
        zone = self.zone_of(question.name)
        for name, server in self.running.items():
            if zone is not None and name in zone.unsuitable_for:
                continue
            wire = server.ask(question.wire)
            if wire is None:
                if name == "kith":
                    self.fail(question, {}, "kith did not answer")
                    return
                continue
            replies[name] = Reply(wire)
        room = 512 if not question.edns else min(max(question.payload, 512), servers.PAYLOAD)
        if any("TC" in reply.flags or len(reply.message.wire) > room - NEARLY_FULL for reply in replies.values()):
            # What fits is judged by size; what the answer is, by asking again over TCP.
            self.check_truncation(question, replies["kith"], room)
            over_tcp = {name: self.running[name].ask_tcp(question.wire) for name in replies}
            replies = {name: Reply(wire) for name, wire in over_tcp.items() if wire is not None}
            if "kith" not in replies:
                self.fail(question, {}, "kith did not answer over TCP")
                return
        self.judge(question, zone, replies)

    def check_truncation(self, question: Question, mine: Reply, room: int) -> None:
        if len(mine.message.wire) > room:
            self.fail(question, {"kith": mine}, f"{len(mine.message.wire)} bytes in a datagram of at most {room}")
        if "TC" in mine.flags:
            wire = self.running["kith"].ask_tcp(question.wire)
            if wire is not None and len(wire) <= room and "TC" not in Reply(wire).flags:
                self.fail(question, {"kith": mine}, f"TC, though the whole answer is {len(wire)} bytes and {room} are allowed")

    def judge(self, question: Question, zone: zones.Zone | None, replies: dict[str, Reply]) -> None:
        mine = replies.pop("kith")
        if mine.repeated:
            return self.fail(question, {"kith": mine}, "a record twice in one section")
        differences = {name: mine.differences(other) for name, other in replies.items()}
        equal = [name for name, found in differences.items() if not found]
        if equal:
            self.checks.passed += 1
            self.equal_to.update(equal)
            return None
        apexes = [dnsmsg.name_from_text(zone.apex) for zone in self.zones]
        for name in sorted(differences, key=lambda name: len(differences[name])):
            context = rules.Context(question, zone, apexes, lambda at, rtype, name=name: self.ask_more(name, question, at, rtype))
            entries = rules.explain(context, mine, replies[name])
            if entries:
                self.checks.passed += 1
                for entry in entries:
                    self.explained[entry] += 1
                    self.examples.setdefault(entry, f"{question.dig(self.running['kith'].port)}   # other: {name}")
                return None
        least = min(differences, key=lambda name: len(differences[name]))
        return self.fail(question, {"kith": mine} | replies, f"differs from {least} in {', '.join(sorted(differences[least]))}")

    def ask_more(self, server: str, question: Question, name: tuple[bytes, ...], rtype: str | int) -> Reply | None:
        """The same question about another name, over TCP."""
        edns = dnsmsg.opt(question.payload, do=question.do) if question.edns else None
        wire = self.running[server].ask_tcp(dnsmsg.query(name, rtype, rd=question.rd, edns=edns))
        return Reply(wire) if wire is not None else None

    def fail(self, question: Question, replies: dict[str, Reply], why: str) -> None:
        self.checks.failed += 1
        self.shown += 1
        if self.shown > self.shown_max:
            return
        print(f"UNEXPLAINED: {why}\n  {question.dig(self.running['kith'].port)}")
        for name, reply in replies.items():
            print(f"  {name}\n{reply.text()}")
        sys.stdout.flush()


def run(served: list[zones.Zone], options: object, count: int, folder: Path, checks: Checks) -> Comparison:
    rng = random.Random(options.seed)
    for zone in served:
        (folder / servers.file_name(zone)).write_text(zone.text())
    running: dict[str, servers.Server] = {}
    try:
        for name in servers.COMMANDS:
            running[name] = servers.Server(name, options.kith.resolve(), folder / name, served)
        for server in running.values():
            server.wait_ready()
        comparison = Comparison(served, running, checks, options.show)
        for question in make_questions(served, count, rng):
            comparison.compare(question)
        checks.check("kith lives", running["kith"].process.poll() is None, running["kith"].log()[-2000:])
        return comparison
    finally:
        for server in running.values():
            server.stop()


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20, help="how many unexplained differences to print")
    parser.add_argument("--keep", action="store_true", help="keep the folder of zones, configurations and logs")
    options = parser.parse_args()
    if missing := servers.missing():
        return skip(f"not installed: {', '.join(missing)}")
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="kith-differential-"))
    try:
        (folder / "many").mkdir()
        (folder / "root").mkdir()
        parts = {"many zones": run(zones.make(options.seed), options, options.queries, folder / "many", checks),
                 "the root": run(zones.make_root(options.seed), options, options.queries // 10, folder / "root", checks)}
    finally:
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder)
    for title, part in parts.items():
        equal = ", ".join(f"{name} {count}" for name, count in part.equal_to.most_common())
        print(f"{title}: equal to {equal or 'nobody'}")
        for entry, count in part.explained.most_common():
            print(f"  {entry} explains {count}, for example {part.examples[entry]}")
    rules.check_documented(checks, set().union(*(part.explained for part in parts.values())))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
