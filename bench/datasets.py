"""The data the servers are compared on: a master file, the queries, and answers known beforehand.

Everything is generated from fixed seeds, so two runs ask the same questions in the same order.
"""

import ipaddress
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from probe import NXDOMAIN, Expected

SOA = "@ 3600 IN SOA ns1 hostmaster 1 3600 600 604800 300\n@ 3600 IN NS ns1\nns1 3600 IN A 10.255.255.1\n"
QUERIES = 20_000           # enough that no cache of the generator's file matters, few enough to read fast


@dataclass
class Dataset:
    name: str
    apex: str
    zone_text: str
    queries: list[str]          # lines of `name type`
    samples: list[Expected]
    rcodes: set[int]            # every answer has one of these
    records: int
    recursion: bool = False     # asked through a forwarder that must not ask its upstream again
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # owner -> addresses, for dnsmasq
    dnsmasq_lines: list[str] = field(default_factory=list)           # what hosts files cannot say
    signing: tuple[str, ...] | None = None  # options of `kith zone sign`; queries have DO then
    folder: Path = Path()

    def write(self, folder: Path, kith: Path = Path("kith")) -> "Dataset":
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self.zone_file.write_text(f"$ORIGIN {self.apex}.\n$TTL 3600\n{SOA}{self.zone_text}")
        self.queries_file.write_text("\n".join(self.queries) + "\n")
        self.zone_text, self.queries = "", []  # a million lines are not needed twice
        if self.signing is not None:
            self.sign(kith)
        return self

    def sign(self, kith: Path) -> None:
        """The zone, signed with a new P-256 key: the same file for every server."""
        key = ["key", "generate", self.apex, "-K", str(self.folder)]
        sign = ["zone", "sign", str(self.zone_file), "-K", str(self.folder), *self.signing, "-o", f"{self.zone_file}.signed"]
        for words in (key, sign):
            subprocess.run([str(kith), *words], check=True, stdout=subprocess.DEVNULL)
        Path(f"{self.zone_file}.signed").replace(self.zone_file)

    @property
    def zone_file(self) -> Path:
        return self.folder / f"{self.apex}.zone"

    @property
    def queries_file(self) -> Path:
        return self.folder / "queries.txt"


def address(number: int) -> str:
    return str(ipaddress.IPv4Address((10 << 24) + number))


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def address_sample(name: str, text: str) -> Expected:
    rr_type = "AAAA" if ":" in text else "A"
    return Expected(name, rr_type, answer=(rr_type,), rdata=packed(text))


def repeat_shuffled(lines: list[str], count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [rng.choice(lines) for _ in range(count)]


def host_set(name: str, apex: str, recursion: bool) -> Dataset:
    hosts = {f"host{i:04}.{apex}": (address(i),) for i in range(1000)}
    return Dataset(
        name, apex,
        zone_text="".join(f"host{i:04} A {address(i)}\n" for i in range(1000)),
        queries=repeat_shuffled([f"{owner} A" for owner in hosts], QUERIES, seed=1),
        samples=[address_sample(owner, hosts[owner][0]) for owner in (f"host0000.{apex}", f"host0999.{apex}")],
        rcodes={0}, records=1000, recursion=recursion, hosts=hosts)


def hosts() -> Dataset:
    """A thousand hosts, every query for one of them."""
    return host_set("hosts", "example.lan", recursion=False)


def forward() -> Dataset:
    """The same through a forwarder that has every name in its cache."""
    return host_set("forward", "cached.example.org", recursion=True)


def mix() -> Dataset:
    """What a network asks: 40 % hosts, 20 % NXDOMAIN, 15 % wildcard, 15 % CNAME, 10 % SRV."""
    apex = "example.lan"
    out = hosts()
    out.name = "mix"
    zone = [out.zone_text, "*.apps A 10.9.9.9\n"]
    lines = [f"address=/apps.{apex}/10.9.9.9"]
    for i in range(200):
        zone.append(f"alias{i:03} CNAME host{i * 5:04}\n")
        lines.append(f"cname=alias{i:03}.{apex},host{i * 5:04}.{apex}")
    for i in range(100):
        zone.append(f"_svc{i:02}._tcp SRV 0 5 8080 host{i * 7:04}\n")
        lines.append(f"srv-host=_svc{i:02}._tcp.{apex},host{i * 7:04}.{apex},8080,0,5")
    rng = random.Random(2)
    kinds = [(40, lambda: f"host{rng.randrange(1000):04}.{apex} A"),
             (20, lambda: f"missing{rng.randrange(10**6)}.{apex} A"),
             (15, lambda: f"app{rng.randrange(10**6)}.apps.{apex} A"),
             (15, lambda: f"alias{rng.randrange(200):03}.{apex} A"),
             (10, lambda: f"_svc{rng.randrange(100):02}._tcp.{apex} SRV")]
    out.zone_text, out.dnsmasq_lines = "".join(zone), lines
    weights = [weight for weight, _ in kinds]
    out.queries = [make() for _, make in rng.choices(kinds, weights, k=QUERIES)]
    out.samples += [
        Expected(f"missing.{apex}", "A", rcode=NXDOMAIN),
        address_sample(f"anything.apps.{apex}", "10.9.9.9"),
        Expected(f"alias199.{apex}", "A", answer=("CNAME", "A"), rdata=packed(address(995))),
        Expected(f"_svc99._tcp.{apex}", "SRV", answer=("SRV",))]
    out.rcodes, out.records = {0, NXDOMAIN}, 1301
    return out


def dual_address(i: int) -> tuple[str, str]:
    return address(i), f"fd00::{i >> 16:x}:{i & 0xffff:x}"


def million() -> Dataset:
    """A million records: half a million hosts with an IPv4 and an IPv6 address each."""
    apex = "big.example.lan"
    count = 500_000
    queries = [f"host{i}.{apex} {rr_type}" for i in range(count) for rr_type in ("A", "AAAA")]
    random.Random(3).shuffle(queries)
    return Dataset(
        "million", apex,
        zone_text="".join("host{0} A {1}\nhost{0} AAAA {2}\n".format(i, *dual_address(i)) for i in range(count)),
        queries=queries,
        samples=[address_sample(f"host{i}.{apex}", text) for i in (0, count - 1) for text in dual_address(i)],
        rcodes={0}, records=2 * count, hosts={f"host{i}.{apex}": dual_address(i) for i in range(count)})


def names() -> Dataset:
    """A million names with one IPv4 address each: what a name costs, where `million` has two records for it."""
    apex = "big.example.lan"
    count = 1_000_000
    queries = [f"host{i}.{apex} A" for i in range(count)]
    random.Random(5).shuffle(queries)
    return Dataset(
        "names", apex, zone_text="".join(f"host{i} A {address(i)}\n" for i in range(count)), queries=queries,
        samples=[address_sample(f"host{i}.{apex}", address(i)) for i in (0, count - 1)],
        rcodes={0}, records=count, hosts={f"host{i}.{apex}": (address(i),) for i in range(count)})


def referrals() -> Dataset:
    """250,000 delegations to two servers each, both with an address below the cut."""
    apex = "tld.example"
    count = 250_000
    zone = [f"d{i} NS ns1.d{i}\nd{i} NS ns2.d{i}\nns1.d{i} A {address(2 * i)}\nns2.d{i} A {address(2 * i + 1)}\n"
            for i in range(count)]
    queries = [f"www.d{i}.{apex} A" for i in range(count)]
    random.Random(4).shuffle(queries)
    return Dataset(
        "referrals", apex, zone_text="".join(zone), queries=queries,
        samples=[Expected(f"www.d{i}.{apex}", "A", authority=("NS", "NS"), additional=("A", "A"))
                 for i in (0, count - 1)],
        rcodes={0}, records=4 * count)


def signed() -> Dataset:
    """The hosts, signed: every query has DO and is answered with a signature."""
    out = hosts()
    out.name, out.signing = "signed", ()
    return out


def denied(name: str, *signing: str) -> Dataset:
    out = mix()
    out.name, out.signing = name, signing
    rng = random.Random(6)
    out.queries = [f"missing{rng.randrange(10**6)}.{out.apex} A" for _ in range(QUERIES)]
    out.samples = [Expected(f"missing.{out.apex}", "A", rcode=NXDOMAIN)]
    out.rcodes = {0, NXDOMAIN}  # the floor says 0
    return out


def denied_nsec() -> Dataset:
    """The mix, signed: every query has DO and asks for a name that does not exist (NSEC)."""
    return denied("denied_nsec")


def denied_nsec3() -> Dataset:
    """The same with NSEC3."""
    return denied("denied_nsec3", "--nsec3")


SIGNED = {"signed": signed, "denied_nsec": denied_nsec, "denied_nsec3": denied_nsec3}
DEFAULT = {"hosts": hosts, "mix": mix, "million": million, "referrals": referrals, "forward": forward}
ALL = {**DEFAULT, **SIGNED, "names": names}
