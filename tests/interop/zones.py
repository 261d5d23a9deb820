"""Master files that every server of the comparison loads, made from a seed.

Each holds one part of what makes answering hard; ask_about() gives the names worth asking for.
"""

import random
from dataclasses import dataclass, field

# One of every type that BIND 9.18, Knot 3.2 and NSD 4.6 all read. What they make of the text is
# compared as wire, so this checks the readers of master files as well.
RDATA = [
    ("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("MX", "10 mail.alpha.test."), ("MX", "20 missing.alpha.test."),
    ("TXT", '"one" "two three" "\\"quoted\\" \\\\ \\200"'), ("TXT", '""'), ("SRV", "1 2 3 host.alpha.test."),
    ("NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .'), ("CAA", '128 issue "ca.example; policy=ev"'),
    ("TLSA", "3 1 1 " + "ab" * 32), ("SSHFP", "4 2 " + "cd" * 32),
    ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"), ("HINFO", '"PC" "Linux 6"'),
    ("RP", "admin.alpha.test. txt.alpha.test."), ("AFSDB", "1 host.alpha.test."), ("KX", "5 host.alpha.test."),
    ("URI", '10 1 "https://alpha.test/"'), ("SVCB", "1 svc.alpha.test. alpn=h2,h3 port=8443 ipv4hint=192.0.2.9"),
    ("HTTPS", "0 host.alpha.test."), ("HTTPS", "1 . alpn=h2 ipv6hint=2001:db8::9"),
    ("CERT", "PKIX 12345 RSASHA256 AwEAAcNE"), ("OPENPGPKEY", "AwEAAcNEVGVzdA=="), ("SMIMEA", "3 0 1 " + "12" * 32),
    ("APL", "1:192.0.2.0/24 !2:2001:db8::/32"), ("DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="),
    ("CSYNC", "66 3 A NS AAAA"), ("IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="),
    ("EUI48", "00-00-5e-00-53-2a"), ("EUI64", "00-00-5e-ef-10-00-00-2a"), ("NID", "10 0014:4fff:ff20:ee64"),
    ("L32", "10 10.1.2.0"), ("L64", "10 2001:0db8:1140:1000"), ("LP", "10 l64.alpha.test."),
    ("TYPE65280", "\\# 4 deadbeef"), ("TYPE1", "\\# 4 c0000263"), ("SPF", '"v=spf1 -all"'),
    ("DNSKEY", "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="),
    ("RT", "10 host.alpha.test."), ("MINFO", "a.alpha.test. b.alpha.test."),
]
LABELS = ["a", "b", "c", "www", "mail", "host", "x1", "deep", "srv", "_tcp", "_udp", "node", "lab", "office", "z"]
ODD_LABELS = ["a\\.b", "\\000", "sp\\032ace", "semi\\;colon", "at\\@sign", "back\\\\slash", "\\255\\254", "d\\$llar", "qu\\\"ote",
              "par\\(en\\)", "UPPER", "MiXeD", "\\*", "x*y", "-", "under_score", "l" * 63, "\\065\\098"]


@dataclass
class Zone:
    apex: str
    lines: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)      # owners, and whatever else is worth asking for
    unsuitable_for: set[str] = field(default_factory=set)  # servers that refuse such a zone

    def add(self, owner: str, rtype: str, rdata: str, ttl: int = 3600) -> None:
        name = self.absolute(owner)
        self.lines.append(f"{name} {ttl} IN {rtype} {rdata}")
        self.names.add(name)

    def absolute(self, owner: str) -> str:
        if owner == "@":
            return self.apex
        if owner.endswith("."):
            return owner
        return owner + "." + ("" if self.apex == "." else self.apex)

    def start(self, minimum: int, soa_ttl: int) -> None:
        at = "" if self.apex == "." else self.apex
        self.add("@", "SOA", f"ns1.{at} hostmaster.{at} 2026010101 3600 900 604800 {minimum}", soa_ttl)
        self.add("@", "NS", f"ns1.{at}")
        self.add("@", "NS", "ns.elsewhere.example.")
        self.add("ns1", "A", "192.0.2.53")
        self.add("ns1", "AAAA", "2001:db8::53")

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def every_type(zone: Zone, rng: random.Random) -> None:
    """The types, alone and together, some with other TTLs."""
    for i, (rtype, rdata) in enumerate(RDATA):
        zone.add("types", rtype, rdata, 7200)
        zone.add(f"t{i}", rtype, rdata, rng.choice([0, 60, 86400]))


def hosts(zone: Zone, rng: random.Random, count: int) -> list[str]:
    """Hosts at random depths: the names between are empty non-terminals."""
    owners = []
    for _ in range(count):
        owner = ".".join(rng.choice(LABELS) + str(rng.randrange(40)) for _ in range(rng.randint(1, 4)))
        owners.append(owner)
        for _ in range(rng.randint(1, 3)):
            zone.add(owner, "A", f"192.0.2.{rng.randrange(256)}")
        if rng.random() < 0.4:
            zone.add(owner, "AAAA", f"2001:db8::{rng.randrange(65536):x}", 600)
        if rng.random() < 0.2:
            zone.add(owner, "TXT", f'"text {rng.randrange(1000)}"')
    return owners


def wildcards(zone: Zone, rng: random.Random) -> None:
    """RFC 4592's zone and more: below existing names, nested, with CNAME, MX and NS data."""
    zone.add("*.wild", "TXT", '"this is a wildcard"')
    zone.add("*.wild", "MX", "10 host1.wild")
    zone.lines[-1] = zone.lines[-1].replace("10 host1.wild", f"10 host1.wild.{zone.apex}")
    zone.add("sub.*.wild", "TXT", '"this is not a wildcard"')
    zone.add("host1.wild", "A", "192.0.2.1")
    zone.add("_ssh._tcp.host1.wild", "SRV", f"0 0 22 host1.wild.{zone.apex}")
    zone.add("*.deep.under.wild", "A", "192.0.2.77", 60)
    zone.add("here.deep.under.wild", "AAAA", "2001:db8::77")
    zone.add("*.to.wild", "CNAME", f"host1.wild.{zone.apex}")
    zone.add("*.loop.wild", "CNAME", f"again.loop.wild.{zone.apex}")
    zone.add("*.away.wild", "CNAME", f"x.deep.under.wild.{zone.apex}")
    zone.add("a.*.*.stars", "A", "192.0.2.9")
    zone.add("*.*.twostars", "A", "192.0.2.10")
    zone.add("mx.wild2", "MX", f"10 covered.by.deep.under.wild.{zone.apex}")
    zone.add("mx.wild2", "MX", f"20 anything.deep.under.wild.{zone.apex}")
    for label in ("", "q.", "q.r.", "sub.", "host1.", "_ssh._tcp.", "*."):
        for parent in ("wild", "*.wild", "host1.wild", "_tcp.host1.wild", "deep.under.wild", "under.wild", "to.wild", "loop.wild",
                       "away.wild", "stars", "*.stars", "*.*.stars", "twostars", "*.twostars"):
            zone.names.add(zone.absolute(label + parent))


def delegations(zone: Zone, rng: random.Random) -> None:
    """Cuts with and without glue, glue of a sibling, DS, cuts under cuts, and a cut under a wildcard's parent."""
    def cut(owner: str, servers: list[str], ds: bool = False) -> None:
        for server in servers:
            zone.add(owner, "NS", server, 1800)
        if ds:
            zone.add(owner, "DS", "12345 13 2 " + "ef" * 32, 1200)
            zone.add(owner, "DS", "12346 8 2 " + "01" * 32, 1200)
        for below in ("", "www.", "a.b.c.", "*.", "ns.", "ns1."):
            zone.names.add(zone.absolute(below + owner))

    at = zone.apex
    cut("glued", [f"ns1.glued.{at}", f"ns2.glued.{at}"])
    zone.add("ns1.glued", "A", "192.0.2.101", 900)
    zone.add("ns1.glued", "AAAA", "2001:db8::101", 900)
    zone.add("ns2.glued", "A", "192.0.2.102", 900)
    zone.add("*.glued", "A", "192.0.2.250")
    cut("unglued", ["ns.elsewhere.example.", f"ns.missing.{at}"])
    cut("sibling", [f"ns1.glued.{at}", f"ns.cousin.{at}"])
    cut("cousin", [f"ns.cousin.{at}"])
    zone.add("ns.cousin", "AAAA", "2001:db8::202", 900)
    cut("secure", [f"ns1.{at}"], ds=True)
    cut("both", [f"ns.both.{at}"], ds=True)
    zone.add("ns.both", "A", "192.0.2.103")
    cut("nested", [f"ns1.{at}"])
    cut("deeper.nested", [f"ns.deeper.nested.{at}"], ds=True)
    zone.add("ns.deeper.nested", "A", "192.0.2.104")
    zone.add("*.parent", "A", "192.0.2.105")
    cut("child.parent", [f"ns1.{at}"])
    cut("self", [f"self.{at}"])
    zone.add("self", "A", "192.0.2.106")
    cut("many", [f"ns{i}.many.{at}" for i in range(13)])
    for i in range(13):
        zone.add(f"ns{i}.many", "A", f"192.0.2.{110 + i}")
        zone.add(f"ns{i}.many", "AAAA", f"2001:db8::1:{i:x}")
    zone.add("to-cut", "CNAME", f"www.glued.{at}")
    zone.add("to-cut-itself", "CNAME", f"secure.{at}")
    zone.add("mx-to-cut", "MX", f"10 ns1.glued.{at}")


def aliases(zone: Zone, other: str) -> None:
    """Chains inside, across two zones and back, to nowhere, out of everything, and loops."""
    at = zone.apex
    zone.add("alias-end", "A", "192.0.2.30", 300)
    zone.add("alias-end", "TXT", '"the end"')
    previous = "alias-end"
    for i in range(10):
        zone.add(f"chain{i}", "CNAME", f"{previous}.{at}", 100 + i)
        previous = f"chain{i}"
    zone.add("loop1", "CNAME", f"loop2.{at}")
    zone.add("loop2", "CNAME", f"loop1.{at}")
    zone.add("selfloop", "CNAME", f"selfloop.{at}")
    zone.add("dangling", "CNAME", f"nowhere.{at}")
    zone.add("outside", "CNAME", "www.elsewhere.example.")
    zone.add("to-apex", "CNAME", at)
    zone.add("to-ent", "CNAME", f"ent.empty.{at}")
    zone.add("x.ent.empty", "A", "192.0.2.31")
    zone.add("to-wild", "CNAME", f"q.wild.{at}")
    if other:
        zone.add("across", "CNAME", f"back.{other}")
        zone.add("back", "CNAME", f"alias-end.{other}")
        zone.add("across-nx", "CNAME", f"nowhere.{other}")
        zone.add("pingpong", "CNAME", f"pingpong.{other}")
        zone.add("mx-across", "MX", f"10 alias-end.{other}")


def big_sets(zone: Zone) -> None:
    for i in range(60):
        zone.add("big-txt", "TXT", '"' + f"{i:03}" * 30 + '"')
    for i in range(90):  # BIND takes at most 100 in a set
        zone.add("big-a", "A", f"198.51.100.{i}")
    for i in range(30):
        zone.add("middle", "AAAA", f"2001:db8:2::{i:x}")
    zone.add("huge-txt", "TXT", " ".join('"' + "h" * 255 + '"' for _ in range(60)))
    zone.add("big-mx", "MX", f"1 big-a.{zone.apex}")
    for i in range(20):
        zone.add("srv", "SRV", f"0 0 {i} target{i}.{zone.apex}")
        zone.add(f"target{i}", "A", f"203.0.113.{i}")
        zone.add(f"target{i}", "AAAA", f"2001:db8:3::{i:x}")


def odd_names(zone: Zone) -> None:
    for i, label in enumerate(ODD_LABELS):
        zone.add(label, "A", f"192.0.2.{i}")
        zone.add(f"{label}.{label}" if len(label) < 60 else label, "TXT", f'"{i}"')
    zone.add("CaSe", "A", "192.0.2.200")
    zone.add("case", "AAAA", "2001:db8::200")
    zone.add("CASE.UP.lower", "A", "192.0.2.201")
    zone.add("x.up.LOWER", "A", "192.0.2.202")
    zone.add("points", "CNAME", f"CASE.{zone.apex.upper()}")
    zone.add("dup", "A", "192.0.2.203", 100)
    zone.add("DUP", "A", "192.0.2.203", 100)
    long = ".".join(["l" * 61] * 3)
    zone.add(long, "A", "192.0.2.204")


def dnames(zone: Zone, other: str, outside: str) -> None:
    at = zone.apex
    zone.add("d", "DNAME", f"target.{at}", 700)
    zone.add("d", "A", "192.0.2.60")
    zone.add("target", "A", "192.0.2.61")
    zone.add("www.target", "A", "192.0.2.62")
    zone.add("*.star.target", "A", "192.0.2.63")
    zone.add("cut.target", "NS", f"ns1.{at}")
    zone.add("c.target", "CNAME", f"www.target.{at}")
    for i in range(5):
        zone.add(f"dchain{i}", "DNAME", f"dchain{i + 1}.{at}")
    zone.add("dchain5", "DNAME", f"target.{at}")
    zone.add("dloop1", "DNAME", f"dloop2.{at}")
    zone.add("dloop2", "DNAME", f"dloop1.{at}")
    zone.add("dself", "DNAME", f"x.dself.{at}")
    zone.add("droot", "DNAME", ".")
    zone.add("dout", "DNAME", outside)
    zone.add("dover", "DNAME", f"wild.{other}")
    zone.add("dother", "DNAME", other)
    zone.add("dlong", "DNAME", ".".join(["m" * 60] * 3) + f".{at}")
    zone.add("cname-to-d", "CNAME", f"www.d.{at}")
    zone.add("*.dwild", "CNAME", f"www.d.{at}")
    for owner in ("d", "dchain0", "dchain3", "dloop1", "dself", "droot", "dout", "dover", "dother", "dlong", "dwild"):
        for below in ("", "www.", "c.", "q.star.", "deep.cut.", "nothing.", "a.b.c.d.e.", "l" * 63 + ".", "DiFfErEnT.", "dchain0.d."):
            zone.names.add(zone.absolute(below + owner))


def occluded(zone: Zone) -> None:
    """Data under a cut that no query should see, beside glue that is there to be seen."""
    at = zone.apex
    zone.add("cut", "NS", f"ns.cut.{at}")
    zone.add("ns.cut", "A", "192.0.2.70")
    zone.add("host.cut", "A", "192.0.2.71")
    zone.add("alias.cut", "CNAME", f"ns1.{at}")
    zone.add("*.cut", "TXT", '"hidden"')
    zone.add("dn.cut", "DNAME", f"ns1.{at}")
    zone.add("cut", "TXT", '"beside the cut"')
    zone.add("cut", "A", "192.0.2.72")
    for name in ("q.cut", "q.host.cut", "dn.cut", "q.dn.cut", "q.alias.cut"):
        zone.names.add(zone.absolute(name))


def occluded_by_dname(zone: Zone) -> None:
    """The same under a DNAME, which only BIND and kith load (kith with a warning)."""
    at = zone.apex
    zone.add("dn", "DNAME", f"elsewhere.{at}")
    zone.add("under.dn", "A", "192.0.2.73")
    zone.add("cut.dn", "NS", f"ns1.{at}")
    zone.add("x.elsewhere", "A", "192.0.2.74")
    for name in ("q.dn", "x.dn", "q.under.dn", "q.cut.dn"):
        zone.names.add(zone.absolute(name))


def make(seed: int) -> list[Zone]:
    rng = random.Random(seed)
    alpha, beta = Zone("alpha.test."), Zone("beta.test.")
    alpha.start(300, 3600)
    beta.start(7200, 600)
    every_type(alpha, rng)
    hosts(alpha, rng, 150)
    for zone, other in ((alpha, beta.apex), (beta, alpha.apex)):
        wildcards(zone, rng)
        delegations(zone, rng)
        aliases(zone, other)
    big_sets(beta)
    odd_names(beta)
    hosts(beta, rng, 40)
    # A child that is served here as well: its parent's side is only seen by asking for DS.
    child = Zone("child.alpha.test.")
    child.start(60, 60)
    child.add("www", "A", "192.0.2.80")
    child.add("up", "CNAME", "alias-end.alpha.test.")
    alpha.add("child", "NS", "ns1.child.alpha.test.")
    alpha.add("child", "NS", "ns.elsewhere.example.")
    alpha.add("child", "DS", "4711 13 2 " + "77" * 32)
    alpha.add("ns1.child", "A", "192.0.2.53")
    alpha.add("into-child", "CNAME", "www.child.alpha.test.")
    orphan = Zone("orphan.unserved.test.")  # nobody here serves the zone above
    orphan.start(60, 120)
    dname = Zone("dname.test.")
    dname.start(300, 300)
    dnames(dname, beta.apex, "elsewhere.example.")
    hidden = Zone("occluded.test.")
    hidden.start(300, 300)
    occluded(hidden)
    hidden_too = Zone("hidden.test.", unsuitable_for={"knot", "nsd"})
    hidden_too.start(300, 300)
    occluded_by_dname(hidden_too)
    top = Zone("lan.")  # one label, as homes have
    top.start(300, 300)
    wildcards(top, rng)
    hosts(top, rng, 30)
    top.add("*", "A", "192.0.2.90")
    return [alpha, beta, child, orphan, dname, hidden, hidden_too, top]


def make_root(seed: int) -> list[Zone]:
    """A root zone: everything is inside it."""
    rng = random.Random(seed)
    root = Zone(".")
    root.start(86400, 86400)
    for i in range(60):
        tld = f"tld{i}."
        for j in range(rng.randint(1, 4)):
            root.add(tld, "NS", f"ns{j}.nic.tld{rng.choice([i, rng.randrange(60)])}.", 172800)
        if rng.random() < 0.5:
            root.add(tld, "DS", f"{i} 13 2 " + f"{i:02x}" * 32, 86400)
    root.add("ns.elsewhere.example.", "A", "192.0.2.54")
    for line in list(root.lines):
        words = line.split()
        if words[3] == "NS" and words[4].startswith("ns") and ".nic." in words[4] and rng.random() < 0.7:
            root.add(words[4], "A", f"203.0.113.{rng.randrange(256)}", 172800)
    root.lines = list(dict.fromkeys(root.lines))
    root.add("host.", "A", "192.0.2.1")
    root.add("alias.", "CNAME", "host.")
    root.add("*.wild.", "A", "192.0.2.2")
    root.add("d.", "DNAME", "wild.")
    return [root]
