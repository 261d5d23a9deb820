#!/usr/bin/env python3
"""Keys of a signed zone, rolled by the running server: as its operator and its parent meet it.

The parent is one of ours: it has the DS records that the zone's CDS asks for, a while after they do. The server is
killed between any two steps. What is served must be a whole signed zone at every look, and lead from the DS.
"""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from harness import Checks, Kith, arguments, frame, free_port, read_frame, wait_for, write_file

ZONE = "home.example"
ZONE_FILE = """$ORIGIN home.example.
$TTL 1
@    SOA ns hostmaster 1 3600 900 604800 1
@    NS  ns
ns   A   192.0.2.53
www  A   192.0.2.80
*.w  TXT "any"
"""
SHORT = {"dnskey_ttl": 1, "ds_ttl": "1s", "zone_ttl_max": "1s", "propagation": "0s", "parent_propagation": "0s",
         "rollover_margin": "0s"}


class Parent:
    """A server of the parent zone that follows CDS when it is told to."""

    def __init__(self) -> None:
        self.ds: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            with stream:
                try:
                    query = read_frame(stream)
                    self.asked += 1
                    answers = [dnsmsg.record(ZONE, "DS", 1, ds) for ds in self.ds]
                    stream.sendall(frame(dnsmsg.response(query, answers, flags=0x0400)))
                except (OSError, ConnectionError):
                    pass

    def close(self) -> None:
        self.listener.close()


class World:
    def __init__(self, program: Path, folder: Path, dnssec: dict):
        self.program, self.folder = program, folder
        self.port = free_port()
        (folder / "home.zone").write_text(ZONE_FILE)
        self.dnssec = dnssec
        self.kith = None
        self.start()

    def config(self) -> dict:
        zone = {"file": "home.zone", "transfer": {"allow": ["127.0.0.0/8"]}}
        if self.dnssec is not None:
            zone["dnssec"] = self.dnssec
        return {"server": {"listen": [f"127.0.0.1:{self.port}"], "workers": 1}, "zones": {ZONE: zone}}

    def start(self) -> None:
        self.kith = Kith(self.program, self.config(), folder=self.folder)

    def kill(self) -> None:
        self.kith.process.send_signal(signal.SIGKILL)
        self.kith.process.wait()
        self.kith.__exit__(None)
        self.start()

    def reload(self, dnssec: dict | None) -> str:
        self.dnssec = dnssec
        self.kith.write_config(self.config())
        return self.kith.reload().get("STATUS", "")

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, "key", *words, "-d", str(self.folder / "kith-state")], capture_output=True,
                              text=True, check=False)

    def status(self) -> dict:
        done = self.run("status", ZONE, "--json")
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def cds(self) -> list[bytes]:
        return [bytes(record.rdata) for record in self.kith.ask(ZONE, "CDS").answer if record.type == 59]

    def verify(self, checks: Checks, what: str, ds: list[bytes]) -> None:
        """The zone as a secondary gets it is signed as it should be, and one of these DS leads to it."""
        file = self.folder / "copy.zone"
        copied = subprocess.run([self.program, "transfer", ZONE, f"@127.0.0.1:{self.port}", "-o", str(file)],
                                capture_output=True, text=True, check=False)
        checks.equal(f"{what}: transferred", (copied.returncode, copied.stderr), (0, ""))
        words = []
        for each in ds:
            tag, algorithm, digest = struct.unpack("!HBB", each[:4])
            words += ["--ds", f"{tag} {algorithm} {digest} {each[4:].hex()}"]
        done = subprocess.run([self.program, "zone", "verify", str(file), *words], capture_output=True, text=True,
                              check=False)
        # Signatures of a new algorithm come before its keys, and go after them (RFC 6781 §4.1.4).
        flaws = [line for line in done.stderr.splitlines() if "no DNSKEY has its algorithm" not in line]
        if "algorithm" in what and flaws and "is not signed as it should be" in flaws[-1] and len(flaws) == 1:
            flaws = []
        checks.equal(f"{what}: verified", flaws, [])


def follow(checks: Checks, world: World, parent: Parent, what: str, done, seconds: float = 60, kills: int = 0) -> None:
    """Lets time pass until `done(status)`; the parent follows, and the server is killed now and then."""
    deadline = time.monotonic() + seconds
    dice = random.Random(7)
    while True:
        status = world.status()
        if done(status):
            return
        if time.monotonic() > deadline:
            checks.check(what, False, json.dumps(status))
            return
        wanted = world.cds()
        if wanted and sorted(wanted) != sorted(parent.ds):
            parent.ds = wanted
            world.run("check-parent", ZONE)
        world.verify(checks, what, parent.ds[:1])
        if kills and dice.random() < 0.3:
            kills -= 1
            world.kill()
        time.sleep(0.2)


def tags(status: dict, **wanted: object) -> set[int]:
    return {key["tag"] for key in status["keys"] if all(key[name] == value for name, value in wanted.items())}


def settled(status: dict) -> bool:
    return not status["waits"] and all(key["state"] == "active" for key in status["keys"])


def test_rolls(checks: Checks, program: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="kith-keys-") as temporary:
        parent = Parent()
        dnssec = SHORT | {"keys": "ksk-zsk", "parent_servers": [f"127.0.0.1:{parent.port}"]}
        world = World(program, Path(temporary), dnssec)
        try:
            follow(checks, world, parent, "the first keys are vouched for", settled, kills=1)
            checks.check("the parent was asked", parent.asked > 0)
            first = world.status()
            checks.equal("one key of each role", sorted(key["role"] for key in first["keys"]), ["ksk", "zsk"])
            for role in ("ksk", "zsk"):
                before = tags(world.status(), role=role)
                done = world.run("roll", ZONE, f"--{role}")
                checks.equal(f"a {role} is rolled", (done.returncode, done.stderr), (0, ""))
                follow(checks, world, parent, f"{role} rolled",
                       lambda status: settled(status) and not before & tags(status, role=role), kills=3)
                checks.equal(f"one {role} after it", len(tags(world.status(), role=role)), 1)
            done = world.run("roll", ZONE, "--algorithm", "ED25519")
            checks.equal("an algorithm is rolled", (done.returncode, done.stderr), (0, ""))
            follow(checks, world, parent, "algorithm rolled",
                   lambda status: settled(status) and {key["algorithm"] for key in status["keys"]} == {"ED25519"},
                   kills=3)
            world.reload(dnssec | {"keys": "csk", "algorithm": "ed25519"})
            follow(checks, world, parent, "one key for all",
                   lambda status: settled(status) and [key["role"] for key in status["keys"]] == ["csk"], kills=1)
            test_leaving(checks, world, parent)
        finally:
            world.kith.stop()
            world.kith.__exit__(None)
            parent.close()


def test_leaving(checks: Checks, world: World, parent: Parent) -> None:
    """From signed to unsigned, which is refused while somebody vouches for the keys."""
    signed = world.dnssec
    world.reload(None)
    checks.check("signing does not end while the parent has a DS", "remove_ds" in world.kith.log(), world.kith.log()[-500:])
    checks.check("and goes on", world.kith.ask(ZONE, "DNSKEY").data("DNSKEY"))
    world.reload(signed | {"remove_ds": True})
    wait_for(lambda: [cds[:4] for cds in world.cds()] == [bytes(4)], "a CDS that asks for removal (RFC 8078)")
    parent.ds = []
    world.run("check-parent", ZONE)
    wait_for(lambda: world.status()["may_end"], "leave to end", 30)
    world.reload(None)
    wait_for(lambda: not world.kith.ask(ZONE, "DNSKEY").answer, "a zone without keys")
    checks.check("the records stay", world.kith.ask("www." + ZONE).data("A"))


def test_commands(checks: Checks, program: Path) -> None:
    """What they say when they cannot."""
    with tempfile.TemporaryDirectory(prefix="kith-keys-") as temporary:
        world = World(program, Path(temporary), {})
        rows = [
            (("roll", ZONE, "--zsk"), 1, "has no zsk in use"),
            (("roll", ZONE), 2, "expected one of"),
            (("roll", "other.example", "--csk"), 1, "no such zone is signed here"),
            (("roll", ZONE, "--algorithm", "RSAMD5"), 1, "expected ECDSAP256SHA256"),
            (("ds-seen", ZONE), 1, "not to be given to the parent yet"),
            (("ds-seen", ZONE, "13/1"), 1, "expected a key of the zone"),
            (("check-parent", ZONE), 1, "names no parent_servers"),
            (("status", "other.example"), 1, "no such zone is signed here"),
        ]
        for words, code, text in rows:
            done = world.run(*words)
            checks.check(f"kith key {' '.join(words)}", done.returncode == code and text in done.stderr,
                         f"{done.returncode}: {done.stderr}")
        socket_file = world.folder / "kith-state/kith.control"
        checks.equal("only its owner may use the socket", oct(os.stat(socket_file).st_mode & 0o777), "0o600")
        for request in (b"", b"\n", b"nonsense\n", b"key\n", b"key roll\n", b"key status json " + b"x" * 9000 + b"\n",
                        bytes(range(1, 256)) + b"\n"):
            with socket.socket(socket.AF_UNIX) as stream:
                stream.connect(str(socket_file))
                stream.sendall(request)
                stream.shutdown(socket.SHUT_WR)
                answer = b""
                try:
                    while piece := stream.recv(4096):
                        answer += piece
                except ConnectionResetError:  # it did not read all of this
                    answer = b"error\n" if len(request) > 8192 else b""
            checks.check(f"answer to {request[:20]!r}", not request or answer.startswith(b"error\n"), answer[:80])
        checks.equal("it serves on", world.run("status").returncode, 0)
        world.kith.stop()
        checks.check("without a server it says so", "no server runs" in world.run("status").stderr)
        world.kith.__exit__(None)


def test_offline_key(checks: Checks, program: Path) -> None:
    """The private half of the key signing key is not where the server is."""
    with tempfile.TemporaryDirectory(prefix="kith-keys-") as temporary:
        safe, keys = Path(temporary) / "safe", Path(temporary) / "keys"
        safe.mkdir()
        keys.mkdir()

        def kith(*words: str) -> str:
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            checks.equal(f"kith {' '.join(words[:2])}", (done.returncode, done.stderr), (0, ""))
            return done.stdout.strip()

        zsk = kith("key", "generate", "-r", "zsk", "-K", str(keys), ZONE)
        ksk = kith("key", "generate", "-r", "ksk", "-K", str(safe), ZONE)
        for stem, place in ((zsk, safe), (ksk, keys)):
            (place / f"{Path(stem).name}.key").write_bytes(Path(f"{stem}.key").read_bytes())
        signatures = Path(temporary) / "home.rrsigs"
        kith("key", "presign", ZONE, "-K", str(safe), "-o", str(signatures))
        world = World(program, Path(temporary), {"key_directory": "keys", "key_signatures": "home.rrsigs"})
        ds = kith("key", "ds", f"{ksk}.key").split(" DS ")[1].split()
        world.verify(checks, "offline key", [struct.pack("!HBB", *map(int, ds[:3])) + bytes.fromhex("".join(ds[3:]))])
        checks.equal("only it asks the parent", len(world.cds()), 1)
        # Signatures of other keys are refused, and what serves stays.
        before = len(world.kith.log())
        write_file(signatures, signatures.read_text().replace("RRSIG DNSKEY 13 2 3600", "RRSIG DNSKEY 13 2 7200"))
        world.kith.wait_log("config.refused", after=before)  # without being told
        checks.check("a signature that proves nothing", "refused" in world.reload(world.dnssec), world.kith.log()[-300:])
        checks.check("it serves on", world.kith.ask(ZONE, "DNSKEY").data("DNSKEY"))
        world.kith.stop()
        world.kith.__exit__(None)


def test_offline_roll(checks: Checks, program: Path) -> None:
    """Keys that sign the zone come and go, as the safe was told that they would."""
    with tempfile.TemporaryDirectory(prefix="kith-keys-") as temporary:
        safe, keys = Path(temporary) / "safe", Path(temporary) / "keys"
        safe.mkdir()
        keys.mkdir()

        def kith(*words: str, code: int = 0) -> str:
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            checks.equal(f"kith {' '.join(words)}", done.returncode, code)
            return (done.stdout if code == 0 else done.stderr).strip()

        def copy(stems: list[str], place: Path) -> None:
            for stem in stems:
                (place / f"{Path(stem).name}.key").write_bytes(Path(f"{stem}.key").read_bytes())

        ksk = kith("key", "generate", "-r", "ksk", "-K", str(safe), ZONE)
        generate = ("key", "generate", "-K", str(keys), ZONE)
        rows = [
            (("--count", "2"), "--lifetime: expected"),
            (("--lifetime", "30d"), "expected --role zsk"),
            (("-r", "zsk", "--lifetime", "7d"), "--overlap: expected"),
            (("-r", "zsk", "--lifetime", "30d", "--count", "0"), "--count: expected a whole number from 1 to"),
            (("-r", "zsk", "--lifetime", "30d", "--from", "soon"), "--from: expected"),
        ]
        for words, text in rows:
            said = kith(*generate, *words, code=2)
            checks.check(text, text in said, said)
        checks.equal("nothing is made then", list(keys.iterdir()), [])
        zsks = kith(*generate, "-r", "zsk", "--lifetime", "5s", "--overlap", "3s", "--count", "12").splitlines()
        copy(zsks, safe)
        copy([ksk], keys)
        signatures = Path(temporary) / "home.rrsigs"
        presign = ("key", "presign", ZONE, "-K", str(safe), "--validity", "1h", "-o", str(signatures))
        checks.check("too few keys", "no key that signs the zone" in kith(*presign, "--every", "9m", "--periods", "1", code=1))
        kith(*presign, "--every", "25s", "--periods", "2")
        world = World(program, Path(temporary), {"key_directory": "keys", "key_signatures": "home.rrsigs"})
        third = int(zsks[2].rsplit("+", 1)[1])
        wait_for(lambda: f" {third} " in subprocess.run(
            [program, "query", f"@127.0.0.1:{world.port}", ZONE, "SOA", "--dnssec", "--short"],
            capture_output=True, text=True, check=False).stdout, "signatures of the third key", 40)
        ds = kith("key", "ds", f"{ksk}.key").split(" DS ")[1].split()
        world.verify(checks, "after two rolls", [struct.pack("!HBB", *map(int, ds[:3])) + bytes.fromhex("".join(ds[3:]))])
        world.kith.stop()
        world.kith.__exit__(None)


def main() -> int:
    options = arguments(__doc__.splitlines()[0]).parse_args()
    checks = Checks()
    program = options.kith.resolve()
    test_commands(checks, program)
    test_offline_key(checks, program)
    test_offline_roll(checks, program)
    test_rolls(checks, program)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
