#!/usr/bin/env python3
"""`kith update` and nsupdate, given the same scripts: both succeed or both fail, and the zones are equal after it.

Every command of nsupdate(1) is here in all its forms, and what people mistype. Each script runs in a zone of its own
for each of the programs; @ in it stands for the zone.

    tests/interop/update_language.py --kith build/dev/kith
"""

import base64
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import Checks, Kith, arguments, skip

SECRET = base64.b64encode(b"not a secret of yours, 32 bytes!").decode()
ZONE = """$TTL 300
@    SOA  ns hostmaster 1 3600 900 604800 300
@    NS   ns
ns   A    192.0.2.53
www  A    192.0.2.80
www  A    192.0.2.81
www  TXT  "some text"
old  CNAME www
"""
KEY = f"key hmac-sha256:k {SECRET}\n"
SCRIPTS = {
    "add": "update add a.@ 60 A 192.0.2.1\nsend",
    "add, without `update`": "add a.@ 60 A 192.0.2.1\nsend",
    "add, with a class": "update add a.@ 60 IN A 192.0.2.1\nsend",
    "add, of any type": "update add a.@ 60 TYPE65280 \\# 2 abcd\nsend",
    "add, with quotes and escapes": 'update add a.@ 60 TXT "two \\"words\\"" three\\032four \\; ; five\nsend',
    "add, with a semicolon in data": "update add _dmarc.@ 60 TXT v=DMARC1; p=none\nsend",
    "add, in upper case": "UPDATE ADD a.@ 60 a 192.0.2.1\nSEND",
    "add, a long line": "update add a.@ 60 TXT " + " ".join(f'"{"x" * 250}"' for _ in range(20)) + "\nsend",
    "add, without a TTL": "update add a.@ A 192.0.2.1\nsend",
    "add, with the default TTL": "ttl 77\nupdate add a.@ A 192.0.2.1\nsend",
    "add, with no default TTL any more": "ttl 77\nttl none\nupdate add a.@ A 192.0.2.1\nsend",
    "add, with a TTL in units": "update add a.@ 1h A 192.0.2.1\nsend",
    "ttl, in units": "ttl 2m\nupdate add a.@ A 192.0.2.1\nsend",
    "ttl, of no number": "ttl soon\nupdate add a.@ A 192.0.2.1\nsend",
    "add, of no type": "update add a.@ 60\nsend",
    "add, without data": "update add a.@ 60 A\nsend",
    "add, with wrong data": "update add a.@ 60 A 192.0.2.300\nsend",
    "add, with too much data": "update add a.@ 60 A 192.0.2.1 192.0.2.2\nsend",
    "add, ANY": "update add a.@ 60 ANY x\nsend",
    "add, another class": "update add a.@ 60 CH TXT x\nsend",
    "add, out of the zone": "update add a.elsewhere. 60 A 192.0.2.1\nsend",
    "add, beside CNAME": "update add old.@ 60 A 192.0.2.1\nsend",
    "add, twice the same": "update add a.@ 60 A 192.0.2.1\nupdate add a.@ 70 A 192.0.2.1\nsend",
    "add, more than one message": "update add a.@ 60 A 192.0.2.1\nsend\nupdate add b.@ 60 A 192.0.2.2\nsend",
    "delete a name": "update delete www.@\nsend",
    "delete a name, as ANY": "update delete www.@ ANY\nsend",
    "delete a name, as del": "update del www.@\nsend",
    "delete a name, without `update`": "delete www.@\nsend",
    "delete an RRset": "update delete www.@ A\nsend",
    "delete an RRset, with TTL and class": "update delete www.@ 300 IN A\nsend",
    "delete an RRset, of class ANY": "update delete www.@ ANY A\nsend",
    "delete an RRset, of class NONE": "update delete www.@ NONE A\nsend",
    "delete a record": "update delete www.@ A 192.0.2.80\nsend",
    "delete a record, with TTL": "update delete www.@ 300 A 192.0.2.80\nsend",
    "delete a record, with class": "update delete www.@ IN A 192.0.2.80\nsend",
    "delete a record, that is not there": "update delete www.@ A 192.0.2.99\nsend",
    "delete a record, wrong": "update delete www.@ A 1.2.3\nsend",
    "delete nothing": "update delete\nsend",
    "delete, of no type": "update delete www.@ NOTYPE\nsend",
    "prereq nxdomain, that holds": "prereq nxdomain a.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq nxdomain, that does not": "prereq nxdomain www.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "nxdomain, without `prereq`": "nxdomain a.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxdomain, that holds": "prereq yxdomain www.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxdomain, that does not": "yxdomain a.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq nxrrset, that holds": "prereq nxrrset www.@ MX\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq nxrrset, with class": "prereq nxrrset www.@ IN MX\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq nxrrset, that does not": "nxrrset www.@ A\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxrrset, that holds": "prereq yxrrset www.@ A\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxrrset, with class": "yxrrset www.@ IN A\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxrrset, that does not": "prereq yxrrset www.@ MX\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxrrset, all values": "prereq yxrrset www.@ A 192.0.2.81\nprereq yxrrset www.@ IN A 192.0.2.80\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq yxrrset, one of two values": "prereq yxrrset www.@ A 192.0.2.81\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq, of no kind": "prereq maybe www.@\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "prereq, nothing else": "prereq",
    "prereq only": "prereq nxdomain a.@\nsend",
    "prereq only, that does not hold": "prereq nxdomain www.@\nsend",
    "an empty line sends": "update add a.@ 60 A 192.0.2.1\n\nupdate add b.@ 60 A 192.0.2.300",
    "the end sends": "update add a.@ 60 A 192.0.2.1",
    "quit does not send": "update add a.@ 60 A 192.0.2.1\nquit",
    "exit, of no such command": "update add a.@ 60 A 192.0.2.1\nleave",
    "what follows an error": "update add a.@ 60 A x\nupdate add b.@ 60 A 192.0.2.1\nsend",
    "what follows a refusal": "prereq nxdomain www.@\nsend\nupdate add b.@ 60 A 192.0.2.1\nsend",
    "comments": "; nothing\nupdate add a.@ 60 A 192.0.2.1 ; an address\n;send\nsend",
    "show and answer": "update add a.@ 60 A 192.0.2.1\nshow\nsend\nanswer",
    "debug": "debug\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "help, as ?": "?\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "help and version": "help\nversion\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "class": "class IN\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "class, of none": "class XX\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "local": "local 127.0.0.1\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "local, no address": "local nobody\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "server, no port": "server 127.0.0.1 none\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "server, nothing else": "server\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "zone, another": "zone elsewhere.\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "zone, nothing else": "zone\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, another secret": f"key hmac-sha256:k {base64.b64encode(b'other').decode()}\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, unknown": f"key hmac-sha256:stranger {SECRET}\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, another algorithm": f"key hmac-sha512:k {SECRET}\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, no algorithm of this name": f"key hmac-none:k {SECRET}\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, not base64": "key hmac-sha256:k !!!\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "key, without a secret": "key hmac-sha256:k\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "check-names off": "check-names off\nupdate add under_score.@ 60 A 192.0.2.1\nsend",
    "check-names no": "check-names no\nupdate add under_score.@ 60 A 192.0.2.1\nsend",
    "check-names on": "check-names on\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "check-names, neither": "check-names perhaps\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "realm": "realm EXAMPLE.ORG\nupdate add a.@ 60 A 192.0.2.1\nsend",
    "names without a dot at the end": "update add a.@@ 60 CNAME www.@@\nsend",
    "a name of no form": "update add a..@ 60 A 192.0.2.1\nsend",
    "a name that is too long": f"update add {'a' * 64}.@ 60 A 192.0.2.1\nsend",
    "names of no host": "update add under_score.@ 60 A 192.0.2.1\nsend",
    "binary names": "check-names off\nupdate add a\\000\\255\\..@ 60 A 192.0.2.1\nsend",
    "nothing but send": "send",
}
# What kith does otherwise, and why.
OTHERWISE = {
    "add, with a TTL in units": "TTLs may have units, as in master files",
    "ttl, in units": "TTLs may have units, as in master files",
    "the end sends": "what was given and not sent is sent at the end",
    "help, as ?": "? is help, as nsupdate says of itself",
    "names of no host": "names are not checked for what hosts may be called",
    "realm": "what only Kerberos needs is an error, not passed over",
}


def config(count: int) -> tuple[dict, dict[str, str]]:
    zones = {f"{program}{i}.example": {"file": "zone", "update": ["grant k zonesub ANY"], "transfer": {"allow": ["127.0.0.0/8"]}}
             for i in range(count) for program in ("kith", "bind")}
    return {"server": {"listen": ["127.0.0.1:0"], "upstream": []}, "keys": {"k": {"algorithm": "hmac-sha256", "secret": SECRET}},
            "zones": zones}, {"zone": ZONE}


def run(command: list[str], server: Kith, zone: str, script: str) -> tuple[int, str]:
    host, port = server.address
    script = script.replace("@@", zone.rstrip(".")).replace("@", zone)
    with tempfile.NamedTemporaryFile("w", suffix=".nsupdate") as file:
        file.write(f"server {host} {port}\nzone {zone}\n{KEY}{script}\n")
        file.flush()
        done = subprocess.run([*command, file.name], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def content(server: Kith, zone: str) -> list[str]:
    host, port = server.address
    done = subprocess.run(["dig", f"@{host}", "-p", str(port), zone, "AXFR", "+noall", "+answer"], capture_output=True, text=True, timeout=30,
                          check=True)
    return sorted(" ".join(line.split()).replace(zone, "@") for line in done.stdout.splitlines() if "\tSOA\t" not in line and line)


def main() -> int:
    options = arguments(__doc__.splitlines()[0]).parse_args()
    missing = [program for program in ("nsupdate", "dig") if shutil.which(program) is None]
    if missing:
        return skip(f"not installed: {', '.join(missing)}")
    checks = Checks()
    kith = options.kith.resolve()
    settings, files = config(len(SCRIPTS))
    with Kith(kith, settings, files=files) as server:
        for i, (what, script) in enumerate(SCRIPTS.items()):
            ours = run([str(kith), "update"], server, f"kith{i}.example.", script)
            theirs = run(["nsupdate"], server, f"bind{i}.example.", script)
            found = (ours[0] == 0, content(server, f"kith{i}.example."))
            wanted = (theirs[0] == 0, content(server, f"bind{i}.example."))
            if what in OTHERWISE:
                checks.check(f"{what}: {OTHERWISE[what]}", found != wanted, f"{found}\nboth do the same now")
            else:
                checks.equal(what, found, wanted)
            if found != wanted and what not in OTHERWISE:
                print(f"kith {ours[0]}: {ours[1]}nsupdate {theirs[0]}: {theirs[1]}")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
