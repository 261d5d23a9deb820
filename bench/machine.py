"""What the machine did while something was measured: CPU time of processes, of others, memory."""

import os
import platform
import time
from dataclasses import dataclass

SERVER_CORE, GENERATOR_CORE = 0, 1

# Above these shares of the machine's time a row says more about the neighbors than about the server.
FOREIGN_MAX, STEAL_MAX = 0.06, 0.02


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads, exited ones included, to the nanosecond.

    /proc/PID/stat counts in hundredths of a second. The CPU clock of another process is the clock
    id that clock_getcpuclockid(3) makes: the inverted pid above three bits that say "scheduler".
    """
    return time.clock_gettime((~pid << 3) | 2)


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it: some servers answer from a child."""
    out = [pid]
    for parent in out:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    out += [int(word) for word in file.read().split()]
        except OSError:
            continue  # ended while we looked
    return out


@dataclass
class CpuTimes:
    busy: float
    steal: float
    wall: float

    @staticmethod
    def now() -> "CpuTimes":
        with open("/proc/stat") as file:
            fields = [int(word) for word in file.readline().split()[1:9]]
        user, nice, system, _idle, _wait, irq, softirq, steal = fields
        tick = os.sysconf("SC_CLK_TCK")
        return CpuTimes((user + nice + system + irq + softirq) / tick, steal / tick, time.monotonic())


class Foreign:
    """The share of the machine that went to processes other than `ours` since it was made."""

    def __init__(self, ours: list[int]):
        self.ours = ours
        self.start, self.own_start = CpuTimes.now(), self._own()

    def _own(self) -> float:
        return sum(cpu_seconds(pid) for pid in self.ours)

    def shares(self) -> tuple[float, float]:
        """(foreign, steal), each 0..1 of all cores."""
        end = CpuTimes.now()
        capacity = (end.wall - self.start.wall) * (os.cpu_count() or 1)
        foreign = end.busy - self.start.busy - (self._own() - self.own_start)
        return max(0.0, foreign / capacity), max(0.0, (end.steal - self.start.steal) / capacity)


def memory_bytes(pids: list[int]) -> dict[str, int]:
    """Proportional set size and private memory of processes together."""
    total = {"pss": 0, "private": 0}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                key, _, rest = line.partition(":")
                if key == "Pss":
                    total["pss"] += int(rest.split()[0]) * 1024
                elif key in ("Private_Clean", "Private_Dirty"):
                    total["private"] += int(rest.split()[0]) * 1024
    return total


def describe() -> dict[str, object]:
    """What a figure depends on, for the head of a result file."""
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
