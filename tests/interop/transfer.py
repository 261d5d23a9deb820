#!/usr/bin/env python3
"""Transfers between kith and BIND, Knot and NSD on loopback, with TSIG.

First kith is the primary and the three are its secondaries; then BIND and Knot are primaries and kith
is the secondary of both. Each zone goes through hundreds of random changes, made by UPDATE in bursts;
at the end every secondary must have exactly the zone of its primary, and must have got there by
differences (IXFR). All are stopped and started in turn, and must find each other again. Last, BIND and
Knot serve what a catalog of kith lists, and kith what one of Knot lists.

    tests/interop/transfer.py --kith build/dev/kith [--changes 300] [--seed 1] [--keep]
"""

import base64
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import dnsupdate
from harness import Checks, Kith, arguments, free_port, skip, udp_exchange, wait_for

KEY = dnsupdate.Key("move.")
SECRET = base64.b64encode(KEY.secret).decode()
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
BIND_KEY = f'key "{KEY.name}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n'
KNOT_KEY = f"key:\n  - id: {KEY.name}\n    algorithm: hmac-sha256\n    secret: {SECRET}\n"


def zone_text(apex: str) -> str:
    lines = [f"$ORIGIN {apex}", "$TTL 300", "@ SOA ns1 hostmaster 4294967290 3600 2 86400 60", "@ NS ns1", "@ NS ns2",
             "ns1 A 192.0.2.1", "ns2 A 192.0.2.2", "sub NS ns.sub", "ns.sub A 192.0.2.3", "*.wild TXT any"]
    lines += [f"host{number} A 198.51.100.{number % 250}" for number in range(400)]
    return "\n".join(lines) + "\n"


class Peer:
    """Another name server on a port of its own."""

    def __init__(self, name: str, folder: Path, port: int, command: list[str]):
        self.name, self.folder, self.port, self.command = name, folder, port, command
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=os.environ | {"PATH": PATH}, start_new_session=True)

    def stop(self) -> None:
        if self.process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()
        self.process = None

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def bind(folder: Path, port: int, zones: str, more_options: str = "") -> Peer:
    folder.mkdir()
    (folder / "named.conf").write_text(BIND_KEY + f"""
options {{
    directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    pid-file "{folder}/named.pid"; session-keyfile none; recursion no; empty-zones-enable no;
    dnssec-validation no; allow-transfer {{ key "{KEY.name}"; }}; notify-delay 0; notify-rate 1000;
    serial-query-rate 1000; min-refresh-time 1; min-retry-time 1; check-integrity no; {more_options}
}};
controls {{ }};
""" + zones)
    return Peer("bind", folder, port, ["named", "-g", "-n", "1", "-c", str(folder / "named.conf")])


def knot(folder: Path, port: int, rest: str) -> Peer:
    folder.mkdir()
    (folder / "knot.conf").write_text(f"""
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}
log:
  - target: stderr
    any: info
{KNOT_KEY}""" + rest)
    return Peer("knot", folder, port, ["knotd", "-c", str(folder / "knot.conf")])


def nsd(folder: Path, port: int, zones: str) -> Peer:
    folder.mkdir()
    (folder / "nsd.conf").write_text(f"""
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    database: ""
    xfrd-reload-timeout: 0
    verbosity: 2
remote-control:
    control-enable: no
key:
    name: "{KEY.name}"
    algorithm: hmac-sha256
    secret: "{SECRET}"
""" + zones)
    return Peer("nsd", folder, port, ["nsd", "-d", "-c", str(folder / "nsd.conf")])


def secondaries(folder: Path, apex: str, ports: dict[str, int], primary: int) -> list[Peer]:
    return [
        bind(folder / "bind", ports["bind"],
             f'zone "{apex}" {{ type secondary; file "zone.db"; notify no; '
             f'primaries {{ 127.0.0.1 port {primary} key "{KEY.name}"; }}; }};\n'),
        knot(folder / "knot", ports["knot"], f"""
remote:
  - id: primary
    address: 127.0.0.1@{primary}
    key: {KEY.name}
acl:
  - id: allowed
    address: 127.0.0.1
    key: {KEY.name}
    action: [notify, transfer]
zone:
  - domain: {apex}
    storage: {folder / "knot"}
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: primary
    acl: allowed
"""),
        nsd(folder / "nsd", ports["nsd"], f"""
zone:
    name: "{apex}"
    zonefile: "zone"
    request-xfr: 127.0.0.1@{primary} {KEY.name}
    allow-notify: 127.0.0.1 {KEY.name}
    provide-xfr: 127.0.0.1 {KEY.name}
"""),
    ]


def primaries(folder: Path, ports: dict[str, int], secondary: int) -> list[Peer]:
    """BIND with the zone bind.test. and Knot with knot.test."""
    peers = [
        bind(folder / "bind", ports["bind"],
             f'zone "bind.test." {{ type primary; file "{folder}/bind/zone"; notify explicit; '
             f'allow-update {{ key "{KEY.name}"; }}; also-notify {{ 127.0.0.1 port {secondary} key "{KEY.name}"; }}; }};\n'),
        knot(folder / "knot", ports["knot"], f"""
remote:
  - id: secondary
    address: 127.0.0.1@{secondary}
    key: {KEY.name}
acl:
  - id: allowed
    address: 127.0.0.1
    key: {KEY.name}
    action: [transfer, update]
zone:
  - domain: knot.test.
    storage: {folder / "knot"}
    file: zone
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: changes
    notify: secondary
    acl: allowed
"""),
    ]
    for peer, apex in zip(peers, ("bind.test.", "knot.test.")):
        (peer.folder / "zone").write_text(zone_text(apex))
    return peers


def contents(port: int, apex: str) -> frozenset[str]:
    """The zone as AXFR has it, a record an element; empty when there is none."""
    result = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), apex, "AXFR", "-y", f"hmac-sha256:{KEY.name}:{SECRET}",
                             "+noall", "+answer", "+onesoa", "+time=5", "+tries=1"], capture_output=True, text=True, check=False)
    lines = [line for line in result.stdout.splitlines() if line and not line.startswith(";")]
    return frozenset(" ".join(line.split()).lower() for line in lines)


class Author:
    """Makes random changes by UPDATE and knows nothing of what the zone has."""

    def __init__(self, port: int, apex: str, rng: random.Random):
        self.port, self.apex, self.rng = port, apex, rng

    def one(self) -> bytes:
        name = f"host{self.rng.randrange(500)}.{self.apex}"
        shape = self.rng.random()
        address = f"203.0.113.{self.rng.randrange(8)}"
        if shape < 0.45:
            return dnsupdate.add_a(name, address, self.rng.choice([300, 300, 60]))
        if shape < 0.60:
            text = b"value %d" % self.rng.randrange(5)
            return dnsupdate.record(name, "TXT", 300, bytes([len(text)]) + text)
        if shape < 0.70:
            target = dnsmsg.name_wire(f"mail{self.rng.randrange(3)}.{self.apex}")
            return dnsupdate.record(name, "MX", 300, bytes([0, self.rng.randrange(3)]) + target)
        if shape < 0.80:
            return dnsupdate.record(name, "A", 0, bytes(map(int, address.split("."))), dnsupdate.NONE)
        if shape < 0.90:
            return dnsupdate.record(name, "A", 0, b"", dnsupdate.ANY)
        return dnsupdate.delete_name(name)

    def change(self) -> int:
        """One message with a few changes; returns its rcode."""
        message = dnsupdate.update(self.apex, *[self.one() for _ in range(self.rng.randrange(1, 6))])
        return dnsmsg.Message(udp_exchange(("127.0.0.1", self.port), KEY.sign(message))).rcode


def make_changes(checks: Checks, author: Author, count: int) -> None:
    """In bursts, so that secondaries meet zones that change while they look."""
    bad = 0
    for number in range(count):
        bad += author.change() != 0
        if number % 10 == 9:
            time.sleep(author.rng.choice([0, 0.02, 0.3]))
    checks.check(f"{author.apex} takes every update", not bad, f"{bad} of {count} refused")


def wait_equal(checks: Checks, what: str, primary: int, secondary: int, apex: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        wanted, found = contents(primary, apex), contents(secondary, apex)
        if (wanted and wanted == found) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    missing, extra = sorted(wanted - found)[:5], sorted(found - wanted)[:5]
    checks.check(f"{what}: {len(wanted)} records, equal", wanted and wanted == found, f"missing {missing}, too much {extra}")


def kith_as_primary(checks: Checks, program: Path, folder: Path, count: int, rng: random.Random) -> None:
    apex = "kith.test."
    ports = {name: free_port() for name in ("bind", "knot", "nsd")}
    config = {"server": {"listen": ["127.0.0.1:0"], "workers": 2}, "keys": KEY.config(),
              "zones": {apex: {"file": "zone", "update": [f"grant {KEY.name} zonesub ANY"],
                               "transfer": {"allow": [f"127.0.0.0/8 key {KEY.name}"], "notify_ns": False,
                                            "notify": [f"127.0.0.1:{port} key {KEY.name}" for port in ports.values()]}}}}
    (folder / "kith").mkdir(parents=True)
    with Kith(program, config, files={"zone": zone_text(apex)}, folder=folder / "kith") as kith:
        port = kith.address[1]
        unsigned = kith.tcp(dnsmsg.query(apex, "AXFR"))
        checks.equal("who has no key gets no transfer", unsigned.rcode, 5)
        peers = secondaries(folder, apex, ports, port)
        try:
            for peer in peers:
                peer.start()
            for peer in peers:
                wait_equal(checks, f"{peer.name} takes the zone from kith", port, peer.port, apex)
            # The serial goes through 0 in single steps: NSD 4.6 refuses one answer of several differences
            # that crosses it, whoever sends it.
            author = Author(port, apex, rng)
            for step in range(8):
                author.change()
                wait_equal(checks, f"nsd follows step {step} of the serial", port, ports["nsd"], apex)
            make_changes(checks, author, count)
            for peer in peers:
                wait_equal(checks, f"{peer.name} follows {count} changes of kith", port, peer.port, apex)
            by_differences = len(re.findall(r"transfer\.sent .*form=differences", kith.log()))
            checks.check("most transfers are differences", by_differences >= count // 30, by_differences)
            # One is away while the zone changes, and comes back.
            for peer in peers:
                peer.stop()
                make_changes(checks, Author(port, apex, rng), 10)
                peer.start()
                wait_equal(checks, f"{peer.name} comes back", port, peer.port, apex)
        except BaseException:
            for peer in peers:
                print(f"the log of {peer.name}:\n{peer.log()[-3000:]}", file=sys.stderr)
            raise
        finally:
            for peer in peers:
                peer.stop()


def kith_as_secondary(checks: Checks, program: Path, folder: Path, count: int, rng: random.Random) -> None:
    ports = {name: free_port() for name in ("bind", "knot")}
    own = free_port()
    apexes = {"bind": "bind.test.", "knot": "knot.test."}
    config = {"server": {"listen": [f"127.0.0.1:{own}"], "workers": 2}, "keys": KEY.config(),
              "zones": {apexes[name]: {"transfer": {"primaries": [f"127.0.0.1:{ports[name]} key {KEY.name}"],
                                                    "allow": [f"127.0.0.0/8 key {KEY.name}"], "notify_ns": False}}
                        for name in ports}}
    folder.mkdir()
    peers = primaries(folder, ports, own)
    (folder / "kith").mkdir()
    try:
        with Kith(program, config, folder=folder / "kith") as kith:
            early = kith.ask("bind.test.", "SOA")
            checks.equal("a zone that never came is answered SERVFAIL", early.rcode, 2)
            for peer in peers:
                peer.start()
            for peer in peers:
                wait_equal(checks, f"kith takes the zone from {peer.name}", peer.port, own, apexes[peer.name])
            for peer in peers:
                make_changes(checks, Author(peer.port, apexes[peer.name], rng), count)
            for peer in peers:
                wait_equal(checks, f"kith follows {count} changes of {peer.name}", peer.port, own, apexes[peer.name])
            by_differences = len(re.findall(r"transfer\.taken .*form=differences", kith.log()))
            checks.check("most transfers are differences", by_differences >= count // 30, by_differences)
            before = {apex: contents(own, apex) for apex in apexes.values()}
        for peer in peers:
            peer.stop()
        with Kith(program, config, folder=folder / "kith"):
            for apex, zone in before.items():
                checks.check(f"{apex} is still there after a restart without primaries", contents(own, apex) == zone)
            for peer in peers:
                peer.start()
                wait_for(lambda: contents(peer.port, apexes[peer.name]), f"{peer.name} to serve")
                make_changes(checks, Author(peer.port, apexes[peer.name], rng), 10)
                wait_equal(checks, f"kith finds {peer.name} again", peer.port, own, apexes[peer.name])
    except BaseException:
        for peer in peers:
            print(f"the log of {peer.name}:\n{peer.log()[-3000:]}", file=sys.stderr)
        raise
    finally:
        for peer in peers:
            peer.stop()


KNOT_ALLOWED = f"""
acl:
  - id: allowed
    address: 127.0.0.1
    key: {KEY.name}
    action: [notify, transfer]
"""


def serves(port: int, apex: str) -> bool:
    try:
        reply = dnsmsg.Message(udp_exchange(("127.0.0.1", port), dnsmsg.query(apex, "SOA"), 2))
    except OSError:
        return False
    return reply.rcode == 0 and reply.has(dnsmsg.AA)


def wait_members(checks: Checks, what: str, port: int, there: list[str], gone: list[str]) -> None:
    def as_wanted() -> bool:
        return all(serves(port, apex) for apex in there) and not any(serves(port, apex) for apex in gone)
    try:
        wait_for(as_wanted, what, 60)
        checks.check(what, True)
    except TimeoutError:
        checks.check(what, False, {apex: serves(port, apex) for apex in there + gone})


def kith_lists(checks: Checks, program: Path, folder: Path) -> None:
    """kith makes a catalog (RFC 9432), BIND and Knot serve what it lists."""
    ports = {name: free_port() for name in ("bind", "knot")}
    transfer = {"allow": [f"127.0.0.0/8 key {KEY.name}"], "notify_ns": False,
                "notify": [f"127.0.0.1:{port} key {KEY.name}" for port in ports.values()]}

    def config(members: list[str]) -> dict:
        zones = {apex: {"file": "zone-" + apex, "transfer": transfer | {"member_of": "catalog.", "group": "all"}} for apex in members}
        return {"server": {"listen": ["127.0.0.1:0"]}, "keys": KEY.config(),
                "zones": {"catalog.": {"transfer": transfer | {"catalog": True}}} | zones}

    names = ["one.test.", "two.test.", "three.test."]
    folder.mkdir()
    (folder / "kith").mkdir()
    astray = config(names[:1])
    astray["zones"][names[0]]["transfer"]["member_of"] = "nowhere."
    (folder / "kith" / "astray.json").write_text(json.dumps(astray, indent=1))
    (folder / "kith" / ("zone-" + names[0])).write_text(zone_text(names[0]))
    checked = subprocess.run([program.resolve(), "check", "-c", "astray.json"], cwd=folder / "kith", capture_output=True, text=True, check=False)
    checks.check("a member of no catalog is an error", checked.returncode == 1 and "member_of" in checked.stdout + checked.stderr,
                 checked.stdout + checked.stderr)
    with Kith(program, config(names[:2]), files={"zone-" + apex: zone_text(apex) for apex in names}, folder=folder / "kith") as kith:
        port = kith.address[1]
        primary = f'127.0.0.1 port {port} key "{KEY.name}";'
        peers = [
            bind(folder / "bind", ports["bind"],
                 f'zone "catalog." {{ type secondary; file "catalog.db"; notify no; primaries {{ {primary} }}; }};\n',
                 f'catalog-zones {{ zone "catalog." default-primaries {{ {primary} }} min-update-interval 0; }};'),
            knot(folder / "knot", ports["knot"], f"""
remote:
  - id: primary
    address: 127.0.0.1@{port}
    key: {KEY.name}
{KNOT_ALLOWED}
template:
  - id: default
    storage: {folder / "knot"}
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: primary
    acl: allowed
  - id: member
    storage: {folder / "knot"}
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: primary
    acl: allowed
zone:
  - domain: catalog.
    catalog-role: interpret
    catalog-template: member
"""),
        ]
        try:
            for peer in peers:
                peer.start()
            for peer in peers:
                wait_members(checks, f"{peer.name} serves what kith's catalog lists", peer.port, names[:2], names[2:])
                wait_equal(checks, f"{peer.name} has a member of kith's catalog", port, peer.port, names[0])
            settings = config(names[1:])
            settings["server"]["listen"] = [f"127.0.0.1:{port}"]
            kith.write_config(settings)
            kith.reload()
            for peer in peers:
                wait_members(checks, f"{peer.name} follows kith's catalog", peer.port, names[1:], names[:1])
        finally:
            for peer in peers:
                peer.stop()
                if checks.failed:
                    print(f"the log of {peer.name}:\n{peer.log()[-3000:]}", file=sys.stderr)


def kith_follows_lists(checks: Checks, program: Path, folder: Path) -> None:
    """Knot makes a catalog, kith serves what it lists."""
    ports = {"knot": free_port(), "kith": free_port()}

    def zones(members: list[str]) -> str:
        text = f"""
remote:
  - id: secondary
    address: 127.0.0.1@{ports["kith"]}
    key: {KEY.name}
{KNOT_ALLOWED}
template:
  - id: default
    storage: {folder / "knot"}
    zonefile-sync: -1
    notify: secondary
    acl: allowed
zone:
  - domain: catalog.
    catalog-role: generate
"""
        for apex in members:
            text += f"  - domain: {apex}\n    file: zone-{apex}\n    catalog-role: member\n    catalog-zone: catalog.\n"
        return text

    names = ["one.test.", "two.test.", "three.test."]
    folder.mkdir()
    peer = knot(folder / "knot", ports["knot"], zones(names[:2]))
    for apex in names:
        (folder / "knot" / f"zone-{apex}").write_text(zone_text(apex))
    config = {"server": {"listen": [f"127.0.0.1:{ports['kith']}"]}, "keys": KEY.config(),
              "zones": {"catalog.": {"transfer": {"primaries": [f"127.0.0.1:{ports['knot']} key {KEY.name}"], "catalog": True,
                                                  "allow": [f"127.0.0.0/8 key {KEY.name}"], "notify_ns": False}}}}
    (folder / "kith").mkdir()
    try:
        peer.start()
        with Kith(program, config, folder=folder / "kith") as kith:
            wait_members(checks, "kith serves what Knot's catalog lists", ports["kith"], names[:2], names[2:])
            wait_equal(checks, "kith has a member of Knot's catalog", peer.port, ports["kith"], names[0])
            conf = peer.folder / "knot.conf"
            head = conf.read_text().split("\nremote:")[0]
            conf.write_text(head + zones(names[1:]))
            peer.process.send_signal(signal.SIGHUP)
            wait_members(checks, "kith follows Knot's catalog", ports["kith"], names[1:], names[:1])
            kith.reload()
            wait_members(checks, "members stay over a reload", ports["kith"], names[1:], names[:1])
        peer.stop()
        with Kith(program, config, folder=folder / "kith"):
            wait_members(checks, "members are there after a restart without Knot", ports["kith"], names[1:], names[:1])
    finally:
        peer.stop()
        if checks.failed:
            print(f"the log of {peer.name}:\n{peer.log()[-3000:]}", file=sys.stderr)


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=300, help="updates of each zone; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the servers' folders")
    options = parser.parse_args()
    missing = [program for program in ("named", "knotd", "nsd", "dig") if shutil.which(program, path=PATH) is None]
    if missing:
        return skip(f"{', '.join(missing)} not installed")
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="kith-transfer-"))
    rng = random.Random(options.seed)
    try:
        kith_as_primary(checks, options.kith, folder / "primary", options.changes, rng)
        kith_as_secondary(checks, options.kith, folder / "secondary", options.changes, rng)
        kith_lists(checks, options.kith, folder / "lists")
        kith_follows_lists(checks, options.kith, folder / "follows")
    finally:
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
