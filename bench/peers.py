#!/usr/bin/env python3
"""Measures kith beside other name servers: CPU time per UDP query, one worker each.

Every server runs on core 0, the load generator on core 1. In each round every server is measured
once, so all of them see the same weather; what is compared is CPU time per query, which is far
steadier than queries per second, as a ratio to `floor`, a responder that does no DNS.

A row is marked `~` when other processes took more than 6 % of the machine meanwhile, and left out
of the medians as long as three clean rows remain. See bench/README.md.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import contenders
import datasets
import machine
from contenders import Job, Process
from generator import Generator

HERE = Path(__file__).resolve().parent
START_SECONDS = 120       # for the slowest server to load the largest zone
CLEAN_ROWS_MIN = 3
TARGETS = {"hosts": 0.93, "mix": 0.93, "million": 0.85, "referrals": 0.60, "forward": 0.85}  # floor/own of kith
UPSTREAM_CPU_MAX = 0.02   # of a core: more means that "cached" answers were not


class Comparison:
    """All servers of one data set, alive together, measured in turn."""

    def __init__(self, data: datasets.Dataset, options: argparse.Namespace):
        self.data, self.options = data, options
        self.processes: list[Process] = []
        self.servers: dict[str, tuple[Job, Process]] = {}
        self.upstream: Process | None = None
        self.rows: list[dict] = []

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in self.processes:
            process.stop()

    def start(self) -> None:
        upstream_port = self.options.port
        for port in range(upstream_port, upstream_port + len(self.options.servers) + 1):
            contenders.require_free(port)
        if self.data.recursion:
            self.start_upstream(upstream_port)
        for number, name in enumerate(self.options.servers, start=1):
            job = Job(self.data, self.data.folder / name, self.options.port + number, upstream_port)
            process = contenders.start(name, job, self.options.programs.get(name, Path(name)),
                                       {machine.SERVER_CORE})
            if process is None:
                continue
            self.processes.append(process)
            self.servers[name] = job, process
        for name, (job, process) in list(self.servers.items()):
            fault = contenders.check(name, job, process, START_SECONDS)
            if fault:
                print(f"  {name} is left out: {fault}", file=sys.stderr)
                self.options.faults.append(f"{self.data.name}/{name}: {fault}")
                process.stop()
                del self.servers[name]
        self.generator = Generator(self.options.load, self.data, window=self.options.window,
                                   sockets=self.options.sockets, edns=int(self.options.edns),
                                   dnssec=int(self.data.signing is not None))
        self.processes.append(self.generator.process)

    def start_upstream(self, port: int) -> None:
        """Knot serves the names; on the generator's core, because it has nothing to do."""
        apart = datasets.Dataset(**{**vars(self.data), "recursion": False})
        job = Job(apart, self.data.folder / "upstream", port, 0)
        job.folder.mkdir()
        self.upstream = Process(contenders.knot(job, Path()), {machine.GENERATOR_CORE}, job.folder)
        self.processes.append(self.upstream)
        fault = contenders.check("knot", job, self.upstream, START_SECONDS)
        if fault:
            raise RuntimeError(f"the upstream does not serve: {fault}")

    def warm(self) -> None:
        """Lets every server see its names once, with few queries at a time: caches fill."""
        for name, (job, process) in self.servers.items():
            self.generator.run(job.port, [process.pid], 0.5, window=16, warm_up=0)

    def measure(self, deadline: float) -> None:
        names = list(self.servers)
        for number in range(self.options.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:  # nobody always follows the same neighbor
                if time.monotonic() > deadline:
                    print("  out of time: fewer rounds than asked", file=sys.stderr)
                    return
                self.rows.append(self.measure_one(name, number))

    def measure_one(self, name: str, number: int) -> dict:
        job, process = self.servers[name]
        pids = process.pids()
        foreign = machine.Foreign(pids + [self.generator.process.pid])
        upstream_before = machine.cpu_seconds(self.upstream.pid) if self.upstream else 0.0
        row = self.generator.run(job.port, pids, self.options.seconds, window=self.options.window,
                                 warm_up=self.options.warm_up)
        foreign_share, steal_share = foreign.shares()
        row |= {"set": self.data.name, "server": name, "round": number,
                "foreign": round(foreign_share, 4), "steal": round(steal_share, 4),
                "clean": foreign_share < machine.FOREIGN_MAX and steal_share < machine.STEAL_MAX,
                "fault": self.fault_of(name, row)}
        if self.upstream and name != "floor":
            used = machine.cpu_seconds(self.upstream.pid) - upstream_before
            if used > UPSTREAM_CPU_MAX * self.options.seconds:
                row["fault"] = f"not from the cache: the upstream worked for {used:.3f} s"
        return row

    def fault_of(self, name: str, row: dict) -> str | None:
        """Answers that are fast because they are wrong do not count."""
        if row["answered"] == 0:
            return "no answers"
        strange = set(map(int, row["rcodes"])) - self.data.rcodes
        if strange:
            return f"unexpected rcodes {sorted(strange)}"
        if row["truncated"]:
            return f"{row['truncated']} truncated answers"
        if row["empty"] and self.data.name != "referrals" and name != "floor":
            return f"{row['empty']} empty answers"
        return None


def summary(rows: list[dict]) -> dict[str, dict]:
    """Per server: medians over the clean rows, or over all when too few are clean."""
    out = {}
    for name in dict.fromkeys(row["server"] for row in rows):
        mine = [row for row in rows if row["server"] == name]
        clean = [row for row in mine if row["clean"]]
        used = clean if len(clean) >= CLEAN_ROWS_MIN else mine
        faults = {row["fault"] for row in mine if row["fault"]}
        cpu = [row["server_us"] for row in used if row["server_us"]]
        sent = sum(row["sent"] for row in mine)
        out[name] = {
            "cpu_us": statistics.median(cpu) if cpu else float("nan"),
            "cpu_us_min": min(cpu, default=float("nan")),
            "qps": statistics.median(row["qps"] for row in used),
            "p50_us": statistics.median(row["p50_us"] for row in used),
            "p99_us": statistics.median(row["p99_us"] for row in used),
            "lost": sum(row["lost"] for row in mine) / sent if sent else 1.0,
            "rows": len(mine), "clean_rows": len(clean), "noisy": used is mine,
            "fault": "; ".join(sorted(faults)) or None}
    if "floor" in out:
        for entry in out.values():
            entry["ratio"] = out["floor"]["cpu_us"] / entry["cpu_us"]
            entry["ratio_of_min"] = out["floor"]["cpu_us_min"] / entry["cpu_us_min"]
    return out


def print_table(data: datasets.Dataset, table: dict[str, dict]) -> None:
    print(f"\n{data.name}: {datasets.ALL[data.name].__doc__}")
    print(f"  {'server':9} {'us/query':>9} {'min':>7} {'floor/own':>9} {'qps':>9} {'p99 us':>8} {'lost':>8}  rows")
    for name, entry in table.items():
        mark = "~" if entry["noisy"] else " "
        print(f"  {name:9} {entry['cpu_us']:8.3f}{mark} {entry['cpu_us_min']:7.3f} "
              f"{entry.get('ratio', float('nan')):9.3f} {entry['qps']:9.0f} {entry['p99_us']:8.0f} "
              f"{entry['lost']:8.4%}  {entry['clean_rows']}/{entry['rows']}"
              + (f"  WRONG: {entry['fault']}" if entry["fault"] else ""), flush=True)


def missed_target(data: datasets.Dataset, table: dict[str, dict]) -> str | None:
    """Says how kith's ratio stands to its target; returns the same when it is below."""
    target = TARGETS.get(data.name)
    if target is None or "ratio" not in table.get("kith", {}):
        return None
    ratio = table["kith"]["ratio"]
    verdict = f"{data.name}/kith: floor/own {ratio:.3f}, target {target:.2f}"
    print(f"  {verdict}: {'met' if ratio >= target else 'MISSED'}", flush=True)
    return None if ratio >= target else f"{verdict} missed"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: text.split(",")
    parser.add_argument("--sets", type=names, default=list(datasets.DEFAULT),
                        help=f"of {', '.join(datasets.ALL)}; default: %(default)s")
    parser.add_argument("--servers", type=names, default=list(contenders.CONTENDERS), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="measured per server and round")
    parser.add_argument("--warm-up", type=float, default=0.3)
    parser.add_argument("--window", type=int, default=512, help="queries under way")
    parser.add_argument("--sockets", type=int, default=16)
    parser.add_argument("--edns", action="store_true", help="queries carry an OPT record")
    parser.add_argument("--port", type=int, default=15300, help="first of a dozen ports on 127.0.0.1")
    parser.add_argument("--max-minutes", type=float, default=20)
    parser.add_argument("--kith", type=Path, default=HERE.parent / "build/release/kith")
    parser.add_argument("--tools", type=Path, default=HERE.parent / "build/release/bench",
                        help="folder of kith_floor and kith_load")
    parser.add_argument("--results", type=Path, default=HERE / "results/peers.jsonl", help="appended to")
    options = parser.parse_args()
    for chosen, known in ((options.sets, datasets.ALL), (options.servers, contenders.CONTENDERS)):
        for name in chosen:
            if name not in known:
                parser.error(f"expected some of {', '.join(known)}, found '{name}'")
    options.load = options.tools / "kith_load"
    options.programs = {"kith": options.kith, "floor": options.tools / "kith_floor"}
    if not options.load.exists() or not options.programs["floor"].exists():
        parser.error(f"{options.tools} has no kith_floor and kith_load: build those two targets first")
    return options


def save(path: Path, options: argparse.Namespace, comparison: Comparison, table: dict[str, dict]) -> None:
    path.parent.mkdir(exist_ok=True)
    head = {"window": options.window, "sockets": options.sockets, "edns": options.edns,
            "seconds": options.seconds, **machine.describe()}
    with open(path, "a") as file:
        print(json.dumps({"kind": "summary", "set": comparison.data.name, **head, "servers": table}), file=file)
        for row in comparison.rows:
            print(json.dumps({"kind": "row", "time": head["time"], **row}), file=file)


def main() -> int:
    options = parse_arguments()
    options.faults = []
    missing = [name for name in options.servers if not contenders.available(name, options.programs)]
    options.servers = [name for name in options.servers if name not in missing]
    if missing:
        print(f"not installed, left out: {', '.join(missing)}", file=sys.stderr)
    deadline = time.monotonic() + options.max_minutes * 60
    with tempfile.TemporaryDirectory(prefix="kith-peers-") as folder:
        for set_name in options.sets:
            data = datasets.ALL[set_name]().write(Path(folder), options.kith)
            with Comparison(data, options) as comparison:
                comparison.start()
                comparison.warm()
                comparison.measure(deadline)
                table = summary(comparison.rows)
                print_table(data, table)
                if missed := missed_target(data, table):
                    options.faults.append(missed)
                save(options.results, options, comparison, table)
                options.faults += [f"{set_name}/{name}: {entry['fault']}" for name, entry in table.items()
                                   if entry["fault"]]
    return 1 if any("/kith" in fault for fault in options.faults) else 0


if __name__ == "__main__":
    sys.exit(main())
