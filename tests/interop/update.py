#!/usr/bin/env python3
"""The clients that push records, against the program: nsupdate, knsupdate and dnspython, with TSIG and SIG(0).

Each runs the same operations; what the zone holds is asked by dig or over AXFR by dnspython afterwards.

    tests/interop/update.py --kith build/dev/kith
"""

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import Checks, Kith, arguments, skip, wait_for

PROGRAMS = ["nsupdate", "knsupdate", "dig", "dnssec-keygen"]
DEBIAN_PYTHON = "/usr/bin/python3"  # where python3-dnspython is installed
SECRET = base64.b64encode(b"not a secret of yours, 32 bytes!").decode()
ALGORITHMS = ["hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
DHCID = "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="
ZONE = """$ORIGIN home.example.
$TTL 300
@    SOA  ns hostmaster 1 3600 900 604800 300
@    NS   ns
ns   A    192.0.2.53
www  A    192.0.2.80
www  A    192.0.2.81
old  CNAME www
"""


def config(keys: dict[str, str], extra_zone_lines: str = "") -> tuple[dict, dict[str, str]]:
    return {
        "server": {"listen": ["127.0.0.1:0"], "workers": 2, "upstream": []},
        "keys": {name: {"algorithm": algorithm, "secret": SECRET} for name, algorithm in keys.items()},
        "zones": {"home.example": {
            "file": "home.zone",
            "update": [f"grant {name}. {rule}" for name, rule in (("acme", "acme www"), ("own1", "own"), ("own2", "own")) if name in keys]
            + ["grant host.home.example. self A", "grant *.nobody.example. zonesub"]
            + [f"grant {name} zonesub ANY" for name in keys if name.startswith("k-")],
            "transfer": {"allow": ["127.0.0.0/8"]},
        }},
    }, {"home.zone": ZONE + extra_zone_lines}


class Lab:
    """The server, and what is asked of it."""

    def __init__(self, kith: Kith, checks: Checks):
        self.kith, self.checks = kith, checks
        self.host, self.port = kith.address

    def dig(self, *words: str) -> str:
        return subprocess.run(["dig", f"@{self.host}", "-p", str(self.port), "+norec", *words], capture_output=True, text=True, timeout=30).stdout

    def short(self, name: str, rtype: str = "A") -> list[str]:
        return sorted(self.dig("+short", name, rtype).split("\n")[:-1])

    def serial(self) -> int:
        return int(self.dig("+short", "home.example", "SOA").split()[2])

    def run(self, program: str, script: str, *words: str) -> subprocess.CompletedProcess:
        text = f"server {self.host} {self.port}\nzone home.example.\n{script}"
        return subprocess.run([program, *words], input=text, capture_output=True, text=True, timeout=60)

    def good(self, what: str, program: str, script: str, *words: str) -> None:
        result = self.run(program, script, *words)
        output = result.stdout + result.stderr
        self.checks.check(what, result.returncode == 0 and "failed" not in output and "error" not in output.lower(), (result.returncode, output))

    def refused(self, what: str, rcode: str, program: str, script: str, *words: str) -> None:
        result = self.run(program, script, *words)
        output = result.stdout + result.stderr
        self.checks.check(what, rcode in output, (result.returncode, output))


def operations(lab: Lab, program: str, key: list[str], tag: str) -> None:
    """Every kind of prerequisite and of update, by one client with one key."""
    name = f"{tag}.home.example."
    lab.good(f"{tag}: add", program, f"update add {name} 300 A 192.0.2.1\nupdate add {name} 300 TXT \"two words\" x\nsend\n", *key)
    lab.checks.equal(f"{tag}: A", lab.short(name), ["192.0.2.1"])
    lab.checks.equal(f"{tag}: TXT", lab.short(name, "TXT"), ['"two words" "x"'])
    lab.good(f"{tag}: prerequisites that hold", program,
             f"prereq yxdomain {name}\nprereq nxdomain no{name}\nprereq yxrrset {name} A\nprereq nxrrset {name} MX\nprereq yxrrset {name} A 192.0.2.1\n"
             f"update add {name} 300 MX 10 mail.home.example.\nsend\n", *key)
    lab.checks.equal(f"{tag}: MX", lab.short(name, "MX"), ["10 mail.home.example."])
    for line, rcode in ((f"prereq nxdomain {name}", "YXDOMAIN"), (f"prereq yxdomain no{name}", "NXDOMAIN"), (f"prereq nxrrset {name} A", "YXRRSET"),
                        (f"prereq yxrrset {name} AAAA", "NXRRSET"), (f"prereq yxrrset {name} A 192.0.2.2", "NXRRSET")):
        lab.refused(f"{tag}: {line}", rcode, program, f"{line}\nupdate delete {name}\nsend\n", *key)
    lab.checks.equal(f"{tag}: refused updates changed nothing", lab.short(name), ["192.0.2.1"])
    lab.good(f"{tag}: delete a record", program, f"update add {name} 300 A 192.0.2.2\nupdate delete {name} A 192.0.2.1\nsend\n", *key)
    lab.checks.equal(f"{tag}: one left", lab.short(name), ["192.0.2.2"])
    lab.good(f"{tag}: delete an RRset", program, f"update delete {name} TXT\nsend\n", *key)
    lab.checks.equal(f"{tag}: no TXT", lab.short(name, "TXT"), [])
    before = lab.serial()
    lab.good(f"{tag}: delete all", program, f"update delete {name}\nsend\n", *key)
    lab.checks.check(f"{tag}: NXDOMAIN", "NXDOMAIN" in lab.dig(name, "A"))
    lab.checks.check(f"{tag}: the serial grew", lab.serial() > before)
    # knsupdate sends over UDP whatever the size, and datagrams above 4096 bytes are not taken.
    count = 50 if program == "knsupdate" and "-v" not in key else 200
    many = "".join(f"update add m{i}.{name} 300 A 192.0.2.{i}\n" for i in range(count))
    lab.good(f"{tag}: {count} records at once", program, many + "send\n", *key)
    lab.checks.equal(f"{tag}: the last of many", lab.short(f"m{count - 1}.{name}"), [f"192.0.2.{count - 1}"])


def rules(lab: Lab) -> None:
    """What nobody gets past, whoever asks."""
    for program in ("nsupdate", "knsupdate"):
        lab.refused(f"{program}: no key", "REFUSED", program, "update add x.home.example. 1 A 192.0.2.1\nsend\n")
        lab.refused(f"{program}: another secret", "BADSIG" if program == "nsupdate" else "", program, "update add x.home.example. 1 A 192.0.2.1\nsend\n",
                    "-y", "hmac-sha256:k-hmac-sha256:" + base64.b64encode(b"other").decode())
        lab.refused(f"{program}: an unknown key", "BADKEY" if program == "nsupdate" else "", program, "update add x.home.example. 1 A 192.0.2.1\nsend\n",
                    "-y", f"hmac-sha256:stranger:{SECRET}")
        key = ["-y", f"hmac-sha256:acme:{SECRET}"]
        lab.good(f"{program}: a challenge", program, "update add _acme-challenge.www.home.example. 60 TXT token\nsend\n", *key)
        lab.refused(f"{program}: another host's challenge", "REFUSED", program, "update add _acme-challenge.mail.home.example. 60 TXT token\nsend\n", *key)
        lab.refused(f"{program}: not an address", "REFUSED", program, "update add www.home.example. 60 A 192.0.2.9\nsend\n", *key)
        lab.good(f"{program}: the challenge goes", program, "update delete _acme-challenge.www.home.example. TXT\nsend\n", *key)
    lab.checks.equal("nothing was written without a grant", lab.short("x.home.example"), [])
    one, two = ["-y", f"hmac-sha256:own1:{SECRET}"], ["-y", f"hmac-sha256:own2:{SECRET}"]
    lab.good("one's own name", "nsupdate", "update add mine.home.example. 60 A 192.0.2.9\nsend\n", *one)
    lab.refused("not somebody else's", "REFUSED", "nsupdate", "update delete mine.home.example.\nsend\n", *two)
    lab.refused("nor the operator's", "REFUSED", "nsupdate", "update delete www.home.example. A\nsend\n", *one)
    lab.good("one's own goes", "nsupdate", "update delete mine.home.example.\nsend\n", *one)
    result = lab.run("nsupdate", "update add example.org. 60 A 192.0.2.9\nsend\n", "-y", f"hmac-sha256:k-hmac-sha256:{SECRET}")
    lab.checks.check("out of the zone", "NOTZONE" in result.stdout + result.stderr, result.stderr)
    key = ["-y", f"hmac-sha256:k-hmac-sha256:{SECRET}"]
    lab.good("CNAME beside others is ignored", "nsupdate", "update add www.home.example. 60 CNAME ns.home.example.\nsend\n", *key)
    lab.checks.equal("as it was", lab.short("www.home.example"), ["192.0.2.80", "192.0.2.81"])
    lab.good("the apex keeps SOA and NS", "nsupdate", "update delete home.example.\nsend\nupdate delete home.example. NS ns.home.example.\nsend\n", *key)
    lab.checks.equal("NS", lab.short("home.example", "NS"), ["ns.home.example."])
    lab.good("a SOA with a serial ahead", "nsupdate", "update add home.example. 300 SOA ns.home.example. hostmaster.home.example. 5000 1 1 1 1\nsend\n", *key)
    lab.checks.equal("the client's serial", lab.serial(), 5000)


def truncated_mac(lab: Lab) -> None:
    """nsupdate's hmac-sha256-128: the server demands whole MACs."""
    lab.refused("a truncated MAC", "BADTRUNC", "nsupdate", "update add x.home.example. 1 A 192.0.2.1\nsend\n", "-y", f"hmac-sha256-128:k-hmac-sha256:{SECRET}")


def kea(lab: Lab) -> None:
    """What Kea's D2 sends for leases (RFC 4703 §5.3, §5.4), by a client that tells what went wrong."""
    key = ["-y", f"hmac-sha256:k-hmac-sha256:{SECRET}"]
    name = "pc.home.example."
    add = f"prereq nxdomain {name}\nupdate add {name} 1200 A 192.0.2.100\nupdate add {name} 1200 DHCID {DHCID}\nsend\n"
    lab.good("DHCID: a new name", "nsupdate", add, *key)
    lab.refused("DHCID: the name is in use", "YXDOMAIN", "nsupdate", add, *key)
    lab.good("DHCID: it is ours: another address", "nsupdate",
             f"prereq yxdomain {name}\nprereq yxrrset {name} DHCID {DHCID}\nupdate delete {name} A\nupdate add {name} 1200 A 192.0.2.101\nsend\n", *key)
    other = DHCID.replace("AAIB", "AAIC")
    lab.refused("DHCID: it is not ours", "NXRRSET", "nsupdate", f"prereq yxrrset {name} DHCID {other}\nupdate delete {name} A\nsend\n", *key)
    lab.checks.equal("DHCID: the address", lab.short(name), ["192.0.2.101"])
    lab.good("DHCID: the lease ends, the address goes", "nsupdate", f"prereq yxrrset {name} DHCID {DHCID}\nupdate delete {name} A 192.0.2.101\nsend\n", *key)
    lab.good("DHCID: and the name when no address is left", "nsupdate",
             f"prereq yxrrset {name} DHCID {DHCID}\nprereq nxrrset {name} A\nprereq nxrrset {name} AAAA\nupdate delete {name}\nsend\n", *key)
    lab.checks.check("DHCID: gone", "NXDOMAIN" in lab.dig(name, "DHCID"))


PYTHON = """
import sys, json, dns.update, dns.query, dns.tsigkeyring, dns.rcode, dns.zone, dns.tsig, dns.exception
host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
out = []
def send(update, how=dns.query.tcp):
    reply = how(update, host, port=port, timeout=10)
    return dns.rcode.to_text(reply.rcode()) + (" signed" if reply.had_tsig else "")
for alg in ["hmac-md5.sig-alg.reg.int", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha256-128"]:
    name = "k-" + (alg if not alg.startswith("hmac-md5") else "hmac-md5")
    if alg == "hmac-sha256-128": name = "k-short"
    ring = dns.tsigkeyring.from_text({name + ".": (alg, secret)})
    for how in (dns.query.udp, dns.query.tcp):
        u = dns.update.UpdateMessage("home.example.", keyring=ring, keyname=name + ".", keyalgorithm=alg + ".")
        u.absent("py"); u.add("py", 300, "A", "192.0.2.1"); u.add("py", 300, "TXT", "a", "b")
        out.append([alg, "add", send(u, how)])
        u = dns.update.UpdateMessage("home.example.", keyring=ring, keyname=name + ".", keyalgorithm=alg + ".")
        u.present("py"); u.present("py", "A", "192.0.2.1"); u.replace("py", 300, "A", "192.0.2.2"); u.delete("py", "TXT")
        out.append([alg, "replace", send(u, how)])
        u = dns.update.UpdateMessage("home.example.", keyring=ring, keyname=name + ".", keyalgorithm=alg + ".")
        u.absent("py"); u.delete("py")
        out.append([alg, "prerequisite", send(u, how)])
        u = dns.update.UpdateMessage("home.example.", keyring=ring, keyname=name + ".", keyalgorithm=alg + ".")
        u.delete("py")
        out.append([alg, "delete", send(u, how)])
zone = dns.zone.from_xfr(dns.query.xfr(host, "home.example.", port=port, keyring=dns.tsigkeyring.from_text({"k-hmac-sha256.": ("hmac-sha256", secret)}), keyname="k-hmac-sha256."))
out.append(["axfr", "py", "py" in [str(n) for n in zone.nodes]])
print(json.dumps(out))
"""


def dnspython(lab: Lab) -> None:
    result = subprocess.run([DEBIAN_PYTHON, "-c", PYTHON, lab.host, str(lab.port), SECRET], capture_output=True, text=True, timeout=120)
    if not lab.checks.check("dnspython ran", result.returncode == 0, result.stderr):
        return
    wanted = {"add": "NOERROR signed", "replace": "NOERROR signed", "prerequisite": "YXDOMAIN signed", "delete": "NOERROR signed", "py": False}
    for algorithm, what, found in json.loads(result.stdout):
        lab.checks.equal(f"dnspython {algorithm}: {what}", found, wanted[what])


def sig0_key(folder: Path, algorithm: str) -> tuple[str, str]:
    """A host key of dnssec-keygen: path of its .private file and its KEY record."""
    stem = subprocess.run(["dnssec-keygen", "-K", str(folder), "-a", algorithm, "-n", "HOST", "-T", "KEY", "-q", "host.home.example"],
                          capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    lines = (folder / f"{stem}.key").read_text().splitlines()
    return str(folder / f"{stem}.private"), next(line for line in lines if not line.startswith(";"))


def sig0(checks: Checks, program: Path, folder: Path) -> None:
    """A host with a KEY record in the zone changes its own address, with nsupdate and with kith."""
    for algorithm in ("RSASHA256", "ECDSAP256SHA256", "ED25519"):
        private, record = sig0_key(folder, algorithm)
        other_private, _ = sig0_key(folder, algorithm)
        settings, files = config({"k-hmac-sha256": "hmac-sha256"}, record + "\n")
        with Kith(program, settings, files=files) as kith:
            lab = Lab(kith, checks)
            lab.good(f"SIG(0) {algorithm}: nsupdate", "nsupdate", "update add host.home.example. 60 A 192.0.2.7\nsend\n", "-k", private)
            checks.equal(f"SIG(0) {algorithm}: written", lab.short("host.home.example"), ["192.0.2.7"])
            lab.refused(f"SIG(0) {algorithm}: another name", "REFUSED", "nsupdate", "update add www.home.example. 60 A 192.0.2.7\nsend\n", "-k", private)
            lab.refused(f"SIG(0) {algorithm}: another key", "NOTAUTH", "nsupdate", "update add host.home.example. 60 A 192.0.2.8\nsend\n", "-k", other_private)
            result = subprocess.run([str(program), "update", "-k", private], capture_output=True, text=True, timeout=60,
                                    input=f"server {lab.host} {lab.port}\nzone home.example.\nadd host.home.example. 60 A 192.0.2.9\n")
            checks.equal(f"SIG(0) {algorithm}: kith update", (result.returncode, result.stderr), (0, ""))
            checks.equal(f"SIG(0) {algorithm}: both", lab.short("host.home.example"), ["192.0.2.7", "192.0.2.9"])


def same_name(checks: Checks, program: Path, folder: Path) -> None:
    """A KEY record at the name of a TSIG key does not make its owner that key."""
    private, record = sig0_key(folder, "ED25519")
    settings, files = config({"host.home.example": "hmac-sha256"}, record + "\n")
    with Kith(program, settings, files=files) as kith:
        lab = Lab(kith, checks)
        script = "update add host.home.example. 60 A 192.0.2.7\nsend\n"
        lab.refused("SIG(0) under the name of a TSIG key", "NOTAUTH", "nsupdate", script, "-k", private)
        lab.good("the TSIG key itself", "nsupdate", script, "-y", f"hmac-sha256:host.home.example:{SECRET}")


def leases(lab: Lab, program: Path) -> None:
    """A lease that ends, by the only client here that asks for one (RFC 9664)."""
    result = subprocess.run([str(program), "update", "create", "short.home.example", "A", "60", "192.0.2.9", "--lease", "1",
                             "-s", f"{lab.host}:{lab.port}", "-y", f"hmac-sha256:k-hmac-sha256:{SECRET}"], capture_output=True, text=True, timeout=60)
    granted = re.fullmatch(r"lease (\d+) s\n", result.stdout)
    lab.checks.check("a lease is granted", result.returncode == 0 and granted, (result.stdout, result.stderr))
    lab.checks.equal("the leased record", lab.short("short.home.example"), ["192.0.2.9"])
    if granted and int(granted[1]) <= 30:
        wait_for(lambda: lab.short("short.home.example") == [], "the end of the lease", int(granted[1]) + 20)


def kith_as_client(lab: Lab, program: Path) -> None:
    operations(lab, str(program), ["update", "-y", f"hmac-sha512:k-hmac-sha512:{SECRET}"], "kith")


def main() -> int:
    options = arguments(__doc__).parse_args()
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or subprocess.run([DEBIAN_PYTHON, "-c", "import dns.update"], capture_output=True).returncode != 0:
        return skip(f"not installed: {', '.join(missing) or 'python3-dnspython'}")
    checks = Checks()
    keys = {f"k-{algorithm}": algorithm for algorithm in ALGORITHMS} | {"k-short": "hmac-sha256-128", "acme": "hmac-sha256", "own1": "hmac-sha256", "own2": "hmac-sha256"}
    settings, files = config(keys)
    with Kith(options.kith, settings, files=files) as kith:
        lab = Lab(kith, checks)
        for algorithm in ALGORITHMS:
            operations(lab, "nsupdate", ["-y", f"{algorithm}:k-{algorithm}:{SECRET}"], f"nsupdate-{algorithm}")
        operations(lab, "nsupdate", ["-v", "-y", f"hmac-sha256:k-hmac-sha256:{SECRET}"], "nsupdate-tcp")
        for algorithm in ("hmac-sha1", "hmac-sha256", "hmac-sha512"):
            operations(lab, "knsupdate", ["-y", f"{algorithm}:k-{algorithm}:{SECRET}"], f"knsupdate-{algorithm}")
        operations(lab, "knsupdate", ["-v", "-y", f"hmac-sha256:k-hmac-sha256:{SECRET}"], "knsupdate-tcp")
        kith_as_client(lab, options.kith)
        dnspython(lab)
        rules(lab)
        truncated_mac(lab)
        kea(lab)
        leases(lab, options.kith)
    with tempfile.TemporaryDirectory(prefix="kith-sig0-") as folder:
        sig0(checks, options.kith, Path(folder))
        same_name(checks, options.kith, Path(folder))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
