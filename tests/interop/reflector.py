#!/usr/bin/env python3
"""kith between two links: what python-zeroconf and kith offer on one is browsed and resolved on the other by Avahi and by
a simple resolver, as far as the rules say; beside Avahi's reflector nothing goes in circles. Needs root."""

import re
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemons import Avahi
from harness import Checks, arguments, skip
from links import Link, Machine, ip, unavailable
from mdns import ZEROCONF_REGISTER

RULES = """{"server": {"listen": [], "upstream": []},
 "discovery": {"host_name": "router", "reflect": [
   {"from": ["eth0"], "to": ["eth1"], "types": ["_zc._tcp", "_kz._tcp"]},
   {"from": ["eth1"], "to": ["eth0"], "types": ["_back._tcp"]}]}}"""

ONE_SHOT = """
import socket, struct, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
name = b"".join(bytes([len(label)]) + label.encode() for label in sys.argv[2].split(".")) + b"\\0"
out.sendto(struct.pack("!6H", 0x4b54, 0, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1), ("224.0.0.251", 5353))
out.settimeout(4)
message, source = out.recvfrom(9000)
print(hex(message[0] << 8 | message[1]), message[-4:].hex(), struct.unpack("!I", message[-10:-6])[0], source[0])
"""


def join(link: Link, machine: Machine, number: int) -> None:
    """Gives a machine eth1 on the second link."""
    port = f"{machine.port}1"
    ip("-n", link.name, "link", "add", port, "type", "veth", "peer", "name", "eth1", "netns", machine.name)
    ip("-n", link.name, "link", "set", port, "master", "br1", "up")
    machine.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad")
    ip("-n", machine.name, "link", "set", "eth1", "up")
    ip("-n", machine.name, "addr", "add", f"10.66.2.{number}/24", "dev", "eth1")
    ip("-n", machine.name, "addr", "add", f"fd66:2::{number}/64", "dev", "eth1", "nodad")


def move(link: Link, machine: Machine, number: int) -> None:
    """Takes a machine from the first link to the second."""
    ip("-n", link.name, "link", "set", machine.port, "master", "br1")
    ip("-n", machine.name, "addr", "flush", "dev", "eth0", "scope", "global")
    machine.v4, machine.v6 = f"10.66.2.{number}", f"fd66:2::{number}"
    ip("-n", machine.name, "addr", "add", f"{machine.v4}/24", "dev", "eth0")
    ip("-n", machine.name, "addr", "add", f"{machine.v6}/64", "dev", "eth0", "nodad")


def packets(machine: Machine) -> int:
    return int(machine.run("cat", "/sys/class/net/eth0/statistics/rx_packets")) + int(machine.run("cat", "/sys/class/net/eth0/statistics/tx_packets"))


class Suite(Checks):
    def __init__(self, kith: Path, link: Link):
        super().__init__()
        self.link = link
        self.a, self.b, self.r, self.q = (link[letter] for letter in "ABRQ")
        self.kith = str(kith)
        ip("-n", link.name, "link", "add", "br1", "type", "bridge")
        ip("-n", link.name, "link", "set", "br1", "up")
        move(link, self.b, 2)
        join(link, self.r, 3)
        join(link, self.q, 4)
        config = link.folder / "kith.json"
        config.write_text(RULES)
        self.serving = self.r.start(self.kith, "serve", "-c", str(config))
        self.serving.wait_output("discovery.reflecting")
        self.avahi = Avahi(self.b, "hostb")

    def zeroconf_is_found(self) -> None:
        """Avahi finds and resolves what python-zeroconf has on the other link"""
        theirs = self.a.start("/usr/bin/python3", "-c", ZEROCONF_REGISTER, self.a.v4, stdin=True)
        theirs.wait_output("registered")
        found = self.avahi.run("avahi-browse", "-rpkt", "_zc._tcp")
        self.check("avahi resolves it", f"=;eth0;IPv4;Zed;_zc._tcp;local;zedhost.local;{self.a.v4};4242;" in found, found)
        self.check("the host's name", f"zedhost.local\t{self.a.v4}" in self.avahi.run("avahi-resolve", "-4n", "zedhost.local"))
        answer = self.b.run("/usr/bin/python3", "-c", ONE_SHOT, self.b.v4, "zedhost.local")
        wanted = "0x4b54 " + "".join(f"{int(part):02x}" for part in self.a.v4.split("."))
        self.check("rf-02 a simple resolver gets the reply", answer.startswith(wanted), answer)
        self.check("with a TTL of ten seconds at most", re.search(r" (10|[0-9]) ", answer), answer)
        watching = self.avahi.start("avahi-browse", "-pk", "_zc._tcp")
        watching.wait_output("+;eth0;IPv4;Zed")
        theirs.say("end")
        watching.wait_output("-;eth0;IPv4;Zed", 8)
        self.check("the goodbye crosses", True)
        watching.stop()

    def kith_is_found(self) -> None:
        """and what kith has, over IPv4 and IPv6, without link-local addresses"""
        ours = self.a.start(self.kith, "register", "K Z", "_kz._tcp", "99", "k=v", "--host-name", "hosta", stdin=True)
        ours.wait_output("registered")
        found = self.avahi.run("avahi-browse", "-rpkt", "_kz._tcp")
        for family in ("IPv4", "IPv6"):
            self.check(f"over {family}", f"=;eth0;{family};K\\032Z;_kz._tcp;local;hosta.local;" in found, found)
        self.check("no address of the other link alone", "fe80" not in found, found)
        again = self.b.run(self.kith, "browse", "_kz._tcp", "-r", "--terminate")
        self.check("kith finds it, too", "K Z" in again and self.a.v4 in again and self.a.v6 in again and "fe80" not in again, again)
        ours.say("k=w")
        found = ""
        deadline = time.monotonic() + 8
        while '"k=w"' not in found and time.monotonic() < deadline:
            found = self.avahi.run("avahi-browse", "-rpkt", "_kz._tcp")
        self.check("a changed TXT record crosses", '"k=w"' in found, found)
        ours.stop()

    def rules_hold(self) -> None:
        """what no rule shows stays where it is"""
        hidden = self.a.start(self.kith, "register", "Hidden", "_ssh._tcp", "22", "--host-name", "hosta", stdin=True)
        hidden.wait_output("registered")
        back = self.b.start(self.kith, "register", "Back", "_back._tcp", "1", "--host-name", "hostk", stdin=True)
        back.wait_output("registered")
        only_here = self.b.start(self.kith, "register", "Here", "_kz._tcp", "1", "--host-name", "hostk", stdin=True)
        only_here.wait_output("registered")
        self.check("another type", "Hidden" not in self.avahi.run("avahi-browse", "-pkt", "_ssh._tcp"))
        self.check("nor in the list of types", "_ssh._tcp" not in self.avahi.run("avahi-browse", "-apkt"))
        seen = self.a.run(self.kith, "browse", "_back._tcp", "-r", "--terminate")
        self.check("the other direction has a rule of its own", "Back" in seen and self.b.v4 in seen, seen)
        self.check("and no more than that", "Here" not in self.a.run(self.kith, "browse", "_kz._tcp", "--terminate"))
        for process in (hidden, back, only_here):
            process.stop()

    def two_reflectors(self) -> None:
        """beside Avahi's reflector nothing goes in circles"""
        Avahi(self.q, "hostq", "allow-interfaces=eth0,eth1\n[reflector]\nenable-reflector=yes")
        ours = self.a.start(self.kith, "register", "Twice", "_kz._tcp", "99", "--host-name", "hosta", stdin=True)
        ours.wait_output("registered")
        found = self.avahi.run("avahi-browse", "-rpkt", "_kz._tcp")
        self.check("it is found once", found.count("+;eth0;IPv4;") == 1 and "#2" not in found and "(2)" not in found, found)
        time.sleep(5)
        before = packets(self.b), packets(self.a)
        time.sleep(10)
        after = packets(self.b), packets(self.a)
        self.check("silence at rest", after[0] - before[0] < 20 and after[1] - before[1] < 20, f"{before} {after}")
        self.check("nobody was renamed", "renamed" not in self.serving.output() and "(2)" not in ours.output(), self.serving.output())
        ours.stop()

    def all(self) -> None:
        for test in (self.zeroconf_is_found, self.kith_is_found, self.rules_hold, self.two_reflectors):
            print(f"-- {test.__doc__}", flush=True)
            try:
                test()
            except Exception:  # one broken test must not hide the others
                traceback.print_exc()
                self.check(test.__name__, False)
            self.a.stop_all()


def main() -> int:
    options = arguments(__doc__).parse_args()
    why = unavailable(["avahi-daemon", "avahi-browse", "dbus-daemon"])
    if why:
        return skip(why)
    with Link("ABRQ") as link:
        suite = Suite(options.kith, link)
        suite.all()
        return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
