#!/usr/bin/env python3
"""kith in the place of trust-dns and hickory-dns: their configuration, flags, keys and journal."""

import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from dnsupdate import Key, add_a, delete_name, update
from harness import Checks, Kith, arguments, free_port

ZONE_FILE = """@ 3600 IN SOA ns hostmaster 20 3600 900 604800 300
@ 3600 IN NS ns
ns 3600 IN A 192.0.2.53
www 3600 IN A 192.0.2.80
old 3600 IN A 192.0.2.90
"""
KEY = Key("ddns.")
BASE = """listen_addrs_ipv4 = ["127.0.0.1"]
listen_port = {port}
directory = "{folder}"
"""
OF_2016 = BASE + """
[[zones]]
zone = "example.com"
zone_type = "Master"
file = "example.com.zone"
allow_update = true
enable_dnssec = true
"""
TODAYS = BASE + """
[[zones]]
zone = "example.com"
zone_type = "Primary"
axfr_policy = "AllowSigned"
[[zones.stores]]
type = "sqlite"
zone_path = "example.com.zone"
journal_path = "example.com.jrnl"
allow_update = true
tsig_keys = [{{ name = "ddns.", key_file = "ddns.raw", algorithm = "hmac-sha256" }}]
"""


def make_journal(file: Path) -> None:
    """What an update that adds new.example.com and removes old.example.com leaves behind."""
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE tdns_schema (version INTEGER NOT NULL)")
        database.execute("INSERT INTO tdns_schema VALUES (1)")
        database.execute("CREATE TABLE records (client_id INTEGER NOT NULL, soa_serial INTEGER NOT NULL, "
                         "timestamp TEXT NOT NULL, record BLOB NOT NULL)")
        for row in (add_a("new.example.com.", "192.0.2.70"), delete_name("old.example.com.")):
            database.execute("INSERT INTO records VALUES (0, 20, '2016-08-01T00:00:00Z', ?)", (row,))
    database.close()


def address(kith: Kith, name: str) -> list[str]:
    return [".".join(map(str, found.rdata)) for found in kith.ask(name).sections[0] if found.type == 1]


def start(program: Path, folder: Path, text: str, *more: str) -> Kith:
    port = free_port()
    (folder / "named.toml").write_text(text.format(port=port, folder=folder))
    return Kith(program, name="hickory-dns", folder=folder, arguments=["-c", "named.toml", *more])


def check_2016(checks: Checks, program: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "example.com.zone").write_text(ZONE_FILE)
        make_journal(folder / "example.com.jrnl")
        with start(program, folder, OF_2016) as kith:
            checks.check("prints what scripts wait for", "awaiting connections..." in kith.log(), kith.log())
            checks.equal("it says what it took over", kith.log().count("journal.imported"), 1)
            checks.equal("a record of the zone file", address(kith, "www.example.com."), ["192.0.2.80"])
            checks.equal("a record that only the journal has", address(kith, "new.example.com."), ["192.0.2.70"])
            checks.equal("a record that the journal removed", address(kith, "old.example.com."), [])
            checks.equal("and it is NXDOMAIN", kith.ask("old.example.com.").rcode, 3)
            key_file = folder / "example.com.key"
            checks.check("a key was made where trust-dns has it", key_file.exists())
            checks.equal("that only its owner reads", oct(key_file.stat().st_mode & 0o777), oct(0o600))
            checks.check("in PEM", "-----BEGIN" in key_file.read_text())
            dnskey = kith.ask("example.com.", "DNSKEY").sections[0]
            checks.equal("and its DNSKEY is RSASHA256", [found.rdata[3] for found in dnskey], [8])
            checks.equal("an update without a signature is refused",
                         kith.udp(update("example.com.", add_a("x.example.com.", "192.0.2.1"))).rcode, 5)
            # The zone's own key signs updates.
            def run(*words: str) -> subprocess.CompletedProcess:
                return subprocess.run([program.resolve(), *words], cwd=folder, capture_output=True, text=True, timeout=20)

            made = run("key", "import", "example.com.key", "-z", "example.com", "-a", "RSASHA256")
            checks.equal("kith key import of it", made.returncode, 0)
            words = ["update", "create", "-z", "example.com", "-s", "127.0.0.1", "-p", str(kith.address[1]),
                     "-k", f"{made.stdout.strip()}.private"]
            done = run(*words, "signed.example.com", "A", "300", "192.0.2.77")
            checks.equal("an update signed with the zone's key", (done.returncode, done.stderr), (0, ""))
            checks.equal("is served", address(kith, "signed.example.com."), ["192.0.2.77"])
        key = key_file.read_text()
        with start(program, folder, OF_2016) as kith:
            checks.equal("a second start has what the first took over", address(kith, "new.example.com."), ["192.0.2.70"])
            checks.equal("and the same key", key_file.read_text(), key)
            checks.check("and imports nothing again", "journal.imported" not in kith.log(), kith.log())


def check_todays(checks: Checks, program: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "example.com.zone").write_text(ZONE_FILE)
        (folder / "ddns.raw").write_bytes(KEY.secret)
        (folder / "ddns.raw").chmod(0o600)
        with start(program, folder, TODAYS, "--nsid", "0x6b697468", "--workers", "1") as kith:
            signed = KEY.sign(update("example.com.", add_a("x.example.com.", "192.0.2.1")))
            checks.equal("an update with the key of tsig_keys", kith.udp(signed).rcode, 0)
            checks.equal("is served", address(kith, "x.example.com."), ["192.0.2.1"])


def check_validate(checks: Checks, program: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "named").symlink_to(program.resolve())
        (folder / "example.com.zone").write_text(ZONE_FILE)
        rows = (
            ("a good configuration", OF_2016, 0, ""),
            ("a broken one", BASE + "[[zones]]\nzone = 'a'\nzone_type = 'Primary'\nfile = 'nowhere.zone'\n", 1, "nowhere.zone"),
            ("one that wants TLS", BASE + "tls_cert = {{ path = 'x.pem' }}\n", 1, "tls_cert"),
        )
        for why, text, code, said in rows:
            (folder / "named.toml").write_text(text.format(port=5353, folder=folder))
            done = subprocess.run([folder / "named", "-c", folder / "named.toml", "--validate"], capture_output=True, text=True, timeout=20)
            checks.equal(f"--validate of {why}", done.returncode, code)
            checks.check(f"--validate of {why} says so", said in done.stderr, done.stderr)
        checks.check("--validate makes nothing", sorted(file.name for file in folder.iterdir()) == ["example.com.zone", "named", "named.toml"])
        done = subprocess.run([folder / "named", "-c", "nowhere.toml"], capture_output=True, text=True, timeout=20)
        checks.equal("no configuration: exit code", done.returncode, 1)
        checks.check("no configuration: says where it looked", "Error: " in done.stderr and "nowhere.toml" in done.stderr, done.stderr)


def main() -> int:
    program = arguments(__doc__.splitlines()[0]).parse_args().kith
    checks = Checks()
    check_2016(checks, program)
    check_todays(checks, program)
    check_validate(checks, program)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
