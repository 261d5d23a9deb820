#!/usr/bin/env python3
"""Zones of record from outside: updates by TSIG, what survives a restart, edits of the file, leases,
journal and disk failures."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
import dnsupdate
from dnsmsg import RCODES
from dnsupdate import Key, add_a, delete_name, update
from harness import Checks, Kith, arguments, frame, read_frame, wait_for, write_file

KEY = Key("laptop.")
OTHER = Key("other.")
ZONE = "dyn.example."
FILE = """$ORIGIN dyn.example.
$TTL 300
@ SOA ns hostmaster 1 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
static A 192.0.2.1
"""


def config(**settings: object) -> dict:
    return {"keys": KEY.config() | OTHER.config(),
            "zones": {ZONE: {"file": "dyn.zone", "update": ["grant laptop. zonesub ANY"], "transfer": {"allow": ["127.0.0.0/8"]}} | settings}}


def serial(kith: Kith, zone: str = ZONE) -> int:
    return dnsupdate.serial(kith.ask(zone, "SOA").sections[0][0].rdata)


def addresses(kith: Kith, name: str) -> list[str]:
    return sorted(".".join(map(str, record.rdata)) for record in kith.ask(name).sections[0] if record.type == 1)


def transfer(kith: Kith, message: bytes) -> list[dnsmsg.Record]:
    """All records of the answer to AXFR or IXFR."""
    records: list[dnsmsg.Record] = []
    with socket.create_connection(kith.address, 20) as sock:
        sock.sendall(frame(message))
        while True:
            reply = dnsmsg.Message(read_frame(sock))
            if reply.rcode:
                raise RuntimeError(f"rcode {reply.rcode}")
            records += reply.sections[0]
            newest = [record for record in records if record.type == 6 and record.rdata == records[0].rdata]
            # Differences name the newest SOA three times: in front, before the last additions, at the end.
            has_differences = len(records) > 1 and records[1].type == 6
            if len(newest) == (3 if has_differences else 2) or len(records) == 1 and is_ixfr(message):
                return records


def is_ixfr(message: bytes) -> bool:
    """An IXFR query may be answered with the SOA alone."""
    return dnsmsg.Message(message).questions[0][1] == dnsmsg.TYPES["IXFR"]


def axfr(kith: Kith, zone: str = ZONE) -> list[dnsmsg.Record]:
    return transfer(kith, dnsmsg.query(zone, "AXFR", rd=False))


def send(kith: Kith, *updates: bytes, key: Key | None = KEY, tcp: bool = False, **options: object) -> int:
    message = update(ZONE, *updates, **options)
    if key:
        message = key.sign(message)
    return (kith.tcp if tcp else kith.udp)(message).rcode


def basics(checks: Checks, program: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        with Kith(program, config(), files={"dyn.zone": FILE}, folder=folder) as kith:
            checks.equal("the zone serves", addresses(kith, "static.dyn.example."), ["192.0.2.1"])
            checks.equal("an update over UDP", send(kith, add_a("a.dyn.example.", "192.0.2.7")), 0)
            checks.equal("is served at once", addresses(kith, "a.dyn.example."), ["192.0.2.7"])
            checks.equal("with the next serial", serial(kith), 2)
            checks.equal("an update over TCP", send(kith, add_a("b.dyn.example.", "192.0.2.8"), tcp=True), 0)
            checks.equal("a removal", send(kith, delete_name("static.dyn.example.")), 0)
            checks.equal("is gone", kith.ask("static.dyn.example.").rcode, RCODES["NXDOMAIN"])
            checks.equal("nothing to do is done", send(kith, delete_name("static.dyn.example.")), 0)
            checks.equal("and makes no version", serial(kith), 4)
            checks.equal("unsigned is refused", send(kith, add_a("x.dyn.example.", "192.0.2.9"), key=None), RCODES["REFUSED"])
            checks.equal("a key without grant is refused", send(kith, add_a("x.dyn.example.", "192.0.2.9"), key=OTHER), RCODES["REFUSED"])
            checks.equal("a key nobody knows", send(kith, add_a("x.dyn.example.", "192.0.2.9"), key=Key("unknown.")), 9)
            checks.equal("a wrong secret", send(kith, add_a("x.dyn.example.", "192.0.2.9"), key=Key("laptop.", b"wrong")), 9)
            stale = KEY.sign(update(ZONE, add_a("x.dyn.example.", "192.0.2.9")), int(time.time()) - 3600)
            checks.equal("an old signature", kith.udp(stale).rcode, 9)
            checks.equal("another zone", kith.udp(KEY.sign(update("other.", add_a("x.other.", "192.0.2.9")))).rcode, 9)
            checks.equal("a name outside", send(kith, add_a("x.example.", "192.0.2.9")), 10)
            checks.equal("garbage behind the header", kith.udp(update(ZONE)[:20]).rcode, RCODES["FORMERR"])
            checks.equal("none of it made a version", serial(kith), 4)
            journal = subprocess.run([program, "journal", "show", ZONE, "-d", folder / "kith-state", "--json"], capture_output=True, text=True, check=True)
            entries = [json.loads(line) for line in journal.stdout.splitlines()]
            checks.equal("the journal has each of them", [(entry["from"], entry["to"]) for entry in entries], [(1, 2), (2, 3), (3, 4)])
            checks.equal("and who it was", {entry["who"] for entry in entries}, {"laptop."})
            mode = (folder / "kith-state/kith.db").stat().st_mode & 0o777
            checks.equal("only its user may read the state", oct(mode), "0o600")
            second = subprocess.run([program, "serve", "-c", folder / "kith.json"], capture_output=True, text=True)
            checks.check("a second server is kept out", second.returncode == 1 and "another server keeps its state" in second.stderr, second.stderr)
        with Kith(program, None, folder=folder) as kith:
            checks.equal("after a restart", addresses(kith, "a.dyn.example."), ["192.0.2.7"])
            checks.equal("what was removed stays so", kith.ask("static.dyn.example.").rcode, RCODES["NXDOMAIN"])
            checks.equal("the serial too", serial(kith), 4)
            write_file(folder / "dyn.zone", FILE + "edited A 192.0.2.50\n")
            wait_for(lambda: addresses(kith, "edited.dyn.example.") == ["192.0.2.50"], "the edit")
            checks.equal("an edit adds to what clients wrote", addresses(kith, "a.dyn.example."), ["192.0.2.7"])
            checks.equal("and does not bring back what they removed", kith.ask("static.dyn.example.").rcode, RCODES["NXDOMAIN"])
            checks.equal("as one more version", serial(kith), 5)
            records = transfer(kith, dnsupdate.ixfr(ZONE, 3))
            texts = [record.text() for record in records if record.type == 1]
            checks.equal("which others get as differences", texts, ["static.dyn.example. A 192.0.2.1", "edited.dyn.example. A 192.0.2.50"])
        (folder / "dyn.zone").write_text(FILE.replace("edited", "twice") + "twice A 192.0.2.51\n")
        with Kith(program, None, folder=folder) as kith:
            checks.equal("an edit while it was stopped", addresses(kith, "twice.dyn.example."), ["192.0.2.51"])
            checks.equal("loses nothing", addresses(kith, "b.dyn.example."), ["192.0.2.8"])
            checks.equal("and goes forward", serial(kith), 6)


def plain_server(checks: Checks, program: Path) -> None:
    """Without zones of record nothing is made, and UPDATE is what it was."""
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        with Kith(program, {"zones": {ZONE: {"file": "dyn.zone"}}}, files={"dyn.zone": FILE}, folder=folder) as kith:
            checks.equal("UPDATE is not implemented", send(kith, add_a("a.dyn.example.", "192.0.2.7")), RCODES["NOTIMP"])
            checks.check("no state is made", not (folder / "kith-state").exists())


def leases(checks: Checks, program: Path) -> None:
    with Kith(program, config(lease_max="30s"), files={"dyn.zone": FILE}) as kith:
        # A lease is at least 30 s long: what can be seen without waiting is that it was granted.
        message = KEY.sign(update(ZONE, add_a("leased.dyn.example.", "192.0.2.7"), additional=dnsupdate.lease_option(600)))
        reply = kith.udp(message)
        checks.equal("an update with a lease", reply.rcode, 0)
        granted = reply.edns.rdata if reply.edns else b""
        checks.equal("is told what it got", granted[:8], bytes([0, 2, 0, 4, 0, 0, 0, 30]))
        before = serial(kith)
        kith.udp(KEY.sign(update(ZONE, add_a("leased.dyn.example.", "192.0.2.7"), additional=dnsupdate.lease_option(600))))
        checks.equal("renewing it makes no version", serial(kith), before)


def forwarding(checks: Checks, program: Path) -> None:
    """A secondary hands updates on, and gets what they made."""
    with Kith(program, config(), files={"dyn.zone": FILE}) as primary:
        place = f"127.0.0.1:{primary.address[1]} key laptop."
        copy = {"keys": KEY.config(), "zones": {ZONE: {"transfer": {"primaries": [place]}}}}
        with Kith(program, copy) as secondary:
            wait_for(lambda: addresses(secondary, "static.dyn.example.") == ["192.0.2.1"], "the transfer")
            checks.equal("an update to the secondary", send(secondary, add_a("far.dyn.example.", "192.0.2.77")), 0)
            checks.equal("is done by the primary", addresses(primary, "far.dyn.example."), ["192.0.2.77"])
            checks.equal("one that the primary refuses", send(secondary, add_a("x.dyn.example.", "192.0.2.9"), key=OTHER), RCODES["REFUSED"])
            checks.equal("one without a signature goes nowhere", send(secondary, add_a("x.dyn.example.", "192.0.2.9"), key=None), RCODES["REFUSED"])
            primary.stop()
            checks.equal("without the primary", send(secondary, add_a("y.dyn.example.", "192.0.2.9")), RCODES["SERVFAIL"])
            checks.equal("the secondary serves on", addresses(secondary, "static.dyn.example."), ["192.0.2.1"])


def many_at_once(checks: Checks, program: Path) -> None:
    """Many clients at once: what waits together is one version, and each gets its answer."""
    with Kith(program, config(), files={"dyn.zone": FILE}) as kith:
        with socket.create_connection(kith.address, 20) as sock:
            count = 500
            sock.sendall(b"".join(frame(KEY.sign(update(ZONE, add_a(f"m{i}.dyn.example.", "192.0.2.7"), ident=i))) for i in range(count)))
            rcodes = {}
            for _ in range(count):
                reply = dnsmsg.Message(read_frame(sock))
                rcodes[reply.id] = reply.rcode
        checks.equal("each is answered", len(rcodes), count)
        done = [i for i, rcode in rcodes.items() if rcode == 0]
        checks.check("all that were taken are served", all(addresses(kith, f"m{i}.dyn.example.") for i in done))
        checks.check("and most were taken", len(done) > count / 2, len(done))
        checks.check("in fewer versions than updates", serial(kith) - 1 < len(done), serial(kith))


def written_back(checks: Checks, program: Path) -> None:
    with Kith(program, config(write_file=True), files={"dyn.zone": FILE}) as kith:
        checks.equal("an update", send(kith, add_a("w.dyn.example.", "192.0.2.99")), 0)
        wait_for(lambda: "192.0.2.99" in (kith.folder / "dyn.zone").read_text(), "the file")
        time.sleep(0.3)  # for the reload that its change starts
        checks.equal("the file that we wrote is no edit", serial(kith), 2)


def signed(checks: Checks, program: Path) -> None:
    with Kith(program, config(dnssec={}), files={"dyn.zone": FILE}) as kith:
        def types(name: str, rtype: str) -> set[int]:
            return {record.type for record in kith.ask(name, rtype, edns=dnsmsg.opt(do=True)).sections[0]}
        checks.equal("the zone is signed", types("static.dyn.example.", "A"), {1, 46})
        checks.equal("an update", send(kith, add_a("s.dyn.example.", "192.0.2.99")), 0)
        checks.equal("is signed", types("s.dyn.example.", "A"), {1, 46})
        denial = kith.ask("none.dyn.example.", "A", edns=dnsmsg.opt(do=True))
        checks.check("denial is proven", {record.type for record in denial.sections[1]} >= {6, 46, 47})
        # The signer that others trust looks at all of it.
        if subprocess.run(["sh", "-c", "command -v dnssec-verify"], capture_output=True).returncode == 0:
            text = subprocess.run(["dig", "+noall", "+answer", "+onesoa", "-p", str(kith.address[1]), "@127.0.0.1", ZONE, "AXFR"], capture_output=True, text=True).stdout
            (kith.folder / "signed").write_text(text)
            verify = subprocess.run(["dnssec-verify", "-z", "-o", ZONE, str(kith.folder / "signed")], capture_output=True, text=True)
            checks.check("dnssec-verify agrees", verify.returncode == 0, verify.stderr[-500:])


def full_disk(checks: Checks, program: Path) -> None:
    """A disk of one megabyte fills up under updates."""
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        small = folder / "kith-state"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", small], capture_output=True).returncode:
            checks.check("tmpfs needs privileges; not tested", True)
            return
        try:
            with Kith(program, config(), files={"dyn.zone": FILE}, folder=folder) as kith:
                done, rcode = 0, 0
                while rcode == 0 and done < 20000:
                    rcode = send(kith, *(add_a(f"h{done}-{i}.dyn.example.", "192.0.2.7") for i in range(8)), tcp=True)
                    done += rcode == 0
                checks.equal("an update that cannot be kept", rcode, RCODES["SERVFAIL"])
                checks.check("some could", done > 10, done)
                checks.check("the log says what is wrong", "disk is full" in kith.log() and "make room" in kith.log(), kith.log()[-500:])
                checks.equal("what was acknowledged is served", addresses(kith, f"h{done - 1}-7.dyn.example."), ["192.0.2.7"])
                checks.equal("what was not is not", kith.ask(f"h{done}-0.dyn.example.").rcode, RCODES["NXDOMAIN"])
                before = serial(kith)
                subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)
                wait_for(lambda: send(kith, add_a("again.dyn.example.", "192.0.2.8")) == 0, "room on the disk")
                checks.check("with room it goes on", serial(kith) > before)
                # A disk with open files cannot be made read-only: another one, which is, takes its place.
                subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", small], check=True)
                try:
                    checks.equal("an update without the disk", send(kith, add_a("away.dyn.example.", "192.0.2.9")), RCODES["SERVFAIL"])
                    checks.check("the log says so", "deleted or moved away" in kith.log(), kith.log()[-500:])
                    checks.equal("what was acknowledged is served", addresses(kith, "again.dyn.example."), ["192.0.2.8"])
                finally:
                    subprocess.run(["umount", small], check=True)
                checks.equal("with the disk it goes on", send(kith, add_a("back.dyn.example.", "192.0.2.9")), 0)
            with Kith(program, None, folder=folder) as kith:
                checks.equal("and all of it is durable", addresses(kith, f"h{done - 1}-0.dyn.example."), ["192.0.2.7"])
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            refused = subprocess.run([program, "serve", "-c", folder / "kith.json"], capture_output=True, text=True, timeout=20)
            checks.check("a read-only disk is refused at start", refused.returncode == 1 and "state_directory" in refused.stderr, refused.stderr)
        finally:
            subprocess.run(["umount", small], check=False)


def reloads(checks: Checks, program: Path) -> None:
    """A reload takes effect as a whole or not at all, and one that only the disk refused is tried again."""
    other = "second.example."
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        text = config()
        text["zones"][other] = {"file": "second.zone", "serial": "increment"}
        files = {"dyn.zone": FILE, "second.zone": FILE.replace("dyn.", "second.")}
        with Kith(program, text, files=files, folder=folder) as kith:
            def refused() -> int:
                return kith.log().count("config.refused")
            config_file = folder / "kith.json"
            good = config_file.read_text()
            bad = json.loads(good)
            bad["zones"][other]["dnssec"] = {"key_directory": "nowhere"}
            write_file(config_file, json.dumps(bad))
            wait_for(lambda: refused() > 0 and "nowhere" in kith.log(), "the refusal")
            before = refused()
            write_file(folder / "dyn.zone", FILE + "edited A 192.0.2.50\n")
            wait_for(lambda: refused() > before, "the refusal of an edit beside it")
            checks.equal("of a refused reload nothing is taken", (addresses(kith, "edited.dyn.example."), serial(kith)), ([], 1))
            checks.equal("updates go on", send(kith, add_a("a.dyn.example.", "192.0.2.7")), 0)
            write_file(config_file, good)
            wait_for(lambda: addresses(kith, "edited.dyn.example.") == ["192.0.2.50"], "the edit")
            checks.equal("and all of the next one", serial(kith), 3)

            database = sqlite3.connect(folder / "kith-state/kith.db", isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            before = refused()
            write_file(folder / "dyn.zone", FILE + "locked A 192.0.2.51\n")
            wait_for(lambda: refused() > before, "the refusal of an edit")
            checks.equal("while it is locked, the zone serves", addresses(kith, "edited.dyn.example."), ["192.0.2.50"])
            checks.equal("an update waits, and is refused", send(kith, add_a("b.dyn.example.", "192.0.2.8"), tcp=True), RCODES["SERVFAIL"])
            database.execute("ROLLBACK")
            database.close()
            wait_for(lambda: addresses(kith, "locked.dyn.example.") == ["192.0.2.51"], "the edit, without SIGHUP")
            checks.equal("nobody has to ask again for an edit", addresses(kith, "edited.dyn.example."), [])


def locked_start(checks: Checks, program: Path) -> None:
    """Another program has the database for a moment while the server starts: it waits, as nobody waits for it yet."""
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        with Kith(program, config(), files={"dyn.zone": FILE}, folder=folder):
            pass
        (folder / "dyn.zone").write_text(FILE + "edited A 192.0.2.50\n")  # so that there is something to write
        database = sqlite3.connect(folder / "kith-state/kith.db", isolation_level=None, check_same_thread=False)
        database.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1, lambda: database.execute("ROLLBACK"))
        timer.start()
        with Kith(program, None, folder=folder) as kith:
            checks.equal("a start waits for whoever has the database", addresses(kith, "edited.dyn.example."), ["192.0.2.50"])
        timer.join()
        database.close()


def moved_state(checks: Checks, program: Path) -> None:
    """The state directory goes away under the running server."""
    with tempfile.TemporaryDirectory(prefix="kith-test-") as name:
        folder = Path(name)
        with Kith(program, config(dnssec={}), files={"dyn.zone": FILE}, folder=folder) as kith:
            state, away = folder / "kith-state", folder / "away"
            checks.equal("an update", send(kith, add_a("a.dyn.example.", "192.0.2.7")), 0)
            state.rename(away)
            checks.equal("without the state directory", send(kith, add_a("b.dyn.example.", "192.0.2.8")), RCODES["SERVFAIL"])
            checks.check("the log says what is wrong", "journal.failed" in kith.log() and "deleted or moved away" in kith.log(), kith.log()[-500:])
            checks.equal("the zone serves", addresses(kith, "a.dyn.example."), ["192.0.2.7"])
            checks.equal("without what was refused", kith.ask("b.dyn.example.").rcode, RCODES["NXDOMAIN"])
            state.mkdir()
            (state / "kith.db").write_bytes((away / "kith.db").read_bytes())
            checks.equal("a copy in its place is not the same", send(kith, add_a("b.dyn.example.", "192.0.2.8")), RCODES["SERVFAIL"])
            (state / "kith.db").unlink()
            state.rmdir()
            away.rename(state)
            checks.equal("when it is back", send(kith, add_a("c.dyn.example.", "192.0.2.9")), 0)
            checks.check("the log says so", "journal.recovered" in kith.log())
        with Kith(program, None, folder=folder) as kith:
            checks.equal("all that was acknowledged is there", (addresses(kith, "a.dyn.example."), addresses(kith, "c.dyn.example.")), (["192.0.2.7"], ["192.0.2.9"]))


def main() -> int:
    parser = arguments(__doc__)
    options = parser.parse_args()
    checks = Checks()
    for part in (basics, plain_server, leases, many_at_once, forwarding, written_back, signed, reloads, locked_start, moved_state, full_disk):
        part(checks, options.kith.resolve())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
