#!/usr/bin/env python3
"""Discovery beside Avahi: how long until a browse has resolved all services, in how many packets; CPU time and memory with
full caches; how fast a query is answered. Both run in network namespaces on one bridge: one after the other, but for the
answers, which are asked for in turn. Needs root."""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/interop"), str(ROOT / "tests/support")]
import machine
from daemons import Avahi
from links import Link, Machine, Process, unavailable

PEER = str(Path(__file__).resolve().with_name("discovery_peer.py"))
AVAHI_SETTINGS = "use-ipv6=no\ncache-entries-max=20000\nratelimit-interval-usec=0"


def publish_with_kith(kith: str, on: Machine, count: int) -> Process:
    services = [{"name": f"Service number {i}", "type": "_bench._tcp", "port": 1000 + i, "txt": ["path=/status", "model=a"]} for i in range(count)]
    config = on.link.folder / "publish.json"
    config.write_text(json.dumps({"server": {"listen": [], "upstream": []}, "discovery": {"host_name": "publisher", "ipv6": False, "services": services}}))
    process = on.start(kith, "serve", "-c", str(config))
    process.wait_output(f"Service number {count - 1}._bench", 60)
    return process


def publish_with_avahi(on: Machine, count: int) -> Process:
    folder = on.link.folder / "services"
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"{i}.service").write_text(f"<service-group><name>Service number {i}</name><service><type>_bench._tcp</type><port>{1000 + i}</port>"
                                             "<txt-record>path=/status</txt-record><txt-record>model=a</txt-record></service></service-group>")
    config = on.link.folder / "publish.conf"
    config.write_text(f"[server]\nhost-name=publisher\nallow-interfaces=eth0\nenable-dbus=no\n{AVAHI_SETTINGS}\n[wide-area]\nenable-wide-area=no\n")
    process = on.start("sh", "-c", f"""mkdir -p /run/avahi-daemon /etc/avahi && mount -t tmpfs tmpfs /run/avahi-daemon && mount --bind {folder} /etc/avahi/services &&
exec avahi-daemon -f {config} --no-drop-root --no-chroot --no-rlimits""")
    process.wait_output("Server startup complete", 120)
    deadline = time.monotonic() + 180
    while process.output().count("successfully established") < count and time.monotonic() < deadline:
        time.sleep(0.2)
    return process


def packets(of: Machine) -> int:
    return sum(int(of.run("cat", f"/sys/class/net/eth0/statistics/{way}_packets")) for way in ("rx", "tx"))


class Browse:
    """Runs a browser until it has resolved `count` services."""

    def __init__(self, on: Machine, words: list[str], pattern: str, count: int, environment: dict[str, str] | None = None):
        before = packets(on)
        begin = time.monotonic()
        process = subprocess.Popen(["ip", "netns", "exec", on.name, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=on.environment | (environment or {}), text=True)
        resolved, self.seconds, self.halfway = set(), None, None
        try:
            for line in process.stdout:
                found = re.search(pattern, line)
                if not found:
                    continue
                resolved.add(found[1])
                if self.halfway is None and len(resolved) * 2 >= count:
                    self.halfway = time.monotonic() - begin
                if len(resolved) == count:
                    self.seconds = time.monotonic() - begin
                    break
                if time.monotonic() - begin > 60:
                    break
        finally:
            self.packets = packets(on) - before
            process.terminate()
            process.wait()
        self.count = len(resolved)


def browse_with_kith(kith: str, on: Machine, count: int) -> Browse:
    return Browse(on, [kith, "browse", "_bench._tcp", "-r", "--json", "-4"], r'"name": "(Service number \d+)".*"host": "publisher', count)


def browse_with_avahi(on: Machine, count: int) -> Browse:
    daemon = Avahi(on, "viewer", AVAHI_SETTINGS)
    time.sleep(4)  # its own announcements are over
    out = Browse(on, ["avahi-browse", "-rpk", "_bench._tcp"], r"^=;eth0;IPv4;(Service\\032number\\032\d+);", count, daemon.environment)
    daemon.stop()
    daemon.bus.stop()
    return out


def daemon_pid(process: Process, name: str) -> int:
    for pid in machine.descendants(process.process.pid):
        if Path(f"/proc/{pid}/comm").read_text().strip() == name:
            return pid
    raise RuntimeError(f"no {name} runs")


def serve_with_kith(kith: str, on: Machine, host: str) -> Process:
    config = on.link.folder / "serve.json"
    config.write_text(json.dumps({"server": {"listen": [], "upstream": [], "workers": 1}, "discovery": {"host_name": host, "ipv6": False}}))
    process = on.start(kith, "serve", "-c", str(config))
    process.wait_output("discovery.started")
    return process


def memory_bytes(pid: int) -> int:
    """What the process has for itself alone, and could not be read from its file again."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no Pss_Anon in smaps_rollup")


def with_full_cache(link: Link, process: Process, name: str, records: int) -> dict[str, float]:
    """Memory and CPU time of a daemon that hears so many records, then of a quiet quarter of a minute."""
    pid = daemon_pid(process, name)
    time.sleep(4)
    memory, cpu = memory_bytes(pid), machine.cpu_seconds(pid)
    peer = link["A"]
    peer.run("/usr/bin/python3", PEER, "fill", peer.v4, str(records), seconds=120)
    time.sleep(2)
    heard = machine.cpu_seconds(pid)
    full = memory_bytes(pid)
    time.sleep(15)
    return {"hear_cpu_ms": (heard - cpu) * 1e3, "rest_cpu_ms": (machine.cpu_seconds(pid) - heard) * 1e3,
            "empty_bytes": memory, "full_bytes": full, "bytes_per_record": (full - memory) / records}


def latency(link: Link, kith: str, count: int) -> dict[str, dict[str, float]]:
    """Both are there at once and are asked in turn, so that both see the same weather."""
    peer, here, there = link["A"], link["B"], link["C"]
    ours = serve_with_kith(kith, here, "ours")
    avahi = Avahi(there, "theirs", AVAHI_SETTINGS)
    time.sleep(4)  # announced
    lines = peer.run("/usr/bin/python3", PEER, "ask", peer.v4, str(count), f"ours.local={here.v4}", f"theirs.local={there.v4}", seconds=120).splitlines()
    ours.stop()
    avahi.stop()
    avahi.bus.stop()
    return {who: quantiles([words[1] for words in map(str.split, lines) if words[0] == number]) for number, who in (("0", "kith"), ("1", "avahi"))}


def quantiles(words: list[str]) -> dict[str, float]:
    took = sorted(float(word) for word in words if word[0].isdigit())
    figures = {"median_us": statistics.median(took), "p90_us": took[len(took) * 9 // 10], "p99_us": took[len(took) * 99 // 100]} if took else {}
    return figures | {"lost": len(words) - len(took)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kith", type=Path, default=ROOT / "build/release/kith", help="default: %(default)s")
    parser.add_argument("--services", type=int, default=500)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results/discovery.jsonl")
    parser.add_argument("only", nargs="*", help="browse, cache, latency")
    options = parser.parse_args()
    why = unavailable(["avahi-daemon", "avahi-browse", "dbus-daemon"])
    if why:
        print(f"skipped: {why}")
        return 77
    kith = str(options.kith.resolve())
    rows: list[dict[str, object]] = []

    def keep(kind: str, who: str, **figures: object) -> None:
        row = {"kind": kind, "who": who, **figures}
        rows.append(row)
        print("  ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()), flush=True)

    wanted = options.only or ["browse", "cache", "latency"]
    with Link("ABC") as link:
        here, there = link["B"], link["A"]
        if "browse" in wanted:
            for publisher in ("kith", "avahi"):
                process = publish_with_kith(kith, there, options.services) if publisher == "kith" else publish_with_avahi(there, options.services)
                time.sleep(12)  # announced, also for the last time
                for _ in range(options.rounds):
                    for who in ("kith", "avahi"):
                        run = browse_with_kith(kith, here, options.services) if who == "kith" else browse_with_avahi(here, options.services)
                        keep("browse", who, publisher=publisher, services=options.services, resolved=run.count, seconds=run.seconds, half_seconds=run.halfway,
                             packets=run.packets)
                        time.sleep(3)
                process.stop()
        for who in ("kith", "avahi") * (options.rounds if "cache" in wanted else 0):
            daemon = None if who == "kith" else Avahi(here, "responder", AVAHI_SETTINGS)
            process = serve_with_kith(kith, here, "responder") if who == "kith" else daemon.process
            keep("cache", who, records=options.records, **with_full_cache(link, process, options.kith.name if who == "kith" else "avahi-daemon", options.records))
            process.stop()
            if daemon is not None:
                daemon.bus.stop()
        for _ in range(options.rounds if "latency" in wanted else 0):
            for who, figures in latency(link, kith, options.queries).items():
                keep("latency", who, queries=options.queries, **figures)
    version = subprocess.run(["avahi-daemon", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    with options.results.open("a") as out:
        for row in rows:
            out.write(json.dumps(row | {"avahi": version} | machine.describe()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
