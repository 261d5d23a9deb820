#!/usr/bin/env python3
"""kith between two links, one of which is flooded: what is asked on the other is answered, and what a flood costs. Needs root."""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import arguments, skip
from links import Link, Machine, ip, unavailable
from reflector import join, move
from suite import Suite

CONFIG = '{"server": {"listen": [], "upstream": []}, "discovery": {"host_name": "router"}}'

# Says things in multicast: packets of many records that nobody has heard, as expensive as packets are.
FLOOD = """
import socket, struct, sys, time
family, interface, count, seconds = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET, sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
out = socket.socket(family, socket.SOCK_DGRAM)
out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
out.bind(("", 5353))
index = socket.if_nametoindex(interface)
if family == socket.AF_INET6:
    group = ("ff02::fb", 5353, 0, index)
    out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
else:
    group = ("224.0.0.251", 5353)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)

def packet(number):
    record = lambda i: bytes([8]) + b"%08x" % (number * 40 + i) + b"\\5local\\0" + struct.pack("!2HIH", 1, 0x8001, 120, 4) + b"\\n\\1\\2\\3"
    return struct.pack("!6H", 0, 0x8400, 0, 40, 0, 0) + b"".join(map(record, range(40)))

packets = [packet(number) for number in range(500)]
sent, end = 0, time.monotonic() + seconds
while sent < count and time.monotonic() < end:
    out.sendto(packets[sent % 500], group)
    sent += 1
print("sent", sent, flush=True)
"""

# Asks for one name, each time anew from a port of its own, as simple resolvers do; and says how many were answered.
ASK = """
import socket, struct, sys, time
family, interface, count, pause, patience = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET, sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
index = socket.if_nametoindex(interface)
query = struct.pack("!6H", 0x4b54, 0, 1, 0, 0, 0) + b"\\6router\\5local\\0" + struct.pack("!2H", 1, 1)
asking = []
for _ in range(count):
    out = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        out.sendto(query, ("ff02::fb", 5353, 0, index))
    else:
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
        out.sendto(query, ("224.0.0.251", 5353))
    asking.append(out)
    time.sleep(pause)
print("asked", flush=True)
answered, end = 0, time.monotonic() + patience
for out in asking:
    out.settimeout(max(0.01, end - time.monotonic()))
    try:
        answered += out.recv(9000)[:2] == query[:2]
    except TimeoutError:
        pass
print("answered", answered, flush=True)
"""

PYTHON = "/usr/bin/python3"


class Flooded(Suite):
    """A floods eth0 of R, where kith is; B asks on the other link, eth1."""

    def __init__(self, kith: Path, link: Link):
        super().__init__(kith, link)
        self.r = link["R"]
        ip("-n", link.name, "link", "add", "br1", "type", "bridge")
        ip("-n", link.name, "link", "set", "br1", "up")
        move(link, self.b, 2)
        join(link, self.r, 3)
        config = link.folder / "kith.json"
        config.write_text(CONFIG)
        self.serving = self.r.start(self.kith, "serve", "-c", str(config))
        self.serving.wait_output("discovery.started")
        self.until("router.local is there", lambda: self.ask("4", 1, 0.0, 1.0), lambda found: found == 1)

    def ask(self, family: str, count: int, pause: float, patience: float) -> int:
        return int(self.b.run(PYTHON, "-c", ASK, family, "eth0", str(count), str(pause), str(patience), seconds=60).split()[-1])

    def flood(self, machine: Machine, family: str, count: int, seconds: float):
        return machine.start(PYTHON, "-c", FLOOD, family, "eth0", str(count), str(seconds))

    def buffers_are_apart(self) -> None:
        """a link that says more than a buffer holds takes nothing from the other"""
        for family in ("4", "6"):
            self.serving.process.send_signal(signal.SIGSTOP)  # so that all depends on the buffers alone
            self.flood(self.a, family, 5000, 20).wait_output("sent 5000", 30)
            asking = self.b.start(PYTHON, "-c", ASK, family, "eth0", "20", "0", "8")
            asking.wait_output("asked")
            self.serving.process.send_signal(signal.SIGCONT)
            answered = asking.wait_output("answered", 15)
            self.check(f"IPv{family}: the other link's queries are answered", "answered 20\n" in answered, answered)
        self.serving.process.send_signal(signal.SIGUSR1)
        counted = self.serving.wait_output("discovery.counted")
        dropped = re.search(r" dropped=(\d+)", counted)
        self.check("what did not fit is counted", dropped and int(dropped[1]) > 0, counted)

    def costs(self) -> None:
        """what a flood costs who asks on the other link"""
        for family in ("4", "6"):
            flooding = self.flood(self.a, family, 10**9, 4)
            time.sleep(1)
            answered = self.ask(family, 200, 0.01, 3)
            sent = int(flooding.wait_output("sent", 15).split()[-1])
            print(f"     IPv{family}: {sent / 4:.0f} packets of 40 records a second on one link; of 200 queries on the other, {answered} answered", flush=True)
            self.check(f"IPv{family}: what is asked is answered", answered >= 195, answered)

    def many_links(self) -> None:
        """more interfaces are used than one socket may be a member on (net.ipv4.igmp_max_memberships)"""
        many = int(self.r.run("cat", "/proc/sys/net/ipv4/igmp_max_memberships")) + 4
        made = self.r.run("sh", "-ec", f"for i in $(seq {many}); do ip link add many$i type veth peer name end$i netns {self.a.name}; ip -n {self.a.name} link set end$i up;"
                          "ip link set many$i up; ip addr add 10.77.$i.1/24 dev many$i; done")
        self.check("the interfaces are made", made == "", made)
        def used() -> str:
            return str(len(set(re.findall(r"mdns.interface_used name=(many\d+) family=4", self.serving.output()))))
        self.until(f"{many} of them", used, lambda found: int(found) == many)

    def tests(self) -> list:
        return [self.buffers_are_apart, self.costs, self.many_links]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("tests", nargs="*", help="only these")
    options = parser.parse_args()
    why = unavailable([])
    if why:
        return skip(why)
    with Link("ABR") as link:
        suite = Flooded(options.kith, link)
        return suite.run_all(suite.tests(), options.tests, [suite.a])


if __name__ == "__main__":
    sys.exit(main())
