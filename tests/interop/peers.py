#!/usr/bin/env python3
"""kith and each other responder of Debian alone on a link: every case, in both directions, over IPv4 alone and IPv6 alone (kith opens
sockets of one family only). docs/interop.md shows what is covered, and why the rest is not; this test checks that it does. Needs root."""

import json
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemons import Avahi, Resolved
from harness import ROOT, Checks, arguments, skip
from links import Link, Machine, Process, ip, unavailable
from suite import Suite

PAGE = ROOT / "docs/interop.md"
BEGIN, END = "<!-- the table of tests/interop/peers.py -->\n", "<!-- end of the table -->\n"

CASES = {
    "find": "a service is found by its type",
    "resolve": "host, port, TXT and address",
    "txt": "a TXT record that changes",
    "address": "an address that changes",
    "link": "link down and up, a change meanwhile",
    "goodbye": "goodbye",
    "conflict": "a name of a service that is taken",
    "host": "a host name that is taken",
}
SIDES = {"peer": "it of kith", "kith": "kith of it"}
# A conflict has a side, too: who comes second and gives way.
SIDES_OF_CONFLICTS = {"peer": "it gives way", "kith": "kith gives way"}

ZEROCONF = """
import json, socket, sys, time
from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf
work, family, address, *rest = sys.argv[1:]
raw = lambda text: socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
zc = Zeroconf(ip_version=IPVersion.V6Only if family == "6" else IPVersion.V4Only)
state = {}
def on(zeroconf, service_type, name, state_change):
    state.pop(name, None)
    if state_change.name != "Removed":
        info = zeroconf.get_service_info(service_type, name, 3000)
        state[name] = info and [info.server, info.port, {k.decode(): v.decode() for k, v in info.properties.items()}, info.parsed_addresses()]
    print("state", json.dumps(state), flush=True)
if work == "browse":
    ServiceBrowser(zc, rest[0], handlers=[on])
else:
    kind, name, port, host, txt = rest
    def info(name, address, txt):
        return ServiceInfo(kind, name, addresses=[raw(address)], port=int(port), properties=dict([txt.split("=")]), server=host, host_ttl=120)
    mine = info(name + "." + kind, address, txt)
    zc.register_service(mine, allow_name_change=True)
    name = mine.name
    print("registered", name, flush=True)
for line in sys.stdin:
    word, value = line.split()
    if word == "txt": txt = value
    if word == "address": address = value
    if word == "end": break
    mine = info(name, address, txt)
    zc.update_service(mine)
    print("updated", flush=True)
zc.unregister_all_services()
zc.close()
"""


class Peer:
    """What another responder does on its machine; each peer says in `cannot` which cells it has no part in, and why."""

    name = ""
    cannot: dict[tuple[str, str], str] = {}
    asked_anew: dict[tuple[str, str], str] = {}  # by a kith that starts afterwards, and why
    families = "46"
    why_not_family = ""
    follows_addresses = True

    def __init__(self, kith: str, machine: Machine, family: str, host: str):
        self.kith, self.machine, self.family, self.host = kith, machine, family, host

    @classmethod
    def missing(cls) -> str:
        """Why it cannot run here; empty: it can."""
        return ""

    def publish(self, name: str, kind: str, port: int, txt: str) -> None: ...
    def published_name(self) -> str:
        """As it stands now, without its type."""
        ...
    def host_of(self, name: str) -> str:
        """The host that an instance's SRV record points to."""
        return f"{self.host}.local"

    def change_txt(self, txt: str) -> None: ...
    def withdraw(self) -> None: ...
    def follow_address(self, address: str) -> None:
        """Tells it that its machine's address is another one, where it does not see to that itself."""

    def look(self, name: str, kind: str, host: str) -> str:
        """All it knows of a service and its host."""
        ...
    def shows(self, seen: str, txt: str) -> bool:
        return txt in seen

    def stop(self) -> None: ...


class ByBus(Peer):
    """A daemon that kith itself asks to publish; what goes over the link is the daemon's."""

    def publish(self, name: str, kind: str, port: int, txt: str) -> None:
        self.kind = kind
        self.publishing = self.daemon.start(self.kith, "register", name, kind, str(port), txt, "--backend", self.backend, stdin=True)
        self.publishing.wait_output("registered", 20)

    def published_name(self) -> str:
        return re.findall(rf"registered (.*)\.{self.kind}", self.publishing.output())[-1]

    def change_txt(self, txt: str) -> None:
        self.publishing.say(txt)

    def withdraw(self) -> None:
        self.publishing.stop()

    def stop(self) -> None:
        self.daemon.stop()
        self.daemon.bus.stop()


class AvahiPeer(ByBus):
    name, backend = "avahi-daemon 0.8", "avahi"

    def __init__(self, *words: object):
        super().__init__(*words)
        self.daemon = Avahi(self.machine, self.host)

    def look(self, name: str, kind: str, host: str) -> str:
        return self.daemon.run("avahi-browse", "-rpkt", kind) + self.daemon.run(self.kith, "resolve", host, "--backend", "avahi")


class ResolvedPeer(ByBus):
    name, backend = "systemd-resolved 252", "resolved"
    asked_anew = {("address", "kith"): "it does not announce another IPv6 address: who asks anew hears of it, others when the TTL (two minutes) is over"}

    def __init__(self, *words: object):
        super().__init__(*words)
        self.daemon = Resolved(self.machine, self.host)

    @classmethod
    def missing(cls) -> str:
        return Resolved.missing

    def look(self, name: str, kind: str, host: str) -> str:
        return (self.daemon.run("query", "--type=PTR", f"{kind}.local") + self.daemon.run("service", name, kind, "local")
                + self.daemon.run("query", host))


class ZeroconfPeer(Peer):
    name = "python3-zeroconf 0.47"
    cannot = {
        ("host", "peer"): "it publishes addresses without probing for their name",
        ("host", "kith"): "to a question of type ANY, as probes are (RFC 6762 §8.1), it answers with no address: it does not defend a host name",
    }
    follows_addresses = False  # its sockets send from the address they began with

    def start(self, *words: str) -> Process:
        address = self.machine.v6 if self.family == "6" else self.machine.v4
        return self.machine.start("/usr/bin/python3", "-c", ZEROCONF, words[0], self.family, address, *words[1:], stdin=True)

    def publish(self, name: str, kind: str, port: int, txt: str) -> None:
        self.publishing = self.start("register", f"{kind}.local.", name, str(port), f"{self.host}.local.", txt)
        self.publishing.wait_output("registered")

    def published_name(self) -> str:
        return re.search(r"registered (.*?)\._", self.publishing.output())[1]

    def change_txt(self, txt: str) -> None:
        self.publishing.say(f"txt {txt}")

    def follow_address(self, address: str) -> None:
        self.publishing.say(f"address {address}")

    def withdraw(self) -> None:
        self.publishing.say("end now")
        self.publishing.process.wait(10)

    def shows(self, seen: str, txt: str) -> bool:
        key, value = txt.split("=")
        return f'"{key}": "{value}"' in seen

    watching: Process | None = None

    def look(self, name: str, kind: str, host: str) -> str:
        if self.watching is None:
            self.watching = self.start("browse", f"{kind}.local.")
        states = re.findall("^state (.*)$", self.watching.output(), re.MULTILINE)
        return json.dumps(json.loads(states[-1]), ensure_ascii=False) if states else ""

    def stop(self) -> None:
        self.machine.stop_all()


class MdnsdPeer(Peer):
    name = "troglobit mdnsd 0.12"
    families, why_not_family = "4", "it has sockets of IPv4 only"
    cannot = {
        ("txt", "peer"): "it keeps nothing of others: mquery asks anew each time",
        ("address", "peer"): "it keeps nothing of others: mquery asks anew each time",
        ("goodbye", "peer"): "it keeps nothing of others: mquery asks anew each time",
        ("goodbye", "kith"): "it ends without a goodbye",
    } | {(case, side): "at a conflict it gives up what it has, reads its files again and claims the same names: who has them then is chance"
         for case in ("conflict", "host") for side in SIDES}
    service: tuple = ()

    def shows(self, seen: str, txt: str) -> bool:
        return f"with {len(txt) + 1} data" in seen  # mquery tells how long it is

    def start(self) -> None:
        self.folder = self.machine.link.folder / "mdnsd"
        self.folder.mkdir(exist_ok=True)
        if self.service:
            name, kind, port, txt = self.service
            (self.folder / "one.service").write_text(f"type {kind}\nname {name}\nport {port}\ntxt {txt}\n")
        self.machine.run("ip", "route", "replace", "224.0.0.0/4", "dev", "eth0")
        self.process = self.machine.start("unshare", "-u", "sh", "-c", f"hostname {self.host}; exec mdnsd -n -i eth0 -l debug {self.folder}")

    def publish(self, name: str, kind: str, port: int, txt: str) -> None:
        self.service = (name, kind, port, txt)
        self.start()
        time.sleep(3)  # it does not say when it has the names

    def host_of(self, name: str) -> str:
        return name.replace(" ", r"\\032") + ".local"  # each instance is a host of its own

    def published_name(self) -> str:
        return self.service[0]

    def change_txt(self, txt: str) -> None:
        self.service = (*self.service[:3], txt)
        name, kind, port, txt = self.service
        (self.folder / "one.service").write_text(f"type {kind}\nname {name}\nport {port}\ntxt {txt}\n")
        self.process.process.send_signal(signal.SIGHUP)

    def withdraw(self) -> None:
        self.process.stop(signal.SIGTERM)

    def look(self, name: str, kind: str, host: str) -> str:
        self.machine.run("ip", "route", "replace", "224.0.0.0/4", "dev", "eth0")
        out = ""
        for number, what in ((12, f"{kind}.local."), (33, f"{name}.{kind}.local."), (16, f"{name}.{kind}.local."), (1, f"{host}.")):
            # What was sent within the last second is not sent again (RFC 6762 §6).
            out += self.machine.run("mquery", "-s", "-w", "2", "-i", "eth0", "-t", str(number), what)
        return out

    def stop(self) -> None:
        self.machine.stop_all()


PEERS = {"avahi": AvahiPeer, "resolved": ResolvedPeer, "zeroconf": ZeroconfPeer, "mdnsd": MdnsdPeer}


class Pair(Suite):
    """kith on A and one peer on B, over one family."""

    def __init__(self, kith: Path, link: Link, peer: type[Peer], family: str):
        super().__init__(kith, link)
        self.peer_type, self.family = peer, family
        self.wide = 64 if family == "6" else 24

    def address(self, machine: Machine) -> str:
        return machine.v6 if self.family == "6" else machine.v4

    def cell(self, case: str, side: str, look: Callable[[], str], wanted: Callable[[str], object], seconds: float = 20) -> None:
        if (case, side) not in self.peer_type.cannot:
            self.until(f"{self.peer_type.name}, IPv{self.family}, {case}, {side}", look, wanted, seconds)

    def start_peer(self, host: str = "hostb") -> Peer:
        return self.peer_type(self.kith, self.b, self.family, host)

    def register(self, *words: str, host: str = "hosta") -> Process:
        return self.register_on(self.a, *words, "--host-name", host, f"-{self.family}", "--backend", "mdns")

    def look_fresh(self, kind: str) -> str:
        return self.a.run(self.kith, "browse", kind, "-r", "--time", "2.5", f"-{self.family}")

    def change_address(self, machine: Machine, before: str, after: str) -> None:
        extra = ["nodad"] if self.family == "6" else []
        ip("-n", machine.name, "addr", "add", f"{after}/{self.wide}", "dev", "eth0", *extra)
        ip("-n", machine.name, "addr", "del", f"{before}/{self.wide}", "dev", "eth0")

    def pull_and_plug(self, machine: Machine, meanwhile: Callable[[], None]) -> None:
        ip("-n", machine.name, "link", "set", "eth0", "down")
        meanwhile()
        time.sleep(0.5)
        ip("-n", machine.name, "link", "set", "eth0", "up")
        ip("-n", machine.name, "addr", "replace", f"{machine.v6}/64", "dev", "eth0", "nodad")

    # ------------------------------------------------------------ the cases

    def peer_sees_kith(self) -> None:
        """what it sees of kith"""
        peer = self.start_peer()
        service = self.register("Of Kith", "_kp._tcp", "4242", "a=1")
        def look() -> str:
            return peer.look("Of Kith", "_kp._tcp", "hosta.local")
        mine, other = self.address(self.a), self.address(self.a) + "7"
        self.cell("find", "peer", look, lambda seen: re.search(r"Of( |\\032)Kith", seen))
        self.cell("resolve", "peer", look, lambda seen: "hosta.local" in seen and "4242" in seen and peer.shows(seen, "a=1") and mine in seen)
        service.say("a=2")
        self.cell("txt", "peer", look, lambda seen: peer.shows(seen, "a=2"))
        self.change_address(self.a, mine, other)
        self.cell("address", "peer", look, lambda seen: other in seen)
        self.change_address(self.a, other, mine)
        self.pull_and_plug(self.a, lambda: service.say("a=3"))
        self.cell("link", "peer", look, lambda seen: peer.shows(seen, "a=3") and re.search(r"Of( |\\032)Kith", seen))
        self.check("kith keeps its name", "(2)" not in service.output(), service.output())
        service.stop()
        self.cell("goodbye", "peer", lambda: re.sub(r"(?m)^.*(resolve call failed|failed|not found).*$", "", look()), lambda seen: not re.search(r"Of( |\\032)Kith", seen))

    def kith_sees_peer(self) -> None:
        """what kith sees of it"""
        peer = self.start_peer()
        watching = self.a.start(self.kith, "browse", "_pk._tcp", "-r", "--json", f"-{self.family}")
        peer.publish("Of Peer", "_pk._tcp", 4343, "a=1")
        def look() -> str:
            return next((line for line in reversed(watching.output().splitlines()) if "Of Peer" in line), "")
        mine, other = self.address(self.b), self.address(self.b) + "7"
        self.cell("find", "kith", look, lambda seen: "Of Peer" in seen)
        self.cell("resolve", "kith", look, lambda seen: f'"host": "{peer.host_of("Of Peer")}"' in seen and '"port": 4343' in seen and '["a", "1"]' in seen and f'"{mine}"' in seen)
        peer.change_txt("a=2")
        self.cell("txt", "kith", look, lambda seen: '["a", "2"]' in seen)
        if peer.follows_addresses:
            self.change_address(self.b, mine, other)
        peer.follow_address(other)
        is_asked_anew = ("address", "kith") in peer.asked_anew
        self.cell("address", "kith", (lambda: self.look_fresh("_pk._tcp")) if is_asked_anew else look, lambda seen: other in seen, 40)
        if peer.follows_addresses:
            self.change_address(self.b, other, mine)
        peer.follow_address(mine)
        self.pull_and_plug(self.b, lambda: peer.change_txt("a=3"))
        self.cell("link", "kith", lambda: self.look_fresh("_pk._tcp"), lambda seen: "a=3" in seen and "Of Peer" in seen)
        peer.withdraw()
        self.cell("goodbye", "kith", look, lambda seen: '"removed"' in seen)

    def conflicts(self) -> None:
        """who comes second takes another name"""
        if all(("conflict", side) in self.peer_type.cannot for side in SIDES):
            return
        peer = self.start_peer()
        peer.publish("Same", "_cl._tcp", 80, "a=1")
        service = self.register("Same", "_cl._tcp", "81")
        self.cell("conflict", "kith", service.output, lambda seen: "registered Same (2)._cl._tcp" in seen)
        self.check("who was first keeps it", peer.published_name() == "Same" if ("conflict", "kith") not in peer.cannot else True)
        service.stop()
        peer.withdraw()
        service = self.register("First", "_cl._tcp", "81")
        if ("conflict", "peer") not in peer.cannot:
            peer.publish("First", "_cl._tcp", 80, "a=1")
            self.cell("conflict", "peer", peer.published_name, lambda name: name != "First")
        self.check("kith keeps its name", "(2)" not in service.output(), service.output())

    def host_names(self) -> None:
        """who comes second takes another host name"""
        if all(("host", side) in self.peer_type.cannot for side in SIDES):
            return
        peer = self.start_peer("hosta")
        peer.publish("hosta", "_ot._tcp", 80, "a=1")
        service = self.register("Hosted", "_cl._tcp", "80", host="hosta")
        def look() -> str:
            return self.a.run(self.kith, "resolve", "Hosted", "_cl._tcp", f"-{self.family}")
        self.cell("host", "kith", look, lambda seen: "at hosta-2.local" in seen)
        peer.withdraw()
        peer.stop()
        service.stop()
        if ("host", "peer") in self.peer_type.cannot:
            return
        service = self.register("Hosted", "_cl._tcp", "80", host="hosta")
        peer = self.start_peer("hosta")
        peer.publish("Other", "_ot._tcp", 80, "a=1")
        self.cell("host", "peer", lambda: self.a.run(self.kith, "resolve", self.address(self.b), f"-{self.family}"),
                  lambda seen: re.search(r"hosta-?\d+\.local", seen))
        self.check("kith keeps its host name", "at hosta.local" in look(), look())

    def tests(self) -> list[Callable[[], None]]:
        return [self.peer_sees_kith, self.kith_sees_peer, self.conflicts, self.host_names]


# ---------------------------------------------------------------- the table

def table() -> str:
    notes: dict[str, str] = {}

    def note(why: str) -> str:
        return notes.setdefault(why, chr(ord("a") + len(notes)))

    lines = ["| | | " + " | ".join(peer.name for peer in PEERS.values()) + " |", "|---|---|" + "---|" * len(PEERS)]
    for case, what in CASES.items():
        for side, who in (SIDES_OF_CONFLICTS if case in ("conflict", "host") else SIDES).items():
            row = []
            for peer in PEERS.values():
                if (case, side) in peer.cannot:
                    row.append(f"({note(peer.cannot[case, side])})")
                else:
                    words = [f"IPv{family}" if family in peer.families else f"({note(peer.why_not_family)})" for family in "46"]
                    if why := peer.asked_anew.get((case, side)):
                        words.append(f"({note(why)})")
                    row.append(" ".join(words))
            lines.append(f"| {what} | {who} | " + " | ".join(row) + " |")
    lines.append("")
    lines += [f"({letter}) {why}  " for why, letter in notes.items()]
    return "\n".join(lines) + "\n"


def check_page(checks: Checks, write: bool) -> None:
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    if write:
        PAGE.write_text(before + BEGIN + "\n" + table() + "\n" + END + after)
    else:
        checks.check("docs/interop.md shows what is tested (--write has it do so)", shown.strip() == table().strip())


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--write", action="store_true", help="write the table of docs/interop.md, and test nothing")
    parser.add_argument("--family", choices="46", help="only this one")
    parser.add_argument("--test", action="append", help="only this one, such as host_names")
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], help="only these")
    options = parser.parse_args()
    total = Checks()
    check_page(total, options.write)
    if options.write:
        return 0
    if why := unavailable(["avahi-daemon", "avahi-browse", "dbus-daemon", "mdnsd", "mquery"]):
        return skip(why)
    wanted = [PEERS[word] for word in options.peers or PEERS]
    if all(peer.missing() for peer in wanted):
        return skip(wanted[0].missing())
    for peer in wanted:
        if why := peer.missing():
            print(f"     ({why})")
            continue
        for family in options.family or peer.families:
            print(f"== {peer.name}, IPv{family}")
            for test in ("peer_sees_kith", "kith_sees_peer", "conflicts", "host_names"):
                if options.test and test not in options.test:
                    continue
                with Link("AB") as link:  # nobody remembers anything of the test before
                    pair = Pair(options.kith, link, peer, family)
                    pair.run(getattr(pair, test), [pair.a, pair.b])
                    total.passed += pair.passed
                    total.failed += pair.failed
    return total.finish()


if __name__ == "__main__":
    sys.exit(main())
