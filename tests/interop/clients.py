#!/usr/bin/env python3
"""The clients people have, against the program on port 53: dig, kdig, drill, host, dnspython, and getent
through a real /etc/resolv.conf.

Runs in a network and mount namespace of its own, so port 53 and resolv.conf are free to use.

    tests/interop/clients.py --kith build/dev/kith
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import ROOT, Checks, Kith, arguments, skip, wait_for

PROGRAMS = ["dig", "kdig", "drill", "host", "getent", "ip", "unshare", "mount"]
DEBIAN_PYTHON = "/usr/bin/python3"  # where python3-dnspython is installed
CONFIG = {
    "server": {"listen": ["127.0.0.1:53", "[::1]:53"], "workers": 2, "upstream": [], "nsid": "kith-test", "auto_ptr": True},
    "zones": {"lan": {}, "2.0.192.in-addr.arpa": {}, "8.b.d.0.1.0.0.2.ip6.arpa": {}},
    "records": [
        {"name": "host.lan", "type": "A", "value": "192.0.2.1"},
        {"name": "host.lan", "type": "AAAA", "value": "2001:db8::1"},
        {"name": "only4.lan", "type": "A", "value": "192.0.2.4"},
        {"name": "alias.lan", "type": "CNAME", "value": "host.lan"},
        {"name": "lan", "type": "MX", "value": "host.lan", "priority": 10},
        {"name": "wild.lan", "type": "A", "value": "192.0.2.7", "wildcard": True, "auto_ptr": False},
        {"name": "_sip._tcp.lan", "type": "SRV", "value": "1 2 5060 host.lan"},
        {"name": "odd.lan", "type": "TYPE65280", "value": "\\# 2 abcd"},
        {"name": "web.lan", "type": "HTTPS", "value": "1 . alpn=h2"}] +
        [{"name": "many.lan", "type": "A", "value": f"198.51.100.{i}", "auto_ptr": False} for i in range(40)] +
        [{"name": "big.lan", "type": "TXT", "value": f"{i:03}" * 60} for i in range(40)]}

V4, V6 = "@127.0.0.1", "@::1"
# Words to run, and patterns that the output must have ("!": must not).
COMMANDS: list[tuple[str, list[str]]] = [
    (f"dig {V4} host.lan +short", [r"\A192\.0\.2\.1\n\Z"]),
    (f"dig {V6} host.lan AAAA +short", [r"\A2001:db8::1\n\Z"]),
    (f"dig {V4} host.lan", ["status: NOERROR", r"flags: qr aa rd;", "ANSWER: 1, ", "EDNS: version: 0, flags:; udp: 1232", "!WARNING.*malformed"]),
    (f"dig {V4} HoSt.LaN +tcp", ["status: NOERROR", r"HoSt\.LaN\.\s+300\s+IN\s+A\s+192\.0\.2\.1", r"\(TCP\)"]),
    (f"dig {V6} host.lan +tcp +short", [r"\A192\.0\.2\.1\n\Z"]),
    (f"dig {V4} host.lan +noedns +norec", ["status: NOERROR", "flags: qr aa;", "!OPT PSEUDOSECTION"]),
    (f"dig {V4} host.lan +cookie", [r"COOKIE: [0-9a-f]{48} \(good\)"]),
    (f"dig {V4} host.lan +nsid", [r'NSID: .*\("kith-test"\)']),
    (f"dig {V4} host.lan +edns=1 +noednsnegotiation", ["status: BADVERS"]),
    (f"dig {V4} host.lan +ednsopt=100:abcd +ednsflags=0x40", ["status: NOERROR", "!OPT=100", "!MBZ"]),
    (f"dig {V4} host.lan +tcp +keepalive", [r"TCP.KEEPALIVE: 10\.0"]),
    (f"dig {V4} host.lan +padding=128", ["status: NOERROR"]),
    (f"dig {V4} big.lan TXT", ["Truncated, retrying in TCP mode", "ANSWER: 40,"]),
    (f"dig {V4} big.lan TXT +ignore", ["flags: qr aa tc rd;", "!retrying"]),
    (f"dig {V4} many.lan +bufsize=512", ["Truncated, retrying", "ANSWER: 40,"]),
    (f"dig {V4} many.lan +bufsize=4096 +ignore", ["ANSWER: 40,", "flags: qr aa rd;"]),
    (f"dig {V4} nothing.lan", ["status: NXDOMAIN", "AUTHORITY: 1", r"lan\.\s+\d+\s+IN\s+SOA"]),
    (f"dig {V4} host.lan MX", ["status: NOERROR", "ANSWER: 0, AUTHORITY: 1"]),
    (f"dig {V4} alias.lan A", ["ANSWER: 2,", r"CNAME\s+host\.lan\.", r"192\.0\.2\.1"]),
    (f"dig {V4} x.wild.lan +short", [r"\A192\.0\.2\.7\n\Z"]),
    (f"dig {V4} _sip._tcp.lan SRV", [r"1 2 5060 host\.lan\.", "ADDITIONAL: 3"]),
    (f"dig {V4} odd.lan TYPE65280 +short", [r"\\# 2 ABCD"]),
    (f"dig {V4} web.lan HTTPS +short", [r'1 \. alpn="h2"']),
    (f"dig {V4} lan ANY", ["status: NOERROR", "ANSWER: [1-9]"]),
    (f"dig {V4} -x 192.0.2.1 +short", [r"\Ahost\.lan\.\n\Z"]),
    (f"dig {V4} -x 2001:db8::1 +short", [r"\Ahost\.lan\.\n\Z"]),
    (f"dig {V4} lan AXFR", ["Transfer failed"]),
    (f"dig {V4} lan IXFR=1", ["Transfer failed"]),
    (f"dig {V4} www.example.com", ["status: REFUSED", r"EDE: 20 \(Not Authoritative\)"]),
    (f"dig {V4} version.bind TXT CH +short", ['"kith ']),
    (f"dig {V4} +tcp +keepopen host.lan only4.lan alias.lan +short", [r"192\.0\.2\.1\n192\.0\.2\.4\nhost\.lan\.\n192\.0\.2\.1"]),
    (f"dig {V4} host.lan +opcode=15", ["status: NOTIMP"]),
    (f"dig {V4} host.lan +header-only +nocookie", ["status: FORMERR"]),
    (f"kdig {V4} host.lan +short", [r"\A192\.0\.2\.1\n\Z"]),
    (f"kdig {V6} host.lan AAAA +tcp +short", [r"\A2001:db8::1\n\Z"]),
    (f"kdig {V4} host.lan +nsid +cookie +edns", ['"kith-test"', r"COOKIE: [0-9A-Fa-f]+", "status: NOERROR"]),
    (f"kdig {V4} host.lan +padding=64 +edns", ["status: NOERROR", "!;; WARNING"]),
    (f"kdig {V4} big.lan TXT", ["ANSWER: 40;", r"\(TCP\)"]),
    (f"kdig {V4} big.lan TXT +ignore +edns +bufsize=4096", ["Flags: qr aa tc rd;"]),
    (f"kdig {V4} +short +tcp +keepopen host.lan only4.lan", [r"192\.0\.2\.1\n192\.0\.2\.4"]),
    (f"kdig {V4} lan AXFR", ["REFUSED"]),
    (f"kdig {V4} nothing.lan", ["status: NXDOMAIN", "AUTHORITY: 1"]),
    (f"kdig {V4} -x 192.0.2.1 +short", [r"\Ahost\.lan\.\n\Z"]),
    (f"drill {V4} host.lan", ["rcode: NOERROR", r"host\.lan\.\s+300\s+IN\s+A\s+192\.0\.2\.1"]),
    (f"drill -t {V4} host.lan AAAA", [r"2001:db8::1"]),
    (f"drill {V4} big.lan TXT", ["flags: qr aa tc rd", "answer packet was truncated"]),
    (f"drill -t {V4} big.lan TXT", ["rcode: NOERROR", "flags: qr aa rd ", r"ANSWER: 40,"]),
    (f"drill {V4} -x 192.0.2.1", [r"PTR\s+host\.lan\."]),
    (f"drill {V4} nothing.lan", ["rcode: NXDOMAIN", "SOA"]),
    (f"drill -D {V4} host.lan", ["rcode: NOERROR", "EDNS: version 0; flags: do"]),
    ("host host.lan 127.0.0.1", [r"host\.lan has address 192\.0\.2\.1", r"host\.lan has IPv6 address 2001:db8::1"]),
    ("host -t mx lan ::1", [r"lan mail is handled by 10 host\.lan\."]),
    # From here on through resolv.conf, as every program on a machine asks.
    ("getent hosts host.lan", [r"\A2001:db8::1\s+host\.lan\n\Z"]),
    ("getent hosts only4.lan", [r"\A192\.0\.2\.4\s+only4\.lan\n\Z"]),
    ("getent ahostsv4 host.lan", [r"^192\.0\.2\.1\s+STREAM"]),
    ("getent ahosts host", [r"^192\.0\.2\.1\s+STREAM", r"^2001:db8::1\s+STREAM"]),
    ("getent ahostsv6 host.lan", [r"^2001:db8::1\s+STREAM"]),
    ("getent hosts alias.lan", [r"2001:db8::1\s+host\.lan alias\.lan"]),
    ("getent hosts 192.0.2.1", [r"\A192\.0\.2\.1\s+host\.lan\n\Z"]),
    ("getent hosts 2001:db8::1", [r"\A2001:db8::1\s+host\.lan\n\Z"]),
    ("getent ahostsv4 many.lan", [r"^198\.51\.100\.0\s+STREAM", r"^198\.51\.100\.39\s+STREAM"]),
    ("getent hosts nothing.lan", [r"\A\Z"]),
    ("dig host.lan +short", [r"\A192\.0\.2\.1\n\Z"]),
    ("KITH query host.lan --short", [r"\A192\.0\.2\.1\n\Z"]),
]

README_QUERIES = {"nas.home.arpa A": ["192.168.1.10"], "anything.lab.home.arpa A": ["192.168.1.50"],
                  "10.1.168.192.in-addr.arpa PTR": ["nas.home.arpa."]}


def judge(checks: Checks, command: str, patterns: list[str], kith: Path) -> None:
    words = [str(kith) if word == "KITH" else word for word in command.split()]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60)
    text = result.stdout + result.stderr
    for pattern in patterns:
        unwanted = pattern.startswith("!")
        found = re.search(pattern.removeprefix("!"), text, re.M if "\\A" not in pattern else 0)
        checks.check(f"{command}: {pattern}", bool(found) != unwanted, text[:1500])


def dnspython(checks: Checks) -> None:
    import dns.flags
    import dns.message
    import dns.query
    import dns.rcode
    import dns.resolver
    import dns.reversename
    import dns.zone
    for where in ("127.0.0.1", "::1"):
        query = dns.message.make_query("host.lan", "A", use_edns=0, want_dnssec=True)
        for how in (dns.query.udp, dns.query.tcp):
            reply = how(query, where, timeout=10)
            checks.equal(f"dnspython {how.__name__} {where}", [item.address for item in reply.answer[0]], ["192.0.2.1"])
        reply, used_tcp = dns.query.udp_with_fallback(dns.message.make_query("big.lan", "TXT"), where, timeout=10)
        checks.equal(f"dnspython falls back to TCP, {where}", (used_tcp, len(reply.answer[0])), (True, 40))
    query = dns.message.make_query("host.lan", "A")
    query.use_edns(edns=1)
    reply = dns.query.udp(query, "127.0.0.1", timeout=10)
    checks.equal("dnspython: EDNS version 1", reply.rcode(), dns.rcode.BADVERS)
    try:
        dns.zone.from_xfr(dns.query.xfr("127.0.0.1", "lan", lifetime=10))
        checks.check("dnspython: no transfer", False)
    except Exception as error:
        checks.check("dnspython: no transfer", "REFUSED" in str(error), error)
    resolver = dns.resolver.Resolver()  # reads resolv.conf
    checks.equal("dnspython resolver: MX", [str(item.exchange) for item in resolver.resolve("lan", "MX")], ["host.lan."])
    checks.equal("dnspython resolver: reverse", str(resolver.resolve(dns.reversename.from_address("2001:db8::1"), "PTR")[0]), "host.lan.")
    for name, error in (("nothing.lan.", dns.resolver.NXDOMAIN), ("host.lan.", dns.resolver.NoAnswer)):
        try:
            resolver.resolve(name, "MX")
            checks.check(f"dnspython: {name} MX", False)
        except error:
            checks.passed += 1


def readme_queries(kith: Path, checks: Checks) -> None:
    """What the README's first screen promises, with kith's own client and with dig."""
    text = (ROOT / "README.md").read_text()
    with Kith(kith, arguments=["serve", "--example"]):
        for query, wanted in README_QUERIES.items():
            checks.check(f"the README has the query {query}", f"query @127.0.0.1 -p 5300 {query}" in text)
            for words in ([str(kith), "query", "@127.0.0.1", "-p", "5300", *query.split(), "+short"],
                          ["dig", "@127.0.0.1", "-p", "5300", *query.split(), "+short"],
                          ["dig", "@::1", "-p", "5300", *query.split(), "+short", "+tcp"]):
                found = subprocess.run(words, capture_output=True, text=True, timeout=60).stdout.split()
                checks.equal(" ".join(words), found, wanted)


def free_for_both(kith: Path, checks: Checks) -> None:
    """Port 0 is a port that is free for UDP and for TCP: here there are two, and one is taken for TCP."""
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("61000 61001")
    config = {"server": {"listen": ["127.0.0.1:0"], "workers": 2}}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 61000))
        taken.listen()
        for _ in range(5):
            with Kith(kith, config) as server:
                checks.equal("port 0 is free for both transports", server.address[1], 61001)


def inside(kith: Path) -> int:
    """In the namespaces: nothing there but loopback."""
    checks = Checks()
    # With loopback alone, glibc asks for no addresses where a family is named (AI_ADDRCONFIG).
    for words in ("link add name kith0 type veth peer name kith1", "link set lo up", "link set kith0 up", "link set kith1 up",
                  "address add 192.0.2.99/24 dev kith0", "address add 2001:db8::99/64 dev kith0 nodad"):
        subprocess.run(["ip", *words.split()], check=True)
    with tempfile.TemporaryDirectory(prefix="kith-clients-") as name:
        for file, text in (("resolv.conf", "nameserver 127.0.0.1\nsearch lan\noptions timeout:5\n"), ("nsswitch.conf", "hosts: files dns\n")):
            (Path(name) / file).write_text(text)
            subprocess.run(["mount", "--bind", f"{name}/{file}", os.path.realpath(f"/etc/{file}")], check=True)
        wait_for(lambda: subprocess.run(["ip", "-6", "address", "show", "dev", "lo"], capture_output=True, text=True).stdout.count("::1/128"),
                 "::1")
        with Kith(kith, json.loads(json.dumps(CONFIG))):
            for command, patterns in COMMANDS:
                judge(checks, command, patterns, kith)
            dnspython(checks)
        readme_queries(kith, checks)
        free_for_both(kith, checks)
    return checks.finish()


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--inside", action="store_true", help="we are in the namespaces (the script starts itself with this)")
    options = parser.parse_args()
    if options.inside:
        return inside(options.kith.resolve())
    if missing := [program for program in PROGRAMS if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]:
        return skip(f"not installed: {', '.join(missing)}")
    python = next((python for python in (sys.executable, DEBIAN_PYTHON)
                   if subprocess.run([python, "-c", "import dns.message"], capture_output=True).returncode == 0), None)
    if python is None:
        return skip("not installed: python3-dnspython")
    unshare = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        return skip("no right to make namespaces (run as root, or allow unprivileged user namespaces)")
    return subprocess.run([*unshare, python, __file__, "--inside", "--kith", str(options.kith.resolve())],
                          env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}).returncode


if __name__ == "__main__":
    sys.exit(main())
