#!/usr/bin/env python3
"""kith through the daemons of the machine it runs on, over D-Bus: avahi-daemon and systemd-resolved. Needs root."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemons import Avahi, Bus, Resolved
from harness import arguments, skip
from links import Link, Process, unavailable
from suite import Suite


class Daemons(Suite):
    """A: kith and the daemon. B: kith by itself, on the same link."""

    def register(self, *words: str) -> Process:
        return self.register_on(self.b, *words)

    # ------------------------------------------------------------ what is the same of both

    def finds(self, daemon, backend: str, patience: float) -> None:
        service = self.register("Dr. Caf\u00e9", "_ipp._tcp", "631", "rp=a", "flag", "empty=", "--subtype", "_duplex", "--host-name", "hostb")
        watching = daemon.start(self.kith, "browse", "_ipp._tcp", "-r", "--json", "--backend", backend)
        line = watching.wait_output('"host": "hostb.local"', patience)
        for wanted in ('"name": "Dr. Caf\u00e9"', '"port": 631', self.b.v4, self.b.v6, '["rp", "a"]', '["flag", null]', '["empty", ""]', '"interface": "eth0"'):
            self.check(f"browse -r: {wanted}", wanted in line, line)

        def ask(*words: str) -> str:
            return self.a.run(self.kith, *words, "--backend", backend, environment=daemon.environment)

        self.check("by its subtype", "Dr. Caf\u00e9" in ask("browse", "_duplex._sub._ipp._tcp", "--terminate"))
        self.check("resolve", f"address {self.b.v4}" in ask("resolve", "Dr\\. Caf\u00e9._ipp._tcp.local"))
        self.check("resolve of a host", self.b.v6 in ask("resolve", "hostb.local"))
        self.check("resolve of an address", "hostb.local." in ask("resolve", self.b.v4))
        self.check("enumerate", "_ipp._tcp" in ask("enumerate"))
        self.check("mdns", self.b.v4 in ask("mdns", "hostb.local", "A"))
        self.check("nobody's name", "nobody answers" in ask("resolve", "nobody.local", "--time", "2"))
        service.say("rp=b")
        watching.wait_output('["rp", "b"]', patience)
        self.check("6762-90 a changed TXT record", True)
        second = self.register("Second", "_ipp._tcp", "632", "--host-name", "hostb")
        watching.wait_output('"name": "Second"', patience)
        self.check("who comes later", True)
        second.stop()
        deadline = time.monotonic() + patience
        while not re.search('"removed".*"Second"', watching.output()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.check("6762-101 the goodbye", re.search('"removed".*"Second"', watching.output()), watching.output())

    def registers(self, daemon, backend: str) -> None:
        service = daemon.start(self.kith, "register", "100% W.b", "_http._tcp", "80", "path=/", "flag", "--backend", backend, stdin=True)
        service.wait_output("registered 100% W\\.b._http._tcp.local")
        watching = self.b.start(self.kith, "browse", "_http._tcp", "-r", "--json")
        line = watching.wait_output('"host": "hosta.local"')
        for wanted in ('"name": "100% W.b"', '"port": 80', self.a.v4, '["path", "/"]', '["flag", null]'):
            self.check(f"register: {wanted}", wanted in line, line)
        self.check("its type is listed", "_http._tcp" in self.b.run(self.kith, "enumerate"))
        service.say("path=/new")
        watching.wait_output('["path", "/new"]', 15)
        self.check("6762-90 a changed TXT record is seen", True)
        self.check("and the name stays", "(2)" not in service.output(), service.output())
        self.check("ends with 0", service.stop() == 0, service.output())
        watching.wait_output('"removed"')
        self.check("6762-101 the goodbye is seen", True)

    def conflicts(self, daemon, backend: str) -> None:
        theirs = self.register("Same", "_clash._tcp", "80", "--host-name", "hostb")
        service = daemon.start(self.kith, "register", "Same", "_clash._tcp", "81", "--backend", backend, stdin=True)
        service.wait_output("registered Same (2)._clash._tcp.local", 15)
        self.check("6762-78 a name that is taken is numbered", True)
        self.check("who has it keeps it", "(2)" not in theirs.output(), theirs.output())
        found = self.b.run(self.kith, "resolve", "Same (2)", "_clash._tcp")
        self.check("and found under its new name", ":81" in found, found)
        refusing = daemon.start(self.kith, "register", "Same", "_clash._tcp", "82", "--no-rename", "--backend", backend)
        refusing.wait_output("is another's on this link")
        self.check("or given up", refusing.stop() == 1, refusing.output())
        service.stop()
        theirs.stop()

    def restarts(self, daemon, backend: str, patience: float) -> None:
        theirs = self.register("Theirs", "_re._tcp", "80", "--host-name", "hostb")
        watching = daemon.start(self.kith, "browse", "_re._tcp", "--json", "--backend", backend)
        watching.wait_output('"name": "Theirs"', patience)
        service = daemon.start(self.kith, "register", "Ours", "_re._tcp", "81", "--backend", backend, stdin=True)
        service.wait_output("registered Ours._re._tcp.local")
        # Clients of a bus that ends are lost to it; those of a daemon only wait.
        for name, stop, start in (("the daemon", daemon.stop, daemon.start_daemon),
                                  ("the bus", lambda: (daemon.stop(), daemon.bus.stop()), lambda: (daemon.bus.start(), daemon.start_daemon()))):
            stop()
            self.wait_for(f"{name} is gone, and its services with it", lambda: str("Ours" in self.b.run(self.kith, "browse", "_re._tcp", "--terminate")), "False")
            before = service.output().count("registered Ours")
            start()
            deadline = time.monotonic() + 20
            while service.output().count("registered Ours") == before and time.monotonic() < deadline:
                time.sleep(0.1)
            self.check(f"{name} is back: registered again", service.output().count("registered Ours") > before, service.output())
            self.check("found again", "Ours" in self.b.run(self.kith, "browse", "_re._tcp", "--terminate"))
            newcomer = self.register(f"After {name}", "_re._tcp", "82", "--host-name", "hostb")
            watching.wait_output(f'"name": "After {name}"', patience)
            self.check("browsing goes on", True)
            self.check("what stayed was not told twice", watching.output().count('"name": "Theirs"') == 1, watching.output())
            newcomer.stop()
        theirs.stop()

    # ------------------------------------------------------------ avahi

    def avahi_finds(self) -> None:
        """through avahi-daemon: browse, resolve, query, enumerate"""
        avahi = Avahi(self.a, "hosta")
        self.finds(avahi, "avahi", 10)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "1", environment=avahi.environment)
        self.check("preferred when it is there", "asked by avahi" in shown, shown)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "1", "--backend", "mdns", environment=avahi.environment)
        self.check("and not when told so", "asked by mdns" in shown, shown)
        shown = self.a.run(self.kith, "monitor", "--backend", "avahi", environment=avahi.environment)
        self.check("monitor says that it sees no packets", "packets are seen by mdns only" in shown, shown)
        shown = self.a.run(self.kith, "mdns", "hostb.local", "ANY", "--backend", "avahi", "--time", "1", environment=avahi.environment)
        self.check("what Avahi cannot answer is said", "takes no questions for all types" in shown, shown)

    def avahi_registers(self) -> None:
        """through avahi-daemon: register, TXT update, goodbye"""
        avahi = Avahi(self.a, "hosta")
        self.registers(avahi, "avahi")
        service = avahi.start(self.kith, "register", "Sub", "_http._tcp", "80", "--subtype", "_printer", "--priority", "3")
        service.wait_output("registered Sub")
        self.check("subtypes", "Sub" in self.b.run(self.kith, "browse", "_printer._sub._http._tcp", "--terminate"))
        self.check("priority", '"priority": 3' in self.b.run(self.kith, "resolve", "Sub", "_http._tcp", "--json"))
        self.check("avahi-browse sees it", ";Sub;" in avahi.run("avahi-browse", "-pkt", "_http._tcp"))
        service.stop()
        killed = avahi.start(self.kith, "register", "Killed", "_http._tcp", "80")
        killed.wait_output("registered Killed")
        killed.process.kill()
        self.wait_for("who is killed is forgotten by Avahi", lambda: str("Killed" in self.b.run(self.kith, "browse", "_http._tcp", "--terminate")), "False")

    def avahi_conflicts(self) -> None:
        """through avahi-daemon: conflicts on the link and on this machine"""
        avahi = Avahi(self.a, "hosta")
        self.conflicts(avahi, "avahi")
        publishing = avahi.start("avahi-publish", "-s", "Local", "_clash._tcp", "80")
        publishing.wait_output("Established")
        service = avahi.start(self.kith, "register", "Local", "_clash._tcp", "81")
        service.wait_output("registered Local (2)._clash._tcp.local")
        self.check("with another program of this machine", True)
        renamed = avahi.run("avahi-set-host-name", "hostnew")
        self.wait_for(f"another host name is followed {renamed.strip()}", lambda: self.b.run(self.kith, "resolve", "Local (2)", "_clash._tcp"), "at hostnew.local:81")

    def personas(self) -> None:
        """kith under the names of Avahi's tools prints what they print, by itself and through avahi-daemon"""
        avahi = Avahi(self.a, "hosta")
        service = self.register("P 1.5 \u00e9", "_http._tcp", "81", "x=y", 'note=hi "there"', "flag", "--host-name", "hostb")
        publishing = avahi.start("avahi-publish", "-s", "Odd", "_kithodd._udp", "7")
        publishing.wait_output("Established")
        rows = (  # what depends on which address comes first is left out
            ("avahi-browse", "-t", "_http._tcp"), ("avahi-browse", "-pt", "_http._tcp"), ("avahi-browse", "-ptk", "_http._tcp"), ("avahi-browse", "-at"),
            ("avahi-browse", "-apt"), ("avahi-browse", "-aptk"), ("avahi-browse",), ("avahi-browse", "a", "b"), ("avahi-browse", "-a", "b"),
            ("avahi-resolve", "-4n", "hostb.local"), ("avahi-resolve", "-a", self.b.v4), ("avahi-resolve", "-n", "nobody.local"), ("avahi-resolve",),
            ("avahi-resolve", "-a", "nonsense"), ("avahi-publish",), ("avahi-publish", "-s", "x"))
        for tool in {row[0] for row in rows}:
            (self.link.folder / tool).symlink_to(self.kith)
        for tool, *words in rows:
            theirs = avahi.run(tool, *words)
            for how, environment in (("by itself", {}), ("through Avahi", avahi.environment)):
                ours = self.a.run(str(self.link.folder / tool), *words, environment=environment)
                # The types of a list come in no order.
                self.check(f"{tool} {' '.join(words)}, {how}", sorted(ours.splitlines()) == sorted(theirs.splitlines()), f"{theirs}---\n{ours}")

        def without_addresses(text: str) -> list[str]:
            return sorted(re.sub(r"address = \[.*?\]|;(10|fd|fe)[^;]*;81;", "", line) for line in text.splitlines())

        for words in (("-rt", "_http._tcp"), ("-rpt", "_http._tcp")):
            theirs, ours = avahi.run("avahi-browse", *words), self.a.run(str(self.link.folder / "avahi-browse"), *words)
            self.check(f"avahi-browse {' '.join(words)}, but for the choice of address", without_addresses(theirs) == without_addresses(ours), f"{theirs}---\n{ours}")
        service.stop()

    def avahi_restarts(self) -> None:
        """avahi-daemon and its bus are restarted"""
        self.restarts(Avahi(self.a, "hosta"), "avahi", 15)

    def other_stacks(self) -> None:
        """disallow-other-stacks=yes is respected"""
        avahi = Avahi(self.a, "hosta", "disallow-other-stacks=yes")
        service = self.register("B", "_ipp._tcp", "631", "--host-name", "hostb")
        watching = avahi.start(self.kith, "browse", "_ipp._tcp", "-r")
        watching.wait_output(f"address {self.b.v4}")
        self.check("browsing works beside it", True)
        sockets = self.a.run("ss", "-ulnp", "sport = 5353")
        self.check("without a socket on its port", "avahi" in sockets and "kith" not in sockets, sockets)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "--backend", "mdns", environment=avahi.environment)
        self.check("--backend mdns says who has the port", "disallow-other-stacks=yes" in shown, shown)
        service.stop()

    def without(self) -> None:
        """no bus, an empty bus, a bus that says nothing"""
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "0.2")
        self.check("no bus: kith does it", "asked by mdns" in shown, shown)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "--backend", "avahi")
        self.check("avahi asked for, no bus", "avahi-daemon cannot be asked: no system bus" in shown, shown)
        hidden = self.a.run("sh", "-c", f"""for at in /lib/*/libsystemd.so.0 /usr/lib/*/libsystemd.so.0; do mount --bind /dev/null $at; done
exec {self.kith} browse _ipp._tcp --backend avahi""")
        self.check("no libsystemd: it starts, and says so when it is wanted", "avahi-daemon cannot be asked: libsystemd.so.0 is not there" in hidden, hidden)
        bus = Bus(self.a)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "0.2", environment=bus.environment)
        self.check("no daemon: kith does it", "asked by mdns" in shown, shown)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "--backend", "resolved", environment=bus.environment)
        self.check("resolved asked for, not there", "systemd-resolved is not on the system bus" in shown, shown)
        mute = self.link.folder / "mute"
        listening = self.a.start("/usr/bin/python3", "-c", f"import socket,time; s=socket.socket(socket.AF_UNIX); s.bind('{mute}'); s.listen(); print('up',flush=True); time.sleep(60)")
        listening.wait_output("up")
        started = time.monotonic()
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "0.2", environment={"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={mute}"})
        took = time.monotonic() - started
        self.check(f"a mute bus is not waited for ({took:.2f} s)", "asked by mdns" in shown and took < 2, shown)

    # ------------------------------------------------------------ resolved

    def resolved_finds(self) -> None:
        """through systemd-resolved: browse, resolve, query"""
        self.finds(Resolved(self.a, "hosta"), "resolved", 25)

    def resolved_registers(self) -> None:
        """through systemd-resolved: register, TXT update, goodbye"""
        resolved = Resolved(self.a, "hosta")
        self.registers(resolved, "resolved")
        shown = self.a.run(self.kith, "register", "Sub", "_http._tcp", "80", "--subtype", "_printer", "--backend", "resolved", environment=resolved.environment)
        self.check("what it cannot do is said", "systemd-resolved does not publish subtypes" in shown, shown)
        shown = self.a.run(self.kith, "browse", "_ipp._tcp", "-v", "--time", "0.2", environment=resolved.environment)
        self.check("kith itself is preferred to it", "asked by mdns" in shown, shown)

    def resolved_conflicts(self) -> None:
        """through systemd-resolved: conflicts"""
        self.conflicts(Resolved(self.a, "hosta"), "resolved")

    def resolved_restarts(self) -> None:
        """systemd-resolved and its bus are restarted"""
        self.restarts(Resolved(self.a, "hosta"), "resolved", 25)

    def tests(self) -> list:
        of_avahi = [self.avahi_finds, self.avahi_registers, self.avahi_conflicts, self.personas, self.avahi_restarts, self.other_stacks, self.without]
        if Resolved.missing:
            print(f"     ({Resolved.missing})")
            return of_avahi
        return of_avahi + [self.resolved_finds, self.resolved_registers, self.resolved_conflicts, self.resolved_restarts]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("tests", nargs="*", help="only these")
    options = parser.parse_args()
    if why := unavailable(["avahi-daemon", "avahi-browse", "dbus-daemon", "ss"]):
        return skip(why)
    with Link("AB") as link:
        suite = Daemons(options.kith, link)
        return suite.run_all(suite.tests(), options.tests, [suite.a, suite.b])


if __name__ == "__main__":
    sys.exit(main())
