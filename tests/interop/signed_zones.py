#!/usr/bin/env python3
"""Zones that `kith zone sign` made, judged by others: dnssec-verify, ldns-verify-zone, kzonecheck, and
delv asking BIND that serves them. Every algorithm, NSEC, NSEC3 and opt-out, one key for all and split
keys. And the other way around: what BIND's and ldns's signers made passes `kith zone verify`, with keys
that went between the programs as files.

    tests/interop/signed_zones.py --kith build/dev/kith [--keep]
"""

import itertools
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import servers
from harness import Checks, arguments, skip
from zones import Zone

JUDGES = ["dnssec-verify", "ldns-verify-zone", "kzonecheck", "delv", "named", "dnssec-signzone", "dnssec-keygen",
          "ldns-signzone", "ldns-keygen"]
ALGORITHMS = ["ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519", "ED448", "RSASHA256", "RSASHA512"]
DENIALS = {
    "nsec": [],
    "nsec3": ["--nsec3"],
    "salted": ["--nsec3", "--iterations", "5", "--salt", "0123abcd"],
    "opt-out": ["--nsec3", "--opt-out"],
    # With NSEC: ldns 1.8.3 never ends digesting some zones with NSEC3.
    "zonemd": ["--zonemd", "sha384"],
    "csync": ["--csync", "immediate"],
}
DS = "12345 13 2 " + "ab" * 32


def make_zone(apex: str, rng: random.Random) -> Zone:
    """Everything that is special to signing, and enough names that hashes come in any order."""
    zone = Zone(apex)
    zone.start(300, 3600)
    for i in range(40):
        zone.add(f"host{i}", "A", f"192.0.2.{i}")
        if rng.random() < 0.5:
            zone.add(f"host{i}", "TXT", f'"number {i}"', 60)
    zone.add("@", "MX", f"10 Mail.{apex}")
    zone.add("Mail", "AAAA", "2001:db8::25")
    zone.add("*.wild", "TXT", '"anything"')
    zone.add("a.b.c.d", "A", "192.0.2.99")
    zone.add("alias", "CNAME", f"host1.{apex}")
    zone.add("_sip._tcp", "SRV", f"1 2 5060 Host2.{apex}")
    zone.add("odd", "TYPE65280", "\\# 2 abcd")
    zone.add("caa", "CAA", '0 issue "ca.example"')
    for name in ("secure", "deep.ent.secure2"):
        zone.add(name, "NS", f"ns.{name}.{apex}")
        zone.add(name, "DS", DS)
        zone.add(f"ns.{name}", "A", "192.0.2.60")
    for name in ("insecure", "only.insecure.below", "insecure2"):
        zone.add(name, "NS", f"ns.{name}.{apex}")
        zone.add(f"ns.{name}", "A", "192.0.2.61")
    zone.add("redirect", "DNAME", "elsewhere.example.")
    return zone


class Judge:
    def __init__(self, checks: Checks, kith: Path, folder: Path):
        self.checks, self.kith, self.folder = checks, kith, folder

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30, cwd=self.folder,
                              env={"PATH": servers.PATH, "HOME": str(self.folder)}, check=False)

    def passes(self, what: str, *words: object) -> bool:
        done = self.run(*words)
        return self.checks.check(what, done.returncode == 0, f"{done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")

    def generate(self, zone: Zone, algorithm: str, role: str) -> str:
        words = ["key", "generate", zone.apex, "-a", algorithm, "-r", role, "-K", self.folder]
        if algorithm.startswith("RSA"):
            words += ["-b", "1024"]
        done = self.run(self.kith, *words)
        self.checks.check(f"kith makes a {role} of {algorithm}", done.returncode == 0, done.stderr)
        return done.stdout.strip()

    def sign(self, what: str, zone: Zone, keys: list[str], options: list[str], output: Path) -> bool:
        words: list[object] = ["zone", "sign", servers.file_name(zone), "-o", output, *options]
        for key in keys:
            words += ["--key", key]
        return self.passes(f"{what}: kith signs", self.kith, *words)

    def verify(self, what: str, zone: Zone, signed: Path, split: bool) -> None:
        origin = zone.apex.rstrip(".")
        self.passes(f"{what}: kith zone verify", self.kith, "zone", "verify", signed)
        self.passes(f"{what}: dnssec-verify", "dnssec-verify", *([] if split else ["-z"]), "-o", origin, signed)
        # -ZZ wants a ZONEMD and checks it.
        self.passes(f"{what}: ldns-verify-zone", "ldns-verify-zone", *(["-ZZ"] if "zonemd" in what else []), signed)
        self.passes(f"{what}: kzonecheck", "kzonecheck", "-d", "on", "-o", origin, signed)

    def ask(self, what: str, zone: Zone, server: servers.Server, anchor: Path) -> None:
        """Every kind of answer, validated by delv from the zone's own key."""
        apex = zone.apex
        # RFC 5155 §6: of a name that an opt-out NSEC3 covers nothing is certain, an expanded wildcard neither.
        wildcard = "unsigned answer" if "opt-out" in what else "fully validated"
        questions = [(apex, "SOA", "fully validated"), (apex, "DNSKEY", "fully validated"), (f"host1.{apex}", "A", "fully validated"),
                     (f"host1.{apex}", "AAAA", "negative response, fully validated"), (f"zzz.{apex}", "A", "negative response, fully validated"),
                     (f"x.y.wild.{apex}", "TXT", wildcard), (f"x.wild.{apex}", "A", "negative response, fully validated"),
                     (f"b.c.d.{apex}", "A", "negative response, fully validated"), (f"alias.{apex}", "A", "fully validated"),
                     (f"secure.{apex}", "DS", "fully validated"), (f"insecure.{apex}", "DS", "negative response"),
                     (f"_sip._tcp.{apex}", "SRV", "fully validated"), (f"redirect.{apex}", "DNAME", "fully validated")]
        for name, rtype, verdict in questions:
            done = self.run("delv", "@127.0.0.1", "-p", server.port, "-a", anchor, f"+root={apex}", name, rtype)
            text = done.stdout + done.stderr
            good = verdict in text and "broken trust chain" not in text
            self.checks.check(f"{what}: delv {name} {rtype}", good, text[-600:])


def anchor_file(judge: Judge, zone: Zone, key: str) -> Path:
    done = judge.run(judge.kith, "key", "ds", "--dnskey", key)
    found = re.search(r"DNSKEY (\d+) (\d+) (\d+) (.*)", done.stdout)
    path = judge.folder / f"anchor-{zone.apex}conf"
    if found:
        flags, protocol, algorithm, text = found.groups()
        path.write_text(f'trust-anchors {{ "{zone.apex}" static-key {flags} {protocol} {algorithm} "{text}"; }};\n')
    return path


def judge_signed(judge: Judge, rng: random.Random) -> None:
    """One zone per algorithm and denial; those that verify are served by BIND and asked for."""
    served: list[tuple[str, Zone, str]] = []
    for algorithm, denial in itertools.product(ALGORITHMS, DENIALS):
        split = denial in ("nsec", "opt-out")
        zone = make_zone(f"{denial}.{algorithm.lower()}.test.", rng)
        (judge.folder / servers.file_name(zone)).write_text("\n".join(zone.lines) + "\n")
        keys = [judge.generate(zone, algorithm, role) for role in (["ksk", "zsk"] if split else ["csk"])]
        what = f"{algorithm} {denial}"
        signed = judge.folder / f"{servers.file_name(zone)}.signed"
        if not judge.sign(what, zone, keys, DENIALS[denial], signed):
            continue
        judge.verify(what, zone, signed, split)
        signed.replace(judge.folder / servers.file_name(zone))
        served.append((what, zone, keys[0]))
    server = servers.Server("bind", judge.kith, judge.folder / "bind", [zone for _, zone, _ in served])
    try:
        server.wait_ready()
        for what, zone, key in served:
            judge.ask(what, zone, server, anchor_file(judge, zone, key))
    finally:
        server.stop()


def judge_foreign(judge: Judge, rng: random.Random) -> None:
    """Keys and zones of others: BIND's key in our signer, our key in theirs."""
    for algorithm, extra in itertools.product(["ECDSAP256SHA256", "ED25519", "RSASHA256"], [[], ["-3", "-"], ["-3", "-", "-A"]]):
        zone = make_zone(f"foreign{len(extra)}.{algorithm.lower()}.test.", rng)
        origin = zone.apex.rstrip(".")
        plain = judge.folder / servers.file_name(zone)
        plain.write_text("\n".join(zone.lines) + "\n")
        bits = ["-b", "1024"] if algorithm.startswith("RSA") else []
        made = judge.run("dnssec-keygen", "-K", judge.folder, "-a", algorithm, *bits, "-f", "KSK", origin)
        ksk = judge.folder / made.stdout.strip()
        zsk = Path(judge.generate(zone, algorithm, "zsk"))
        signed = judge.folder / f"{origin}.bind"
        what = f"{algorithm} by dnssec-signzone {' '.join(extra)}"
        # -S finds the keys by their names, ours among them.
        if judge.passes(what, "dnssec-signzone", "-S", "-K", judge.folder, "-o", origin, "-f", signed, *extra, plain):
            judge.passes(f"{what}: kith zone verify", judge.kith, "zone", "verify", "--origin", origin, signed)
            flawed = judge.folder / f"{origin}.flawed"
            lines = signed.read_text().splitlines()
            cut = next(i for i, line in enumerate(lines) if re.search(r"\sNSEC3?\s", line) and "NSEC3PARAM" not in line and line[0] not in " \t")
            flawed.write_text("\n".join(lines[:cut] + lines[cut + 2:]))
            done = judge.run(judge.kith, "zone", "verify", "--origin", origin, flawed)
            judge.checks.check(f"{what}: a zone without one of its denials is found out", done.returncode == 1, done.stdout + done.stderr)
        both = judge.folder / f"{origin}.kith"
        options = [] if not extra else ["--nsec3", *(["--opt-out"] if "-A" in extra else [])]
        if judge.sign(f"{algorithm} with BIND's key", zone, [str(ksk), str(zsk)], options, both):
            judge.verify(f"{algorithm} with BIND's key", zone, both, True)


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the files behind")
    options = parser.parse_args()
    missing = [program for program in JUDGES if shutil.which(program, path=servers.PATH) is None]
    if missing:
        return skip(f"not installed: {' '.join(missing)}")
    checks = Checks()
    folder = Path(tempfile.mkdtemp(prefix="kith-signed-"))
    try:
        judge = Judge(checks, options.kith.resolve(), folder)
        rng = random.Random(options.seed)
        judge_signed(judge, rng)
        judge_foreign(judge, rng)
    finally:
        if options.keep:
            print(f"files are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
