#!/usr/bin/env python3
"""Measures what a zone of a million names costs: time to load, memory, and a reload under load.

For each server: the time from exec to the first right answer, with a small zone and with a million
records; the memory a record takes (the difference between both zones, proportional set size of all
its processes); and what clients notice while the large zone is replaced at full load. For kith also
the idle memory with the example network. Appends JSON lines to results/load_memory.jsonl.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import contenders
import datasets
import machine
import probe
from contenders import Job, Process
from datasets import Dataset
from generator import Generator

HERE = Path(__file__).resolve().parent
ALL_CORES = set(range(os.cpu_count() or 1))
LOAD_SECONDS_MAX = 120
RELOAD_SECONDS_MAX = 60
SETTLE_SECONDS = 1.0       # servers that free what loading needed do so late
LOAD_SECONDS_TARGET = 0.5        # kith, a million records
RECORD_BYTES_TARGET = 100
IDLE_PSS_TARGET = 4 << 20
FIRST_ANSWER_SECONDS_TARGET = 0.010
P99_RATIO_TARGET = 1.25          # during a reload over the worse of before and after: the noise between two runs
SERVERS = ["kith", "knot", "nsd", "unbound", "bind"]
HANGUP = {"kith": None, "knot": signal.SIGHUP, "nsd": signal.SIGHUP, "bind": signal.SIGHUP}  # None: watches the file


def small_like(data: Dataset) -> Dataset:
    """The same zone with the first host only: what a server needs before its records."""
    return Dataset("small", data.apex, "host0 A 10.0.0.0\n", ["host0." + data.apex + " A"],
                   [datasets.address_sample(f"host0.{data.apex}", "10.0.0.0")], {0}, 1, hosts={f"host0.{data.apex}": ("10.0.0.0",)})


class Measurement:
    """One server: started, asked, weighed and stopped, several times."""

    def __init__(self, name: str, options: argparse.Namespace):
        self.name, self.options = name, options

    def start(self, data: Dataset, cores: set[int]) -> tuple[Job, Process]:
        contenders.require_free(self.options.port)
        job = Job(data, data.folder / self.name, self.options.port, 0)
        process = contenders.start(self.name, job, self.options.programs.get(self.name, Path(self.name)), cores)
        assert process is not None, "every server here serves zones"
        return job, process

    def load(self, data: Dataset) -> dict:
        """Seconds to the first right answer, and memory after it."""
        job, process = self.start(data, ALL_CORES)
        try:
            seconds = probe.first_answer_seconds(job.port, data.samples[-1], process.started,
                                                 LOAD_SECONDS_MAX, process.alive)
            if seconds is None:
                raise RuntimeError(f"{self.name} does not answer: {process.last_words()}")
            pids = process.pids()
            cpu_seconds = sum(machine.cpu_seconds(pid) for pid in pids)
            time.sleep(SETTLE_SECONDS)
            return {"seconds": seconds, "cpu_seconds": cpu_seconds, **machine.memory_bytes(pids), "logged_ms": logged_load_ms(process)}
        finally:
            process.stop()

    def loads(self, data: Dataset, times: int) -> dict:
        runs = [self.load(data) for _ in range(times)]
        logged = [run["logged_ms"] for run in runs if run["logged_ms"] is not None]
        return {"seconds": statistics.median(run["seconds"] for run in runs),
                "seconds_min": min(run["seconds"] for run in runs),
                "seconds_max": max(run["seconds"] for run in runs),
                "cpu_seconds": statistics.median(run["cpu_seconds"] for run in runs),
                "pss": statistics.median(run["pss"] for run in runs),
                "private": statistics.median(run["private"] for run in runs),
                "logged_ms": min(logged) if logged else None}

    def reload(self, data: Dataset, cores: set[int]) -> dict:
        """Replaces the zone while the generator asks as fast as it can."""
        old_text = data.zone_file.read_text()
        job, process = self.start(data, cores)
        generator = Generator(self.options.load, data, window=self.options.window)
        try:
            fault = contenders.check(self.name, job, process, LOAD_SECONDS_MAX)
            if fault:
                raise RuntimeError(f"{self.name}: {fault}")
            seconds = self.options.reload_seconds
            before = generator.run(job.port, process.pids(), seconds, warm_up=0.5, timeout=2)
            generator.begin(job.port, process.pids(), seconds)
            time.sleep(0.5 + seconds / 5)  # past the warm-up
            took = self.replace_zone(job, process, old_text.replace("hostmaster 1 ", "hostmaster 2 ", 1))
            during = generator.finish()
            after = generator.run(job.port, process.pids(), seconds)
            return {"reload_seconds": took, "before": before, "during": during, "after": after}
        finally:
            generator.process.stop()
            process.stop()
            data.zone_file.write_text(old_text)

    def replace_zone(self, job: Job, process: Process, text: str) -> float | None:
        """Puts the new file in place at once; seconds until its serial is served, None if never."""
        path = job.data.zone_file
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        start = time.monotonic()
        fresh.rename(path)
        if HANGUP[self.name] is not None:
            os.kill(process.pid, HANGUP[self.name])
        while time.monotonic() - start < RELOAD_SECONDS_MAX:
            answer = probe.ask(job.port, job.data.apex, "SOA")
            if answer and answer.sections[0] and serial(answer.sections[0][0][1]) == 2:
                return time.monotonic() - start
            time.sleep(0.01)
        return None


def serial(soa: bytes) -> int:
    """Of SOA RDATA: the first of its five last numbers."""
    return int.from_bytes(soa[-20:-16], "big")


def logged_load_ms(process: Process) -> float | None:
    """What kith itself says: the `took_ms` of its config.loaded line."""
    found = re.findall(r"config\.loaded .*took_ms=([0-9.]+)", process.log.read_text(errors="replace"))
    return max(map(float, found)) if found else None


def idle_with_example(options: argparse.Namespace, folder: Path) -> dict | None:
    """Memory and first answer of kith with the example network of the README."""
    example = HERE.parent / "examples" / options.example
    if not example.exists() or not options.programs["kith"].exists():
        return None
    home = folder / "example"
    shutil.copytree(example.parent, home)
    config = home / options.example
    config.write_text(config.read_text().replace(":5300", f":{options.port}"))
    process = Process([str(options.programs["kith"]), "serve", "-c", str(config)], ALL_CORES, home)
    try:
        name, address = options.example_host.split("=")
        seconds = probe.first_answer_seconds(options.port, datasets.address_sample(name, address),
                                             process.started, 10, process.alive)
        if seconds is None:
            raise RuntimeError(f"the example does not answer {options.example_host}: {process.last_words()}")
        time.sleep(SETTLE_SECONDS)
        return {"seconds": seconds, **machine.memory_bytes(process.pids())}
    finally:
        process.stop()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = lambda text: text.split(",")
    parser.add_argument("--servers", type=names, default=SERVERS, help="default: %(default)s")
    parser.add_argument("--set", choices=("million", "names"), default="million",
                        help="two records a name, or one; default: %(default)s")
    parser.add_argument("--parts", type=names, default=["load", "reload", "idle"], help="default: %(default)s")
    parser.add_argument("--times", type=int, default=3, help="starts with the large zone; five times as many small")
    parser.add_argument("--reload-seconds", type=float, default=4, help="of load before, during and after")
    parser.add_argument("--window", type=int, default=256, help="queries under way; fits default socket buffers")
    parser.add_argument("--port", type=int, default=15400)
    parser.add_argument("--example", default="home.json", help="config under examples/ for the idle figures")
    parser.add_argument("--example-host", default="nas.home.arpa=192.168.1.10", help="a host of it")
    parser.add_argument("--kith", type=Path, default=HERE.parent / "build/release/kith")
    parser.add_argument("--tools", type=Path, default=HERE.parent / "build/release/bench", help="folder of kith_load")
    parser.add_argument("--results", type=Path, default=HERE / "results/load_memory.jsonl", help="appended to")
    options = parser.parse_args()
    for name in options.servers:
        if name not in SERVERS:
            parser.error(f"expected some of {', '.join(SERVERS)}, found '{name}'")
    options.load = options.tools / "kith_load"
    options.programs = {"kith": options.kith}
    if not options.load.exists():
        parser.error(f"{options.tools} has no kith_load: build that target first")
    return options


def judge(what: str, found: float, limit: float) -> list[str]:
    """Says whether kith keeps to a limit; the complaint when it does not."""
    verdict = f"kith: {what} {found:.4g}, at most {limit:.4g}"
    print(f"    {verdict}: {'met' if found <= limit else 'MISSED'}", flush=True)
    return [] if found <= limit else [verdict]


def judge_row(row: dict) -> list[str]:
    """What kith promises about the figures of one row."""
    if row["server"] != "kith":
        return []
    if row["kind"] == "load":
        return (judge("seconds to load", row["large"]["seconds"], LOAD_SECONDS_TARGET)
                + judge("bytes a record", row["bytes_per_record"]["pss"], RECORD_BYTES_TARGET)
                + judge("seconds to the first answer", row["small"]["seconds"], FIRST_ANSWER_SECONDS_TARGET))
    if row["kind"] == "idle":
        return (judge("bytes PSS with the example", row["pss"], IDLE_PSS_TARGET)
                + judge("seconds to the first answer", row["seconds"], FIRST_ANSWER_SECONDS_TARGET))
    usual = max(row["before"]["p99_us"], row["after"]["p99_us"])
    never = row["reload_seconds"] is None
    return (judge("queries lost in a reload", row["during"]["lost"], 0)
            + judge("p99 in a reload over its usual", row["during"]["p99_us"] / usual, P99_RATIO_TARGET)
            + (["kith: the new zone was never served"] if never else []))


def report_load(measurement: Measurement, large: Dataset, small: Dataset) -> dict:
    options = measurement.options
    foreign = machine.Foreign([os.getpid()])
    first = measurement.loads(small, options.times * 5)
    full = measurement.loads(large, options.times)
    per_record = {kind: (full[kind] - first[kind]) / large.records for kind in ("pss", "private")}
    logged = f", {full['logged_ms']:.0f} ms by its own log" if full["logged_ms"] is not None else ""
    print(f"  {measurement.name:8} first answer {first['seconds'] * 1000:7.1f} ms "
          f"(worst {first['seconds_max'] * 1000:.1f})   million loaded {full['seconds']:6.3f} s "
          f"(best {full['seconds_min']:.3f}, CPU {full['cpu_seconds']:.3f}{logged})   {per_record['pss']:6.1f} B/record   "
          f"{first['pss'] / 1e6:6.1f} MB PSS with one", flush=True)
    return {"kind": "load", "set": large.name, "server": measurement.name, "small": first, "large": full,
            "bytes_per_record": per_record, "busy_others": round(foreign.shares()[0], 3)}


def report_reload(measurement: Measurement, large: Dataset, cores: set[int]) -> dict:
    found = measurement.reload(large, cores)
    took = "never" if found["reload_seconds"] is None else f"{found['reload_seconds']:.2f} s"
    print(f"  {measurement.name:8} on {len(cores)} core{'s' if len(cores) > 1 else ' '}: new zone after {took}", end="")
    for phase in ("before", "during", "after"):
        row = found[phase]
        print(f"   {phase}: p99 {row['p99_us'] / 1000:.2f} max {row['max_us'] / 1000:.1f} ms lost {row['lost']}", end="")
    print(flush=True)
    return {"kind": "reload", "set": large.name, "server": measurement.name, "cores": len(cores), **found}


def main() -> int:
    options = parse_arguments()
    programs = {"kith": options.kith}
    present = [name for name in options.servers if contenders.available(name, programs)]
    if missing := [name for name in options.servers if name not in present]:
        print(f"not installed, left out: {', '.join(missing)}", file=sys.stderr)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="kith-load-") as name:
        folder = Path(name)
        large = datasets.ALL[options.set]().write(folder)
        small = small_like(large).write(folder)
        measurements = [Measurement(server, options) for server in present]
        if "load" in options.parts:
            rows += [report_load(measurement, large, small) for measurement in measurements]
        if "reload" in options.parts:
            rows += [report_reload(measurement, large, cores) for measurement in measurements
                     if measurement.name in HANGUP for cores in (ALL_CORES, {machine.SERVER_CORE})]
        if "idle" in options.parts and (idle := idle_with_example(options, folder)):
            print(f"  kith with the example: {idle['pss'] / 1e6:.2f} MB PSS, first answer after "
                  f"{idle['seconds'] * 1000:.1f} ms")
            rows.append({"kind": "idle", "server": "kith", **idle})
    missed = [complaint for row in rows for complaint in judge_row(row)]
    options.results.parent.mkdir(exist_ok=True)
    with open(options.results, "a") as file:
        for row in rows:
            print(json.dumps({**row, **machine.describe()}), file=file)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
