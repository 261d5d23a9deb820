#!/usr/bin/env python3
"""kith beside avahi-daemon, python-zeroconf and troglobit's mdnsd on one link: each finds and resolves the others,
conflicts and goodbyes are understood, TXT changes and address changes arrive. Needs root."""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import arguments, skip
from daemons import Avahi, Resolved
from links import Link, Process, unavailable
from suite import Suite

ZEROCONF_REGISTER = """
import socket, sys, time
from zeroconf import ServiceInfo, Zeroconf
zc = Zeroconf(interfaces=[sys.argv[1]])
zc.register_service(ServiceInfo("_zc._tcp.local.", "Zed._zc._tcp.local.", addresses=[socket.inet_aton(sys.argv[1])], port=4242,
                                properties={"who": "zeroconf"}, server="zedhost.local."))
print("registered", flush=True)
sys.stdin.readline()
zc.unregister_all_services(); zc.close()
"""
ZEROCONF_BROWSE = """
import sys, time
from zeroconf import ServiceBrowser, Zeroconf, ServiceStateChange
zc = Zeroconf(interfaces=[sys.argv[1]])
def on(zeroconf, service_type, name, state_change):
    if state_change is ServiceStateChange.Added:
        info = zeroconf.get_service_info(service_type, name, 3000)
        print("found", name, info.server, info.port, sorted(info.properties.items()), info.parsed_addresses(), flush=True)
    else:
        print(state_change.name, name, flush=True)
ServiceBrowser(zc, sys.argv[2], handlers=[on])
sys.stdin.readline()
zc.close()
"""


class Neighbors(Suite):
    """A: kith. B: avahi-daemon and the others. C: another machine."""

    def __init__(self, kith: Path, link: Link):
        super().__init__(kith, link)
        self.personas = {}
        for name in ("avahi-browse", "avahi-resolve", "avahi-publish", "dns-sd"):
            path = link.folder / name
            path.symlink_to(self.kith)
            self.personas[name] = str(path)

    def register(self, *words: str) -> Process:
        return self.register_on(self.a, *words)

    # ------------------------------------------------------------ tests

    def avahi_finds_kith(self) -> None:
        """avahi finds and resolves kith's service, over IPv4 and IPv6"""
        service = self.register("My Printer", "_ipp._tcp", "631", "rp=a", "note=hi there", "--subtype", "_duplex", "--host-name", "hosta")
        found = self.avahi.run("avahi-browse", "-rpkt", "_ipp._tcp")
        for family in ("IPv4", "IPv6"):
            wanted = f"=;eth0;{family};My\\032Printer;_ipp._tcp;local;hosta.local;"
            self.check(f"6763-18 avahi-browse resolves over {family}", wanted in found, found)
        self.check("with its TXT", ';631;"note=hi there" "rp=a"' in found, found)
        self.check("6763-13 by its subtype", "My\\032Printer" in self.avahi.run("avahi-browse", "-pkt", "_duplex._sub._ipp._tcp"))
        self.check("6763-15 in the list of types", "_ipp._tcp" in self.avahi.run("avahi-browse", "-apkt"))
        self.check("its host's IPv4 address", f"hosta.local\t{self.a.v4}" in self.avahi.run("avahi-resolve", "-4n", "hosta.local"))
        self.check("its host's IPv6 address", re.search(r"hosta\.local\t(fe80|fd66)", self.avahi.run("avahi-resolve", "-6n", "hosta.local")))
        self.check("the name of its address", f"{self.a.v4}\thosta.local" in self.avahi.run("avahi-resolve", "-a", self.a.v4))

        watching = self.avahi.start("avahi-browse", "-rpk", "_ipp._tcp")
        watching.wait_output('"rp=a"')
        service.say("rp=b color=yes")
        deadline = time.monotonic() + 8
        found = ""  # avahi-browse resolves once: ask anew
        while '"color=yes" "rp=b"' not in found and time.monotonic() < deadline:
            found = self.avahi.run("avahi-browse", "-rpkt", "_ipp._tcp")
        self.check("6762-90 avahi hears of a changed TXT record", '"color=yes" "rp=b"' in found, found)
        service.stop()
        watching.wait_output("-;eth0;IPv4;My\\032Printer")
        self.check("6762-101 avahi hears the goodbye", True)

    def kith_finds_avahi(self) -> None:
        """kith finds and resolves avahi's service, and hears its end"""
        watching = self.a.start(self.kith, "browse", "_http._tcp", "-r", "--json")
        publishing = self.avahi.start("avahi-publish", "-s", "Caf\u00e9. 1", "_http._tcp", "80", "a=1", "b=2")
        line = watching.wait_output('"host": "hostb.local"')
        for wanted in ('"name": "Caf\u00e9. 1"', '"port": 80', self.b.v4, '[["a", "1"], ["b", "2"]]'):
            self.check(f"kith browse shows {wanted}", wanted in line, line)
        self.check("kith resolve", f"address {self.b.v4}" in self.a.run(self.kith, "resolve", "Caf\u00e9. 1", "_http._tcp"))
        self.check("kith resolve of the escaped name", "at hostb.local:80" in self.a.run(self.kith, "resolve", "Caf\u00e9\\. 1._http._tcp.local"))
        self.check("kith resolve of the host", self.b.v6 in self.a.run(self.kith, "resolve", "hostb.local"))
        self.check("kith resolve of the address", "hostb.local." in self.a.run(self.kith, "resolve", self.b.v4))
        self.check("kith enumerate", "_http._tcp" in self.a.run(self.kith, "enumerate"))
        self.check("kith mdns", self.b.v4 in self.a.run(self.kith, "mdns", "hostb.local", "A"))
        publishing.stop()
        watching.wait_output('"event": "removed"')
        self.check("kith browse hears the goodbye", True)

    def personas_say_the_same(self) -> None:
        """kith as avahi-browse prints what avahi-browse prints"""
        service = self.register("P 1.5", "_http._tcp", "81", "x=y", "--host-name", "hosta")
        # Only what does not depend on which address is chosen.
        for words in (["-pt", "_http._tcp"], ["-t", "_http._tcp"], ["-pkt", "_http._tcp"]):
            theirs = sorted(line for line in self.avahi.run("avahi-browse", *words).splitlines() if line[:1] in "+-=")
            ours = sorted(line for line in self.b.run(self.personas["avahi-browse"], *words).splitlines() if line[:1] in "+-=")
            self.check(f"avahi-browse {' '.join(words)}", theirs == ours and ours, f"{theirs}\n{ours}")
        theirs = self.avahi.run("avahi-browse", "-rpt", "_http._tcp")
        ours = self.b.run(self.personas["avahi-browse"], "-rpt", "_http._tcp")
        line = f"=;eth0;IPv4;P\\0321\\.5;Web Site;local;hosta.local;{self.a.v4};81;\"x=y\""
        self.check("avahi-browse -rpt", line in theirs and line in ours, f"{theirs}\n{ours}")
        self.check("avahi-resolve", f"hosta.local\t" in self.b.run(self.personas["avahi-resolve"], "-n", "hosta.local"))
        self.check("avahi-resolve -a", f"{self.a.v4}\thosta.local" in self.b.run(self.personas["avahi-resolve"], "-a", self.a.v4))
        for words, wanted in (
                (["-B", "_http._tcp"], r"Add        2 {2,}\d+ local\. {15}_http\._tcp\. {10}P 1\.5\n"),
                (["-B", "_services._dns-sd._udp"], r"Add        [23] {2,}\d+ \. {20}_tcp\.local\. {10}_http\n"),
                (["-L", "P 1.5", "_http._tcp"], r"Lookup P 1\.5\._http\._tcp\.local\n(.*\n)+.*  P\\0321\\\.5\._http\._tcp\.local\. can be reached at hosta\.local\.:81 \(interface \d+\)\n x=y\n"),
                (["-Q", "hosta.local", "A"], rf"Add  2 {{9,}}\d+  hosta\.local\. {{18}}Addr   IN     {re.escape(self.a.v4)}\n"),
                (["-G", "v4", "hosta.local"], rf"Add  2 {{9,}}\d+  hosta\.local\. {{27}}{re.escape(self.a.v4)} +\d+\n"),
                (["-Z", "_http._tcp"], r"_http\._tcp {38}PTR     P\\0321\\\.5\._http\._tcp\nP\\0321\\\.5\._http\._tcp +SRV     0 0 81 hosta\.local\.\n.*TXT     \"x=y\"")):
            found = self.b.run(self.personas["dns-sd"], "-t", "2", *words)
            self.check(f"dns-sd {' '.join(words)}", re.search(wanted, found), found)
        service.stop()

    def conflicts(self) -> None:
        """who comes second takes another name"""
        publishing = self.avahi.start("avahi-publish", "-s", "Same", "_clash._tcp", "80")
        publishing.wait_output("Established")
        service = self.a.start(self.kith, "register", "Same", "_clash._tcp", "80", "--host-name", "hosta")
        service.wait_output("registered Same (2)._clash._tcp.local")
        self.check("6762-78 kith renames itself", True)
        refusing = self.a.start(self.kith, "register", "Same", "_clash._tcp", "80", "--no-rename")
        refusing.wait_output("is another's on this link")
        self.check("and does not when told so", True)
        service.stop()
        publishing.stop()

        service = self.register("First", "_clash._tcp", "80", "--host-name", "hosta")
        publishing = self.avahi.start("avahi-publish", "-s", "First", "_clash._tcp", "81")
        publishing.wait_output("picking new name 'First #2'")
        self.check("6762-95 avahi renames itself against kith", True)
        self.check("kith keeps its name", "(2)" not in service.output(), service.output())
        publishing.stop()
        service.stop()

        service = self.register("Hosted", "_clash._tcp", "80", "--host-name", "hostb")
        found = self.avahi.run("avahi-browse", "-rpkt", "_clash._tcp")
        self.check("6762-98 a host name that is taken gets a number", ";hostb-2.local;" in found, found)
        service.stop()

    def one_shot(self) -> None:
        """a simple resolver's query from another port is answered by unicast"""
        service = self.register("One", "_shot._tcp", "80", "--host-name", "hosta")
        answer = self.b.run("dig", "+noall", "+answer", "+norecurse", "-p", "5353", f"@{self.a.v4}", "hosta.local", "A")
        self.check("6762-65 dig -p 5353", re.search(rf"hosta\.local\.\s+10\s+IN\s+A\s+{self.a.v4}", answer), answer)
        service.stop()

    def zeroconf(self) -> None:
        """python-zeroconf and kith find each other"""
        python = "/usr/bin/python3"
        theirs = self.b.start(python, "-c", ZEROCONF_REGISTER, self.b.v4, stdin=True)
        theirs.wait_output("registered")
        found = self.a.run(self.kith, "browse", "_zc._tcp", "-r", "--terminate", "--json")
        for wanted in ('"name": "Zed"', '"host": "zedhost.local"', '"port": 4242', self.b.v4, '["who", "zeroconf"]'):
            self.check(f"kith shows {wanted}", wanted in found, found)
        watching = self.b.start(python, "-c", ZEROCONF_BROWSE, self.b.v4, "_kz._tcp.local.", stdin=True)
        ours = self.register("K Z", "_kz._tcp", "99", "k=v", "--host-name", "hosta")
        line = watching.wait_output("found K Z._kz._tcp.local. hosta.local. 99 [(b'k', b'v')]")
        self.check("zeroconf resolves kith's", self.a.v4 in line, line)
        ours.stop()
        watching.wait_output("Removed K Z._kz._tcp.local.")
        self.check("zeroconf hears the goodbye", True)
        theirs.say("end")
        watching.say("end")

    def resolved(self) -> None:
        """systemd-resolved and kith find each other"""
        if Resolved.missing:
            print(f"     ({Resolved.missing})")
            return
        resolved = Resolved(self.link["C"], "hostc")
        ours = self.register("My Printer", "_ipp._tcp", "631", "rp=a", "--host-name", "hosta")
        found = resolved.run("query", "hosta.local")
        self.check("resolvectl query", self.a.v4 in found, found)
        found = resolved.run("service", "My Printer", "_ipp._tcp", "local")
        self.check("resolvectl service", "hosta.local:631" in found and "rp=a" in found, found)
        found = self.a.run(self.kith, "browse", "_ssh._tcp", "-r", "--terminate")
        self.check("kith finds its .dnssd service", "hostc-ssh" in found and self.link["C"].v4 in found and "made=resolved" in found, found)
        ours.stop()

    def mdnsd(self) -> None:
        """troglobit's mdnsd and kith find each other"""
        folder = self.link.folder / "mdnsd"
        folder.mkdir()
        (folder / "ftp.service").write_text("type _ftp._tcp\nname Trog\nport 21\ntxt path=/pub\n")
        self.b.run("ip", "route", "add", "224.0.0.0/4", "dev", "eth0")
        theirs = self.b.start("mdnsd", "-n", "-l", "debug", str(folder))
        watching = self.a.start(self.kith, "browse", "_ftp._tcp", "-r")
        watching.wait_output(f"address {self.b.v4}", 15)
        self.check("kith resolves mdnsd's", "Trog" in watching.output() and ":21" in watching.output(), watching.output())
        ours = self.register("K M", "_km._tcp", "98", "--host-name", "hosta")
        found = self.b.run("mquery", "-w", "3", "-i", "eth0", "-t", "12", "_km._tcp.local.")
        self.check("mquery finds kith's", "K M" in found or "K\\032M" in found, found)
        ours.stop()
        watching.stop()
        theirs.stop(signal.SIGTERM)
        self.b.run("ip", "route", "del", "224.0.0.0/4", "dev", "eth0")

    def links_change(self) -> None:
        """a cable that is pulled and plugged, an address that changes"""
        service = self.register("Moving", "_move._tcp", "80", "--host-name", "hosta")
        watching = self.avahi.start("avahi-browse", "-rpk", "_move._tcp")
        watching.wait_output(self.a.v4)
        self.a.run("ip", "addr", "add", "10.66.1.77/24", "dev", "eth0")
        self.a.run("ip", "addr", "del", f"{self.a.v4}/24", "dev", "eth0")
        deadline = time.monotonic() + 8
        answer = ""
        while "10.66.1.77" not in answer and time.monotonic() < deadline:
            answer = self.avahi.run("avahi-resolve", "-4n", "hosta.local")
        self.check("avahi resolves to the new address", "10.66.1.77" in answer, answer)
        self.a.run("ip", "addr", "add", f"{self.a.v4}/24", "dev", "eth0")
        self.a.run("ip", "addr", "del", "10.66.1.77/24", "dev", "eth0")
        self.a.run("ip", "link", "set", "eth0", "down")
        time.sleep(0.5)
        self.a.run("ip", "link", "set", "eth0", "up")
        self.a.run("ip", "addr", "replace", f"{self.a.v6}/64", "dev", "eth0", "nodad")
        again = self.b.run(self.kith, "browse", "_move._tcp", "-r", "--time", "6")
        self.check("6762-75 found again after the link came back", "Moving" in again and "(2)" not in again, again)
        self.check("without another name", "(2)" not in service.output(), service.output())
        service.stop()
        watching.stop()

    def no_interface(self) -> None:
        """kith without an interface says so, and waits for one"""
        alone = self.link["C"]
        alone.run("ip", "link", "set", "eth0", "down")
        watching = alone.start(self.kith, "browse", "_late._tcp")
        said = watching.wait_output("waiting for one")
        self.check("it is said", "expected an interface that is up" in said, said)
        service = self.register("Late", "_late._tcp", "80", "--host-name", "hosta")
        alone.run("ip", "link", "set", "eth0", "up")
        watching.wait_output("Late")
        self.check("found once there is an interface", True)
        watching.stop()
        service.stop()

    def daemon(self) -> None:
        """kith serve with `discovery` is the machine's responder, and answers unicast clients for .local"""
        folder = self.link.folder / "serve"
        (folder / "services").mkdir(parents=True)
        service_file = folder / "services" / "ssh.service"
        service_file.write_text('<service-group><name replace-wildcards="yes">%h</name><service><type>_ssh._tcp</type><port>22</port></service></service-group>')
        (folder / "kith.json").write_text("""{"server": {"listen": ["127.0.0.1:5300"], "upstream": [], "workers": 2},
 "discovery": {"host_name": "hostk", "service_directories": ["services"],
               "services": [{"name": "Site", "type": "_http._tcp", "port": 8080, "txt": ["path=/"]}]}}""")
        serving = self.a.start(self.kith, "serve", "-c", str(folder / "kith.json"))
        serving.wait_output("discovery.service_registered name=Site._http._tcp.local")
        found = self.avahi.run("avahi-browse", "-arpkt")
        self.check("a service of the config", f';Site;_http._tcp;local;hostk.local;{self.a.v4};8080;"path=/"' in found, found)
        self.check("a service of a file", ";hostk;_ssh._tcp;local;hostk.local;" in found, found)
        self.check("the host's name", self.a.v4 in self.avahi.run("avahi-resolve", "-4n", "hostk.local"))

        def dig(*words: str) -> str:
            return self.a.run("dig", "-p", "5300", "@127.0.0.1", "+tries=1", "+time=4", *words)

        for transport in ("+notcp", "+tcp"):
            self.check(f"6762-01 dig of a neighbor {transport}", f"A\t{self.b.v4}" in dig("hostb.local", "A", transport), dig("hostb.local", "A", transport))
        self.check("of the host itself", self.a.v4 in dig("hostk.local", "A"))
        self.check("TTLs are short", re.search(r"hostb\.local\.\s+(10|\d)\s", dig("hostb.local", "A")))
        self.check("browsing by unicast", "Site._http._tcp.local." in dig("_http._tcp.local", "PTR"))
        answer = dig("hostb.local", "TXT")
        self.check("a type the owner does not have", "status: NOERROR" in answer and "ANSWER: 0" in answer, answer)
        self.check("nobody's name", "status: NXDOMAIN" in dig("nobody.local", "A"))
        self.check("RFC 6762 §22.1: SOA of local is not asked for", "status: NOERROR" in dig("local", "SOA"))

        service_file.write_text(service_file.read_text().replace("_ssh", "_sftp-ssh"))
        serving.wait_output("discovery.service_registered name=hostk._sftp-ssh._tcp.local", 12)
        self.check("a changed file is followed", True)
        self.a.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; sleep 0.5; echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        self.a.run("ip", "addr", "replace", f"{self.a.v6}/64", "dev", "eth0", "nodad")
        self.until("IPv6 comes back", serving.output, lambda said: said.count("mdns.interface_used name=eth0 family=6") == 2)
        time.sleep(3)  # the names are asked for again (RFC 6762 §8)
        registered = serving.output().count("discovery.service_registered name=Site.")
        self.check("a name that stands again is no news", registered == 1, registered)
        watching = self.avahi.start("avahi-browse", "-pk", "_http._tcp")
        watching.wait_output("+;eth0;IPv4;Site")
        self.check("its name is nobody else's", "host_renamed" not in serving.output(), serving.output())
        other = self.link["C"]
        (folder / "second.json").write_text('{"server": {"listen": ["127.0.0.1:5300"], "upstream": []}, "discovery": {"host_name": "hostk"}}')
        second = other.start(self.kith, "serve", "-c", str(folder / "second.json"))
        second.wait_output("discovery.host_renamed wanted=hostk.local")
        time.sleep(2)  # it claims and announces the other one
        said = second.output()
        self.check("6762-98 the second of a name says which it has", re.search(r"warning.*host_renamed wanted=hostk\.local\S* name=hostk-2\.local", said), said)
        self.check("once", said.count("host_renamed") == 1, said)
        second.stop(signal.SIGTERM)
        code = serving.stop(signal.SIGTERM)
        self.check("ends with 0", code == 0, serving.output())
        watching.wait_output("-;eth0;IPv4;Site", 5)
        self.check("6762-101 goodbye at the end", True)
        watching.stop()

    def beside_avahi(self) -> None:
        """kith and avahi-daemon on one machine, with different host names: both keep theirs, whoever was first"""
        machine = self.link["C"]
        config = self.link.folder / "beside.json"
        config.write_text('{"server": {"listen": [], "upstream": []}, "discovery": {"host_name": "ours", "services": [{"name": "Beside", "type": "_smb._tcp", "port": 445}]}}')
        for first in ("avahi", "kith"):
            daemon = Avahi(machine, "theirs") if first == "avahi" else None
            time.sleep(4)  # it has its names
            serving = machine.start(self.kith, "serve", "-c", str(config))
            serving.wait_output("discovery.service_registered")
            daemon = daemon or Avahi(machine, "theirs")
            time.sleep(5)  # conflicts come within a second
            self.check(f"{first} first: avahi meets no conflict", "onflict" not in daemon.process.output(), daemon.process.output())
            self.check(f"{first} first: nor does kith", "renamed" not in serving.output(), serving.output())
            for name in ("ours.local", "theirs.local"):
                found = self.b.run(self.kith, "mdns", name, "A")
                self.check(f"{first} first: {name} is found", machine.v4 in found, found)
            serving.stop(signal.SIGTERM)
            daemon.stop()
            daemon.bus.stop()

    def tests(self) -> list:
        return [self.avahi_finds_kith, self.kith_finds_avahi, self.personas_say_the_same, self.conflicts, self.one_shot, self.zeroconf, self.links_change,
                self.no_interface, self.daemon, self.beside_avahi, self.resolved, self.mdnsd]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("tests", nargs="*", help="only these")
    options = parser.parse_args()
    why = unavailable(["avahi-daemon", "avahi-browse", "dbus-daemon", "dig", "mdnsd"])
    if why:
        return skip(why)
    with Link("ABC") as link:
        suite = Neighbors(options.kith, link)
        suite.avahi = Avahi(suite.b, "hostb")
        # Of the programs on one port only one gets what is sent to it by unicast.
        return suite.run_all(suite.tests(), options.tests, [suite.a])


if __name__ == "__main__":
    sys.exit(main())
