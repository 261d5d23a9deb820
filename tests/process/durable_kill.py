#!/usr/bin/env python3
"""Kills the server without warning while clients update, again and again, and looks whether it kept its
word: every acknowledged update is there, the serial never goes back, the journal can be read, and the
differences from the first version and from the last that was seen lead to the version of now.

Three worlds take turns: a zone, a signed zone (dnssec-verify looks at it, where there is one), and a
primary with a secondary, of which one or the other is killed: what the secondary has is always a version
that the primary had.

    tests/process/durable_kill.py --rounds 1000        for a long look; a few without
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import dnsupdate
from durable_test import FILE, KEY, ZONE, axfr, config, serial, transfer
from dnsupdate import add_a, delete_name, update
from harness import Checks, Kith, arguments, free_port, udp_exchange, wait_for

ROUNDS_OF_ONE_ZONE = 40  # then another begins: what is replayed from its first version stays short
Records = frozenset[tuple[str, int, bytes]]


class Client(threading.Thread):
    """Adds and removes names of its own, and remembers what was acknowledged."""

    def __init__(self, number: int, address: tuple[str, int], known: dict[str, str | None]):
        super().__init__(daemon=True)
        self.number, self.address, self.known = number, address, known
        self.unknown: dict[str, str | None] = {}  # sent, and the answer never came
        self.acknowledged = 0
        self.ended = threading.Event()
        self.random = random.Random(number * 7919 + time.monotonic_ns())

    def run(self) -> None:
        while not self.ended.is_set():
            name = f"c{self.number}-{self.random.randrange(200)}.{ZONE}"
            address = f"192.0.2.{self.random.randrange(256)}"
            remove = self.random.random() < 0.3
            parts = [delete_name(name)] if remove else [delete_name(name), add_a(name, address)]
            self.unknown[name] = None if remove else address
            try:
                reply = dnsmsg.Message(udp_exchange(self.address, KEY.sign(update(ZONE, *parts)), 0.1))
            except (OSError, TimeoutError):
                return  # killed: nobody knows whether this one was done
            if reply.rcode == 0:
                self.known[name] = self.unknown.pop(name)
                self.acknowledged += 1
            else:
                self.unknown.pop(name)


def addresses_of(records: Records) -> dict[str, str]:
    return {owner: ".".join(map(str, rdata)) for owner, rtype, rdata in records if rtype == 1}


def one(record: dnsmsg.Record) -> tuple[str, int, bytes]:
    return dnsmsg.name_to_text(record.name).lower(), record.type, record.rdata


def content(records: list[dnsmsg.Record]) -> Records:
    return frozenset(one(record) for record in records if record.type != 6)


def replay(before: Records, answer: list[dnsmsg.Record]) -> Records:
    """The records after an answer to IXFR (RFC 1995 §4): differences, or all of the zone where that is less."""
    if len(answer) < 3 or answer[1].type != 6:
        return content(answer)
    after = set(before)
    removing = False
    for record in answer[1:-1]:
        if record.type == 6:
            removing = not removing
            continue
        (after.discard if removing else after.add)(one(record))
    return frozenset(after)


def replay_journal(before: tuple[int, Records], entries: list[dict], until: int) -> dict[str, str]:
    """The addresses that the journal leads to, change by change; fails where a change does not fit."""
    at, after = before[0], addresses_of(before[1])
    for entry in entries:
        if entry["to"] <= at or at == until:
            continue
        if entry["from"] != at:
            raise ValueError(f"change {entry['number']} starts from {entry['from']}, expected {at}")
        for record in entry["removed"]:
            if record["type"] == "A" and after.pop(record["name"].lower(), None) != record["data"]:
                raise ValueError(f"change {entry['number']} removes {record} which is not there")
        after |= {record["name"].lower(): record["data"] for record in entry["added"] if record["type"] == "A"}
        at = entry["to"]
    if at != until:
        raise ValueError(f"the journal ends with {at}, expected {until}")
    return after


class Side:
    """One server of a world, over its lives."""

    def __init__(self, checks: Checks, program: Path, folder: Path, what: str, settings: dict):
        self.checks, self.program, self.folder, self.what = checks, program, folder, what
        self.folder.mkdir()
        (self.folder / "dyn.zone").write_text(FILE)
        text = config(**settings)
        text["server"] = {"listen": [f"127.0.0.1:{free_port()}"], "workers": 1}
        (self.folder / "kith.json").write_text(json.dumps(text))
        self.entries: list[dict] = []  # of its journal
        self.first: tuple[int, Records] | None = None
        self.last: tuple[int, Records] | None = None
        self.kith: Kith | None = None

    @property
    def listen(self) -> str:
        return json.loads((self.folder / "kith.json").read_text())["server"]["listen"][0]

    def start(self) -> None:
        self.kith = Kith(self.program, None, folder=self.folder)

    def kill(self) -> None:
        os.kill(self.kith.pid, signal.SIGKILL)
        self.kith.process.wait()
        self.end()

    def end(self) -> None:
        if self.kith is not None:
            self.kith.__exit__(None)
            self.kith = None

    def read_entries(self) -> None:
        journal = subprocess.run([self.program, "journal", "show", ZONE, "-d", self.folder / "kith-state", "--json"], capture_output=True, text=True)
        self.checks.equal(f"{self.what}: the journal can be read", (journal.returncode, journal.stderr), (0, ""))
        self.entries = [json.loads(line) for line in journal.stdout.splitlines()]

    def look(self) -> Records:
        """What it serves now, after the checks that hold for every server."""
        records = axfr(self.kith)
        now, there = dnsupdate.serial(records[0].rdata), content(records)
        self.read_entries()
        # A secondary that took all of a zone has a history that begins with it.
        if self.what == "secondary" and self.first and (not self.entries or self.entries[0]["from"] > self.first[0]):
            self.first = None
        if self.last is not None:
            self.checks.check(f"{self.what}: the serial goes forward", now >= self.last[0], f"{now} after {self.last[0]}")
        for whence, known in (("the first version", self.first), ("the last version seen", self.last)):
            if known is None or known[0] == now:
                continue
            answer = transfer(self.kith, dnsupdate.ixfr(ZONE, known[0]))
            good = dnsupdate.serial(answer[0].rdata) == now and replay(known[1], answer) == there
            self.checks.check(f"{self.what}: differences from {whence}, {known[0]}, lead to {now}", good, f"{len(answer)} records")
        self.first = self.first or (now, there)
        self.last = now, there
        self.check_version(f"{self.what}: its journal leads from the first version to {now}", now, there)
        return there

    def check_version(self, what: str, number: int, records: Records) -> None:
        """`records` are what the journal says that version had."""
        try:
            found = replay_journal(self.first, self.entries, number)
        except ValueError as error:
            self.checks.check(what, False, error)
            return
        self.checks.equal(what, addresses_of(records), found)


class World:
    """A primary, perhaps with a secondary, and clients; killed and looked at again."""

    def __init__(self, checks: Checks, program: Path, folder: Path, kind: str, clients: int):
        self.checks, self.kind, self.clients = checks, kind, clients
        self.known: dict[str, str | None] = {}
        self.acknowledged = 0
        port = free_port()
        primary = {"dnssec": {}} if kind == "signed" else {}
        if kind == "transfers":
            primary["transfer"] = {"allow": ["127.0.0.0/8"], "notify": [f"127.0.0.1:{port}"], "notify_ns": False}
        self.primary = Side(checks, program, folder / "primary", kind, primary)
        self.secondary = None
        if kind == "transfers":
            self.secondary = Side(checks, program, folder / "secondary", "secondary", {})
            text = json.loads((self.secondary.folder / "kith.json").read_text())
            text["server"]["listen"] = [f"127.0.0.1:{port}"]
            text["zones"][ZONE] = {"transfer": {"primaries": [self.primary.listen], "allow": ["127.0.0.0/8"]}}
            (self.secondary.folder / "kith.json").write_text(json.dumps(text))
        self.sides = [side for side in (self.primary, self.secondary) if side]

    def has_newest(self) -> bool:
        answer = self.secondary.kith.ask(ZONE, "SOA").sections[0]
        return bool(answer) and dnsupdate.serial(answer[0].rdata) == self.primary.last[0]

    def look(self) -> None:
        if self.secondary is not None:
            self.look_at_copy()
        there = addresses_of(self.primary.look())
        wrong = {owner: (there.get(owner), address) for owner, address in self.known.items() if there.get(owner) != address}
        self.checks.check(f"{self.kind}: {len(self.known)} names are as acknowledged", not wrong, wrong)
        if self.secondary is None:
            return
        # Nobody updates now: once it has all of it, it stays as it is.
        self.secondary.kith.udp(dnsupdate.notify(ZONE))
        wait_for(self.has_newest, "the newest version at the secondary")
        copied = self.secondary.look()
        self.checks.equal("secondary: it has what the primary has", self.secondary.look(), self.primary.last[1])

    def look_at_copy(self) -> None:
        """Whatever the secondary has right after the kill is a version that the primary has had."""
        if self.primary.first is None or not self.secondary.kith.ask(ZONE, "SOA").sections[0]:
            return
        records = axfr(self.secondary.kith)
        self.primary.read_entries()
        at = dnsupdate.serial(records[0].rdata)
        self.primary.check_version(f"secondary: its version {at} is one that the primary had", at, content(records))

    def verify(self) -> None:
        """The signer that others trust looks at all of it."""
        if self.kind != "signed" or not shutil.which("dnssec-verify") or not shutil.which("dig"):
            return
        host, port = self.primary.kith.address
        text = subprocess.run(["dig", "+noall", "+answer", "+onesoa", "-p", str(port), f"@{host}", ZONE, "AXFR"], capture_output=True, text=True).stdout
        (self.primary.folder / "signed").write_text(text)
        result = subprocess.run(["dnssec-verify", "-z", "-o", ZONE, str(self.primary.folder / "signed")], capture_output=True, text=True)
        self.checks.check("signed: dnssec-verify agrees", result.returncode == 0, result.stderr[-500:])

    def run(self, rounds: int) -> None:
        try:
            for side in self.sides:
                side.start()
            for number in range(rounds):
                self.look()
                if number % 4 == 0:
                    self.verify()
                workers = [Client(i, self.primary.kith.address, self.known) for i in range(self.clients)]
                for worker in workers:
                    worker.start()
                time.sleep(random.uniform(0.0, 0.1))
                victim = random.choice(self.sides)
                victim.kill()
                for worker in workers:
                    worker.ended.set()
                for worker in workers:
                    worker.join()
                    self.acknowledged += worker.acknowledged
                    for owner in worker.unknown:  # done or not: nobody was told
                        self.known.pop(owner, None)
                victim.start()
            self.look()
            self.verify()
        finally:
            for side in self.sides:
                side.end()


def main() -> int:
    parser = arguments(__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="how often a server is killed; default: %(default)s")
    parser.add_argument("--clients", type=int, default=4, help="that update at the same time; default: %(default)s")
    options = parser.parse_args()
    checks = Checks()
    kinds = ("plain", "signed", "transfers")
    left = {kind: options.rounds // 3 + (i < options.rounds % 3) for i, kind in enumerate(kinds)}
    acknowledged = 0
    started = time.monotonic()
    while any(left.values()):
        for kind in kinds:
            rounds = min(left[kind], ROUNDS_OF_ONE_ZONE)
            left[kind] -= rounds
            if rounds == 0:
                continue
            with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
                world = World(checks, options.kith.resolve(), Path(name), kind, options.clients)
                world.run(rounds)
                acknowledged += world.acknowledged
    print(f"{options.rounds} kills, {acknowledged} updates acknowledged, {time.monotonic() - started:.1f} s")
    checks.check("updates were acknowledged", acknowledged > options.rounds, acknowledged)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
