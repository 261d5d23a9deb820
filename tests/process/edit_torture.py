#!/usr/bin/env python3
"""Broken edits of the configuration and its zone file while the program serves.

A client asks all the time. Every answer must be that of the last valid version, or of a valid
version written since; none may be missing. What is valid is asked of `kith check`; what a valid
version answers, of a program started for it alone: what is tested is reloading, not reading.

    tests/process/edit_torture.py --kith build/dev/kith [--rounds 60] [--seed 1]
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from dnsmsg import Message
from harness import Checks, Kith, arguments, wait_for

CONFIG, ZONE = "kith.json", "lan.zone"
QUESTIONS = [("version.lan", "TXT"), ("host.lan", "A"), ("last.lan", "A"), ("alias.lan", "A"), ("x.wild.lan", "A"),
             ("version.cfg", "TXT"), ("host.cfg", "A"), ("nothing.cfg", "A"), ("blocked.example", "A")]
Files = dict[str, bytes]
Answers = tuple[str, ...]


def config_text(version: int) -> bytes:
    config = {
        "server": {"listen": ["127.0.0.1:0"], "workers": 2, "upstream": []},
        "zones": {"lan": {"file": ZONE}, "cfg": {}},
        "records": [{"name": "version.cfg", "type": "TXT", "value": f"config {version}", "ttl": version},
                    {"name": "host.cfg", "type": "A", "value": f"10.0.{version >> 8 & 255}.{version & 255}"}],
        "rewrites": [{"match": "blocked.example", "action": "redirect", "value": f"10.1.{version >> 8 & 255}.{version & 255}"}],
    }
    return json.dumps(config, indent=1).encode()


def zone_text(version: int) -> bytes:
    lines = ["$ORIGIN lan.", "$TTL 300", f"@ SOA ns hostmaster ( {version + 1}", "  3600 900 604800 300 )", "@ NS ns", "ns A 192.0.2.53",
             f'version TXT "zone {version}"', f"host A 10.2.{version >> 8 & 255}.{version & 255}", "alias CNAME host",
             f"*.wild A 10.3.{version >> 8 & 255}.{version & 255}"]
    lines += [f"filler{i} A 192.0.2.{i % 256}" for i in range(100)]
    return "\n".join(lines + [f"last A 10.4.{version >> 8 & 255}.{version & 255}", ""]).encode()


def answer_text(reply: Message) -> str:
    records = sorted(f"{record.ttl} {record.text()}" for record in reply.answer)
    return f"{reply.rcode_name} {' / '.join(records)}"


class Oracle:
    """What a set of files answers; None when it is not valid."""

    def __init__(self, program: Path):
        self.program = program
        self.known: dict[tuple[bytes | None, bytes | None], Answers | None] = {}

    def answers(self, files: Files) -> Answers | None:
        key = files.get(CONFIG), files.get(ZONE)
        if key not in self.known:
            self.known[key] = self.find(files)
        return self.known[key]

    def find(self, files: Files) -> Answers | None:
        with tempfile.TemporaryDirectory(prefix="kith-oracle-") as name:
            folder = Path(name)
            for file, data in files.items():
                (folder / file).write_bytes(data)
            check = subprocess.run([self.program, "check", "-c", str(folder / CONFIG)], capture_output=True, timeout=60)
            if check.returncode != 0:
                return None
            # On a free port, whatever the broken file says about it.
            with Kith(self.program, folder=folder, arguments=["serve", "-c", str(folder / CONFIG), "--host", "127.0.0.1", "--port", "0"]
                      ) as server:
                return tuple(answer_text(server.ask(name, rtype, rd=False)) for name, rtype in QUESTIONS)


class Client(threading.Thread):
    """Asks everything again and again; keeps each different answer with the time span it was seen in."""

    def __init__(self, address: tuple[str, int]):
        super().__init__(daemon=True)
        self.address = address
        self.lock = threading.Lock()
        self.asked = self.missing = self.rounds = 0
        self.seen: set[tuple[int, str]] = set()
        self.over = threading.Event()

    def run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self.address)
            sock.settimeout(5)
            ident = 0
            while not self.over.is_set():
                for number, (name, rtype) in enumerate(QUESTIONS):
                    ident = (ident + 1) & 0xffff
                    # Without RD: an edit may well make upstreams of other people.
                    sock.send(dnsmsg.query(name, rtype, ident=ident, rd=False))
                    self.asked += 1
                    try:
                        reply = Message(sock.recv(4096))
                        while reply.id != ident:
                            reply = Message(sock.recv(4096))
                    except TimeoutError:
                        self.missing += 1
                        continue
                    with self.lock:
                        self.seen.add((number, answer_text(reply)))
                self.rounds += 1

    def take(self) -> set[tuple[int, str]]:
        """What was seen since the last call."""
        with self.lock:
            seen, self.seen = self.seen, set()
        return seen

    def wait_round(self) -> None:
        """Until everything has been asked anew, from the start."""
        after = self.rounds + 2
        wait_for(lambda: self.rounds >= after, "the client's questions", 60)


class Torture:
    def __init__(self, folder: Path, server: Kith, oracle: Oracle, rng: random.Random, checks: Checks):
        self.folder, self.server, self.oracle, self.rng, self.checks = folder, server, oracle, rng, checks
        self.version = 1
        self.good = {CONFIG: config_text(1), ZONE: zone_text(1)}
        self.allowed: set[tuple[int, str]] = set()
        self.counts = {"refused": 0, "loaded": 0}
        self.kinds: dict[str, int] = {}

    def path(self, file: str) -> Path:
        return self.folder / file

    def clear(self, file: str) -> None:
        path = self.path(file)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.is_symlink() or path.exists():
            path.unlink()

    def current(self) -> Files | None:
        """The files as they are; None when one cannot be read as a file."""
        files = {}
        for file in (CONFIG, ZONE):
            path = self.path(file)
            if path.is_dir():
                return None
            if path.exists():
                files[file] = path.read_bytes()
        return files

    def allow(self) -> bool:
        """Takes the files as they are into the versions that may be answered, if they are valid."""
        files = self.current()
        answers = self.oracle.answers(files) if files and CONFIG in files else None
        if answers is not None:
            self.allowed |= set(enumerate(answers))
        return answers is not None

    # The edits. Each leaves the file as it is afterwards; steps between count as versions too.

    def mutate(self, data: bytes) -> bytes:
        rng, out = self.rng, bytearray(data)
        kind = rng.randrange(6)
        if kind == 0:
            del out[rng.randrange(len(out)):]
        elif kind == 1:
            at = rng.randrange(len(out))
            out[at:at] = rng.randbytes(rng.randint(1, 40))
        elif kind == 2:
            lines = data.split(b"\n")
            del lines[rng.randrange(len(lines))]
            out = bytearray(b"\n".join(lines))
        elif kind == 3:
            lines = data.split(b"\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            out = bytearray(b"\n".join(lines))
        elif kind == 4:
            for _ in range(rng.randint(1, 5)):
                out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        else:
            out = bytearray(rng.choice([b"", b"\0" * 100, b"{", b"[]", b"null", b"$INCLUDE lan.zone\n", rng.randbytes(2000)]))
        return bytes(out)

    def write_in_place(self, file: str, data: bytes) -> None:
        self.prepare(file)
        self.path(file).write_bytes(data)

    def write_in_halves(self, file: str, data: bytes) -> None:
        """As a slow editor does: what stands there in between may be valid or not."""
        self.prepare(file)
        half = self.rng.randrange(len(data) + 1)
        # Both states are allowed before they are there.
        self.allow_with(file, data[:half])
        with open(self.path(file), "wb") as out:
            out.write(data[:half])
            out.flush()
            time.sleep(self.rng.choice([0, 0, 0.001, 0.06]))
            out.write(data[half:])

    def write_by_rename(self, file: str, data: bytes) -> None:
        self.prepare(file)
        other = self.folder / (file + ".new")
        other.write_bytes(data)
        os.replace(other, self.path(file))

    def write_by_link(self, file: str, data: bytes) -> None:
        """As Kubernetes and Nix do: the file is a symbolic link that turns."""
        self.prepare(file)
        target = self.folder / f"{file}.{self.version}.{self.rng.randrange(10 ** 6)}"
        target.write_bytes(data)
        link = self.folder / (file + ".link")
        link.symlink_to(target.name)
        os.replace(link, self.path(file))

    def delete_and_write(self, file: str, data: bytes) -> None:
        self.clear(file)
        time.sleep(self.rng.choice([0, 0.06]))
        self.path(file).write_bytes(data)

    def prepare(self, file: str) -> None:
        if self.path(file).is_dir():
            self.clear(file)

    def allow_with(self, file: str, data: bytes) -> None:
        files = self.current()
        if files is None or CONFIG not in (files | {file: data}):
            return
        answers = self.oracle.answers(files | {file: data})
        if answers is not None:
            self.allowed |= set(enumerate(answers))

    def edit(self) -> str:
        """One random edit; returns its kind."""
        rng = self.rng
        file = rng.choice([CONFIG, ZONE])
        special = rng.random()
        if special < 0.05:
            self.clear(file)
            return "deleted"
        if special < 0.10:
            self.clear(file)
            self.path(file).mkdir()
            return "directory in its place"
        if special < 0.15:
            self.clear(file)
            self.path(file).symlink_to("nowhere" if rng.random() < 0.5 else file)
            return "dangling link"
        if special < 0.20 and self.path(file).is_file():
            self.path(file).chmod(rng.choice([0, 0o644]))
            return "chmod"
        valid = rng.random() < 0.25
        if valid:
            self.version += 1
            data = config_text(self.version) if file == CONFIG else zone_text(self.version)
            self.good[file] = data
        else:
            data = self.mutate(self.good[file])
        write = rng.choice([self.write_in_place, self.write_in_halves, self.write_by_rename, self.write_by_link, self.delete_and_write])
        if self.path(file).is_symlink() and write in (self.write_in_place, self.write_in_halves):
            self.clear(file)
        self.allow_with(file, data)
        write(file, data)
        return f"{'valid' if valid else 'broken'}, {write.__name__.replace('_', ' ')}"

    def run(self, rounds: int, client: Client) -> None:
        self.allow()
        for number in range(rounds):
            before = len(self.server.log())
            kind = self.edit()
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            valid = self.allow()
            # Half of the time the next edit comes at once; else this one is waited for.
            if self.rng.random() < 0.5 or number == rounds - 1:
                self.wait_for_verdict(valid, before)
                client.wait_round()
                wrong = client.take() - self.allowed
                self.checks.check(f"edit {number} ({kind}): every answer is that of a valid version", not wrong,
                                  f"{[(QUESTIONS[i], text) for i, text in sorted(wrong)][:3]}")
                self.forget_old(client)

    def wait_for_verdict(self, valid: bool, before: int) -> None:
        """Until the server has looked at the last edit. An edit that changes nothing has no verdict, so
        this waits only for a moment and goes by what is logged."""
        words = "config.reloaded" if valid else "config.refused"
        try:
            wait_for(lambda: words in self.server.log()[before:], words, 0.3)
            self.counts["loaded" if valid else "refused"] += 1
        except TimeoutError:
            pass

    def forget_old(self, client: Client) -> None:
        """With the good files in place and loaded, only their answers are allowed again."""
        if self.rng.random() < 0.7:
            return
        self.restore()
        self.settle(client)

    def restore(self) -> None:
        self.version += 1
        self.good = {CONFIG: config_text(self.version), ZONE: zone_text(self.version)}
        for file, data in self.good.items():
            self.allow_with(file, data)
            self.clear(file)
            self.path(file).write_bytes(data)
        self.allow()

    def settle(self, client: Client) -> None:
        wanted = set(enumerate(self.oracle.answers(self.good)))

        def settled() -> bool:
            client.wait_round()
            client.take()
            client.wait_round()
            return client.take() == wanted
        try:
            wait_for(settled, "the good files to be served", 15)
            self.checks.passed += 1
        except TimeoutError:
            self.checks.check("good files are served after broken ones", False, sorted(client.take() - wanted)[:3])
        self.allowed = wanted


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    checks, rng = Checks(), random.Random(options.seed)
    options.kith = options.kith.resolve()
    with tempfile.TemporaryDirectory(prefix="kith-torture-") as name:
        folder = Path(name)
        (folder / CONFIG).write_bytes(config_text(1))
        (folder / ZONE).write_bytes(zone_text(1))
        with Kith(options.kith, folder=folder) as server:
            client = Client(server.address)
            client.start()
            torture = Torture(folder, server, Oracle(options.kith), rng, checks)
            begin = time.monotonic()
            torture.run(options.rounds, client)
            torture.restore()
            torture.settle(client)
            client.over.set()
            client.join()
            checks.equal("questions without an answer", client.missing, 0)
            checks.check("enough was asked", client.asked > 10 * options.rounds, client.asked)
            print(f"{options.rounds} edits in {time.monotonic() - begin:.1f} s, {client.asked} questions, {client.missing} unanswered; "
                  f"verdicts seen: {torture.counts}")
            for kind, count in sorted(torture.kinds.items()):
                print(f"  {count:5} {kind}")
            checks.equal("exit code after SIGTERM", server.stop(), 0)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
