#!/usr/bin/env python3
"""Kills the server without warning while clients update, again and again, and looks whether it kept its
word: every acknowledged update is there, the serial never goes back, the journal can be read, and the
differences from any version that anybody saw lead to the version of now.

    tests/process/durable_kill.py --rounds 1000        for a long look; a few without
"""

import json
import os
import random
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
from harness import Checks, Kith, arguments, udp_exchange


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
                reply = dnsmsg.Message(udp_exchange(self.address, KEY.sign(update(ZONE, *parts)), 1.0))
            except (OSError, TimeoutError):
                return  # killed: nobody knows whether this one was done
            if reply.rcode == 0:
                self.known[name] = self.unknown.pop(name)
                self.acknowledged += 1
            else:
                self.unknown.pop(name)


def hold(records: list[dnsmsg.Record]) -> dict[str, str]:
    return {dnsmsg.name_to_text(record.name): ".".join(map(str, record.rdata)) for record in records if record.type == 1}


def replay(before: set[tuple], records: list[dnsmsg.Record]) -> set[tuple]:
    """The records after the differences of an IXFR answer (RFC 1995 §4)."""
    after = set(before)
    removing = True
    for record in records[1:-1]:
        if record.type == 6:
            removing = not removing if record is not records[1] else True
            continue
        one = (dnsmsg.name_to_text(record.name).lower(), record.type, record.rdata)
        (after.discard if removing else after.add)(one)
    return after


def content(records: list[dnsmsg.Record]) -> set[tuple]:
    return {(dnsmsg.name_to_text(record.name).lower(), record.type, record.rdata) for record in records if record.type != 6}


def run(checks: Checks, program: Path, rounds: int, clients: int, signed: bool) -> None:
    known: dict[str, str | None] = {}
    last_serial, seen = 0, None
    acknowledged = 0
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        settings = {"journal_size": "256KiB"} | ({"dnssec": {}} if signed else {})
        (folder / "dyn.zone").write_text(FILE)
        for number in range(rounds + 1):
            kith = Kith(program, config(**settings), folder=folder)
            try:
                now = serial(kith)
                checks.check(f"round {number}: the serial goes forward", now >= last_serial, f"{now} after {last_serial}")
                last_serial = now
                zone = axfr(kith)
                there = hold(zone)
                for owner, address in known.items():
                    if there.get(owner) != address:
                        checks.check(f"round {number}: {owner} is as acknowledged", False, f"{there.get(owner)}, expected {address}")
                checks.check(f"round {number}: {len(known)} acknowledged names", True)
                if seen:
                    old_serial, old_content = seen
                    answer = transfer(kith, dnsupdate.ixfr(ZONE, old_serial)) if old_serial != now else []
                    whole = len(answer) > 1 and answer[1].type != 6
                    if answer and not whole:
                        checks.check(f"round {number}: differences from {old_serial} lead to {now}", replay(old_content, answer) == content(zone))
                seen = (now, content(zone))
                journal = subprocess.run([program, "journal", "show", ZONE, "-d", folder / "kith-state", "--json"], capture_output=True, text=True)
                entries = [json.loads(line) for line in journal.stdout.splitlines()]
                chain = all(a["to"] == b["from"] for a, b in zip(entries, entries[1:]))
                checks.check(f"round {number}: the journal is whole", journal.returncode == 0 and chain, journal.stderr)
                if number == rounds:
                    break
                workers = [Client(i, kith.address, known) for i in range(clients)]
                for worker in workers:
                    worker.start()
                time.sleep(random.uniform(0.0, 0.3))
                os.kill(kith.pid, signal.SIGKILL)
                kith.process.wait()
                for worker in workers:
                    worker.ended.set()
                for worker in workers:
                    worker.join()
                    acknowledged += worker.acknowledged
                    for owner in worker.unknown:  # done or not: nobody was told
                        known.pop(owner, None)
            finally:
                kith.__exit__(None)
    checks.check(f"{acknowledged} updates were acknowledged", acknowledged > rounds, acknowledged)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="how often the server is killed; default: %(default)s")
    parser.add_argument("--clients", type=int, default=4, help="that update at the same time; default: %(default)s")
    options = parser.parse_args()
    checks = Checks()
    for signed in (False, True):
        run(checks, options.kith.resolve(), max(1, options.rounds // 2), options.clients, signed)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
