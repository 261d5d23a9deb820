#!/usr/bin/env python3
"""Signed zones, served by kith, Knot and NSD and asked ten thousand times with DO.

The zones are made from a seed, with wildcards, delegations signed and not, empty non-terminals, aliases
and DNAME, and signed by dnssec-signzone (NSEC, NSEC3, NSEC3 with salt and iterations, opt-out) and by
`kith zone sign`. An answer of kith equals that of another server or differs in nothing but an entry of
docs/dialect.md; besides, Unbound, which trusts the zone's key, asks kith alone and must find every answer
it gives secure (or, of what opted out, insecure), and delv must say so of a sample.

    tests/interop/signed.py --kith build/dev/kith [--queries 10000] [--validated 2000] [--seed 1] [--keep]
"""

import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import rules
import servers
import zones
from differential import Comparison, Question, Reply
from harness import Checks, arguments, free_port, skip, udp_exchange

TOOLS = ["dnssec-keygen", "dnssec-signzone", "unbound", "delv"]
TYPES = ["A"] * 6 + ["AAAA", "TXT", "MX", "DS", "DS", "NS", "SOA", "CNAME", "DNAME", "DNSKEY", "NSEC", "RRSIG", "NSEC3", "NSEC3PARAM",
                     "TYPE65280", "ANY"]
DS = "12345 13 2 " + "ab" * 32
SIGNERS = {
    "nsec": [],
    "nsec3": ["-3", "-", "-H", "0"],
    "salted": ["-3", "0123abcd", "-H", "5"],
    "opt-out": ["-3", "-", "-H", "0", "-A"],
}
KITH_SIGNERS = {"kith-nsec": [], "kith-nsec3": ["--nsec3"], "kith-opt-out": ["--nsec3", "--opt-out"]}


def make_zone(apex: str, rng: random.Random) -> zones.Zone:
    zone = zones.Zone(apex)
    zone.start(300, 3600)
    for i in range(60):
        owner = ".".join(rng.choice("abcdefgh") + str(rng.randrange(9)) for _ in range(rng.randint(1, 4)))
        zone.add(owner, "A", f"192.0.2.{i}", 600)
        if rng.random() < 0.3:
            zone.add(owner, "TXT", f'"number {i}"', 60)
    zone.add("@", "MX", f"10 mail.{apex}")
    zone.add("mail", "AAAA", "2001:db8::25")
    zone.add("*.wild", "TXT", '"anything"')
    zone.add("*.wild", "MX", f"10 mail.{apex}")
    zone.add("sub.*.wild", "A", "192.0.2.77")
    zone.add("here.wild", "A", "192.0.2.78")
    zone.add("*.to", "CNAME", f"a.here.wild.{apex}")
    zone.add("*.there", "CNAME", f"x.wild.{apex}")
    zone.add("alias", "CNAME", f"mail.{apex}")
    zone.add("twice", "CNAME", f"q.there.{apex}")
    zone.add("dangling", "CNAME", f"nowhere.{apex}")
    zone.add("away", "CNAME", "elsewhere.example.")
    zone.add("moved", "DNAME", f"wild.{apex}")
    zone.add("to-cut", "CNAME", f"www.insecure.{apex}")
    for name in ("secure", "deep.ent.secure2"):
        zone.add(name, "NS", f"ns.{name}.{apex}")
        zone.add(name, "DS", DS)
        zone.add(f"ns.{name}", "A", "192.0.2.60")
    for name in ("insecure", "only.insecure.below", "insecure2", "b.wild"):
        zone.add(name, "NS", f"ns.{name}.{apex}")
        zone.add(f"ns.{name}", "A", "192.0.2.61")
    for name in ("wild", "*.wild", "ent.secure2", "below", "insecure.below", "www.insecure", "a.b.secure", "x.moved", "here.moved"):
        zone.names.add(zone.absolute(name))
    return zone


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def make_keys(apex: str, folder: Path) -> list[str]:
    keys = []
    for flags in (["-f", "KSK"], []):
        keys.append(run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-K", str(folder), *flags, apex], folder).split()[-1])
    return keys


def sign(zone: zones.Zone, kind: str, kith: Path, folder: Path) -> str:
    """Signs the zone in its file and returns the DNSKEY to trust."""
    keys = make_keys(zone.apex, folder)
    target = folder / servers.file_name(zone)
    plain = folder / f"{kind}.plain"
    if kind in KITH_SIGNERS:
        plain.write_text(zone.text())
        run([str(kith), "zone", "sign", "--origin", zone.apex, "-K", str(folder), "-o", str(target), *KITH_SIGNERS[kind], str(plain)], folder)
    else:
        plain.write_text(zone.text() + "".join((folder / f"{key}.key").read_text() for key in keys))
        run(["dnssec-signzone", "-q", "-P", "-O", "full", "-o", zone.apex, "-K", str(folder), "-f", str(target), *SIGNERS[kind],
             str(plain)], folder)
    return next(line for line in (folder / f"{keys[0]}.key").read_text().splitlines() if not line.startswith(";"))


class DoQuestion(Question):
    """With DO, and room for signatures."""

    def __init__(self, name: tuple[bytes, ...], rtype: str, rng: random.Random):
        super().__init__(name, rtype, rng)
        self.rd, self.edns, self.do = False, True, True
        self.payload = rng.choice([512, 1232, 1232, 1232, 4096])
        self.wire = dnsmsg.query(name, rtype, ident=rng.randrange(65536), rd=False, edns=dnsmsg.opt(self.payload, do=True))


def make_questions(served: list[zones.Zone], count: int, rng: random.Random) -> list[Question]:
    out = []
    while len(out) < count:
        zone = rng.choice(served)
        base = dnsmsg.name_from_text(rng.choice(sorted(zone.names)))
        shape = rng.random()
        if shape < 0.45:
            name = base
        elif shape < 0.7:
            name = (b"nx%d" % rng.randrange(1000),) + base
        elif shape < 0.8:
            name = (b"nx%d" % rng.randrange(1000), rng.choice([b"a", b"*", b"zz"])) + base
        elif shape < 0.9:
            name = (b"nx%d" % rng.randrange(100000),) + dnsmsg.name_from_text(zone.apex)
        elif shape < 0.95:
            name = base[rng.randrange(max(1, len(base) - 1)):]
        else:
            name = (b"*",) + base
        if not name or name[-1] != b"test":
            continue
        out.append(DoQuestion(name, rng.choice(TYPES), rng))
    return out


class Validator:
    """Unbound, which asks kith for every zone and trusts their keys."""

    def __init__(self, folder: Path, port_of_kith: int, trusted: dict[str, str]):
        folder.mkdir()
        self.port = free_port()
        anchors = "".join(f'    trust-anchor: "{key}"\n' for key in trusted.values())
        stubs = "".join(f'stub-zone:\n    name: "{apex}"\n    stub-addr: 127.0.0.1@{port_of_kith}\n' for apex in trusted)
        (folder / "unbound.conf").write_text(f"""
server:
    interface: 127.0.0.1@{self.port}
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    do-daemonize: no
    do-not-query-localhost: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    logfile: ""
    val-log-level: 2
    module-config: "validator iterator"
    aggressive-nsec: no
    local-zone: "test." nodefault
{anchors}remote-control:
    control-enable: no
{stubs}""")
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(["unbound", "-d", "-c", str(folder / "unbound.conf")], stdout=log, stderr=log,
                                            env=servers.os.environ | {"PATH": servers.PATH})
        self.log = folder / "log"

    def ask(self, name: tuple[bytes, ...], rtype: str) -> dnsmsg.Message | None:
        query = dnsmsg.query(name, rtype, rd=True, edns=dnsmsg.opt(4096, do=True))
        for _ in range(40):
            try:
                return dnsmsg.Message(udp_exchange(("127.0.0.1", self.port), query, 5.0))
            except ConnectionError:
                servers.time.sleep(0.05)
            except OSError:
                return None
        return None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def is_alias(question: Question, kith: servers.Server) -> bool:
    reply = Reply(kith.ask_tcp(dnsmsg.query(question.name, "CNAME", rd=False)))
    return any(record[1] == dnsmsg.TYPES["CNAME"] for record in reply.sections[0])


def check_validation(questions: list[Question], validator: Validator, kith: servers.Server, trusted: dict[str, str], checks: Checks) -> None:
    """A zone that is all signed gives secure answers, but for what lies in unsigned zones below."""
    seen: Counter[str] = Counter()
    for question in questions:
        if question.rtype == "DS" and dnsmsg.name_to_text(question.name) in trusted:
            continue  # the DS of a zone is its parent's, and there is none here (RFC 4035 §5.2)
        mine = Reply(kith.ask_tcp(question.wire))
        if question.rtype in ("RRSIG", "ANY", "NSEC3") or mine.rcode not in ("NOERROR", "NXDOMAIN"):
            continue
        if question.rtype == "NSEC" and is_alias(question, kith):
            continue  # Unbound follows the alias that it has in its cache (RFC 4035 §2.5: NSEC stands beside it)
        is_referral = not mine.sections[0] and "AA" not in mine.flags
        leaves = any(record[1] == dnsmsg.TYPES["CNAME"] for record in mine.sections[0])
        if is_referral or leaves:
            continue  # nobody answers below the cuts
        reply = validator.ask(question.name, question.rtype)
        if reply is None:
            checks.check(f"unbound answers {question.dig(kith.port)}", False)
            continue
        opted_out = any(record[1] == 50 and record[4][1] & 1 for record in mine.sections[1])
        verdict = "secure" if reply.has(dnsmsg.AD) else "insecure"
        seen[verdict if reply.rcode_name != "SERVFAIL" else "bogus"] += 1
        good = reply.rcode_name == mine.rcode and (reply.has(dnsmsg.AD) or opted_out)
        checks.check(f"unbound finds {dnsmsg.name_to_text(question.name)} {question.rtype} secure", good,
                     f"{reply.rcode_name} {verdict}; kith:\n{mine.text()}")
    print("unbound:", ", ".join(f"{count} {what}" for what, count in seen.most_common()))


def check_delv(questions: list[Question], kith: servers.Server, trusted: dict[str, str], folder: Path, checks: Checks) -> None:
    anchors = folder / "delv.anchors"
    words = [key.split() for key in trusted.values()]
    anchors.write_text("trust-anchors {\n" + "".join(
        f'  "{parts[0]}" static-key {" ".join(parts[3:6])} "{"".join(parts[6:])}";\n'
        for parts in words) + "};\n")
    for question in questions:
        apex = next(apex for apex in trusted if dnsmsg.name_to_text(question.name).endswith("." + apex) or
                    dnsmsg.name_to_text(question.name) == apex)
        done = subprocess.run(["delv", "@127.0.0.1", "-p", str(kith.port), "-a", str(anchors), f"+root={apex}",
                               dnsmsg.name_to_text(question.name), question.rtype], capture_output=True, text=True, timeout=30)
        text = done.stdout + done.stderr
        checks.check(f"delv finds {dnsmsg.name_to_text(question.name)} {question.rtype} secure", "fully validated" in text, text[:400])


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=10000)
    parser.add_argument("--validated", type=int, default=2000, help="how many of them Unbound judges")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=10, help="how many unexplained differences to print")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    options = parser.parse_args()
    missing = servers.missing() + [tool for tool in TOOLS if shutil.which(tool, path=servers.PATH) is None]
    if missing:
        return skip(f"not installed: {', '.join(missing)}")
    rng = random.Random(options.seed)
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="kith-signed-"))
    kith = options.kith.resolve()
    running: dict[str, servers.Server] = {}
    validator = None
    try:
        served, trusted = [], {}
        for kind in [*SIGNERS, *KITH_SIGNERS]:
            zone = make_zone(f"{kind}.test.", rng)
            keys = folder / f"keys-{kind}"
            keys.mkdir()
            trusted[zone.apex] = sign(zone, kind, kith, keys)
            (keys / servers.file_name(zone)).rename(folder / servers.file_name(zone))
            served.append(zone)
        for name in ("kith", "knot", "nsd"):
            running[name] = servers.Server(name, kith, folder / name, served)
        for server in running.values():
            server.wait_ready()
        comparison = Comparison(served, running, checks, options.show)
        questions = make_questions(served, options.queries, rng)
        for question in questions:
            comparison.compare(question)
        equal = ", ".join(f"{name} {count}" for name, count in comparison.equal_to.most_common())
        print(f"equal to {equal or 'nobody'}")
        for entry, count in comparison.explained.most_common():
            print(f"  {entry} explains {count}, for example {comparison.examples[entry]}")
        validator = Validator(folder / "unbound", running["kith"].port, trusted)
        check_validation(questions[:options.validated], validator, running["kith"], trusted, checks)
        sample = [question for question in questions if question.rtype in ("A", "TXT", "SOA") and
                  Reply(running["kith"].ask_tcp(question.wire)).sections[0]][:40]
        check_delv(sample, running["kith"], trusted, folder, checks)
        checks.check("kith lives", running["kith"].process.poll() is None, running["kith"].log()[-2000:])
        rules.check_documented(checks, set(comparison.explained))
    finally:
        for server in running.values():
            server.stop()
        if validator is not None:
            validator.stop()
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
