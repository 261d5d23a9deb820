"""The servers that are compared, each with one worker, and how each is told to serve a data set.

A contender writes its config into a folder of its own and returns the command to run, or None when
it cannot serve such a set. No limits, no logs, no control channel: the same work for everybody.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine
import probe
from datasets import Dataset

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
RECEIVE_BUFFER = 4 << 20  # where a server lets us ask for one; the floor has the same


@dataclass
class Job:
    """What a contender is to serve."""
    data: Dataset
    folder: Path        # its own: config, state, log
    port: int
    upstream_port: int  # where the names of a forwarded set come from


def floor(job: Job, program: Path) -> list[str]:
    return [str(program), "127.0.0.1", str(job.port)]


def kith(job: Job, program: Path) -> list[str]:
    server = {"host": "127.0.0.1", "port": job.port, "workers": 1, "upstream": []}
    config: dict[str, object] = {"server": server}
    if job.data.recursion:
        server["upstream"] = [f"127.0.0.1:{job.upstream_port}"]
    else:
        config["zones"] = {job.data.apex: {"file": str(job.data.zone_file)}}
    path = job.folder / "kith.json"
    path.write_text(json.dumps(config, indent=1))
    return [str(program), "serve", "-c", str(path)]


def knot(job: Job, _program: Path) -> list[str] | None:
    if job.data.recursion:
        return None
    path = job.folder / "knot.conf"
    path.write_text(f"""
server:
    listen: 127.0.0.1@{job.port}
    rundir: {job.folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {job.folder}
zone:
  - domain: {job.data.apex}
    storage: {job.folder}
    file: {job.data.zone_file}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
""")
    return ["knotd", "-c", str(path)]


def nsd(job: Job, _program: Path) -> list[str] | None:
    if job.data.recursion:
        return None
    path = job.folder / "nsd.conf"
    # Debian builds NSD with rate limits on; 0 turns them off.
    path.write_text(f"""
server:
    server-count: 1
    ip-address: 127.0.0.1@{job.port}
    do-ip6: no
    receive-buffer-size: {RECEIVE_BUFFER}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{job.folder}"
    zonelistfile: "{job.folder}/zone.list"
    xfrdfile: "{job.folder}/xfrd.state"
    pidfile: "{job.folder}/nsd.pid"
    logfile: "{job.folder}/nsd.log"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "{job.data.apex}"
    zonefile: "{job.data.zone_file}"
""")
    return ["nsd", "-d", "-c", str(path)]


def unbound(job: Job, _program: Path) -> list[str]:
    source = f"""
auth-zone:
    name: "{job.data.apex}"
    zonefile: "{job.data.zone_file}"
    for-downstream: yes
    for-upstream: no
    fallback-enabled: no
"""
    if job.data.recursion:
        source = f"""
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{job.upstream_port}
"""
    path = job.folder / "unbound.conf"
    path.write_text(f"""
server:
    num-threads: 1
    interface: 127.0.0.1@{job.port}
    access-control: 127.0.0.0/8 allow
    so-rcvbuf: {RECEIVE_BUFFER}
    do-ip6: no
    do-daemonize: no
    do-not-query-localhost: no
    username: ""
    chroot: ""
    directory: "{job.folder}"
    pidfile: "{job.folder}/unbound.pid"
    use-syslog: no
    logfile: "{job.folder}/unbound.log"
    module-config: "iterator"
remote-control:
    control-enable: no
{source}""")
    return ["unbound", "-d", "-c", str(path)]


def bind(job: Job, _program: Path) -> list[str]:
    if job.data.recursion:
        duty = f"recursion yes; forward only; forwarders {{ 127.0.0.1 port {job.upstream_port}; }};"
        zone = ""
    else:
        duty = "recursion no;"
        zone = f'zone "{job.data.apex}" {{ type primary; file "{job.data.zone_file}"; }};'
    path = job.folder / "named.conf"
    path.write_text(f"""
options {{
    directory "{job.folder}";
    listen-on port {job.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    allow-query {{ any; }};
    allow-recursion {{ any; }};
    pid-file none;
    session-keyfile none;
    dnssec-validation no;
    empty-zones-enable no;
    check-names primary ignore;
    notify no;
    querylog no;
    {duty}
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
{zone}
""")
    return ["named", "-f", "-n", "1", "-U", "1", "-c", str(path)]


def dnsmasq(job: Job, _program: Path) -> list[str] | None:
    data = job.data
    if data.name == "referrals":
        return None  # it has no delegations
    lines = [f"port={job.port}", "listen-address=127.0.0.1", "bind-interfaces", "no-resolv",
             "no-hosts", "user=root", "pid-file=", "cache-size=10000", "dns-forward-max=1000"]
    if data.recursion:
        lines.append(f"server=127.0.0.1#{job.upstream_port}")
    else:
        hosts_file = job.folder / "hosts"
        hosts_file.write_text("".join(f"{text} {owner}\n" for owner, texts in data.hosts.items() for text in texts))
        lines += [f"local=/{data.apex}/", f"addn-hosts={hosts_file}", *data.dnsmasq_lines]
    path = job.folder / "dnsmasq.conf"
    path.write_text("\n".join(lines) + "\n")
    return ["dnsmasq", "--keep-in-foreground", f"--conf-file={path}"]


def dnsdist(job: Job, _program: Path) -> list[str] | None:
    if not job.data.recursion:
        return None  # it answers only from its cache
    path = job.folder / "dnsdist.conf"
    path.write_text(f"""
setSecurityPollSuffix("")
setLocal("127.0.0.1:{job.port}")
setACL("127.0.0.0/8")
newServer({{address="127.0.0.1:{job.upstream_port}", healthCheckMode="up"}})
getPool(""):setCache(newPacketCache(100000))
""")
    return ["dnsdist", "--supervised", "--disable-syslog", "-C", str(path)]


CONTENDERS: dict[str, Callable[[Job, Path], list[str] | None]] = {
    "floor": floor, "kith": kith, "knot": knot, "nsd": nsd, "unbound": unbound, "bind": bind,
    "dnsmasq": dnsmasq, "dnsdist": dnsdist}


class Process:
    """A child of this script in a process group of its own, on some cores; ends with the script."""

    def __init__(self, argv: list[str], cores: set[int], folder: Path, **pipes):
        self.argv = argv
        self.log = folder / "output.log"
        with open(self.log, "wb") as log:  # of this start only
            pipes.setdefault("stdout", log)
            pipes.setdefault("stdin", subprocess.DEVNULL)
            self.popen = subprocess.Popen(argv, cwd=folder, stderr=log, start_new_session=True,
                                          preexec_fn=lambda: self._prepare(cores), **pipes)
            self.started = time.monotonic()  # Popen returns when the program has been executed

    @staticmethod
    def _prepare(cores: set[int]) -> None:
        os.sched_setaffinity(0, cores)  # inherited by what the server forks
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def pids(self) -> list[int]:
        return machine.descendants(self.pid)

    def alive(self) -> bool:
        return self.popen.poll() is None

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.pid, number)  # the group is ours alone
                self.popen.wait(10)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def last_words(self) -> str:
        return " / ".join(self.log.read_text(errors="replace").split("\n")[-4:]).strip(" /")


def require_free(port: int) -> None:
    """Another server on the port would be measured in the place of ours."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"port {port} of 127.0.0.1 is in use ({error.strerror}); choose others with --port")


def available(name: str, programs: dict[str, Path]) -> bool:
    if name in programs:
        return programs[name].exists()
    binary = {"knot": "knotd", "bind": "named"}.get(name, name)
    return shutil.which(binary, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None


def start(name: str, job: Job, program: Path, cores: set[int]) -> Process | None:
    """The running server, or None when it does not serve such a set. It may not answer yet."""
    job.folder.mkdir(parents=True, exist_ok=True)
    argv = CONTENDERS[name](job, program)
    return None if argv is None else Process(argv, cores, job.folder)


def check(name: str, job: Job, process: Process, seconds: float) -> str | None:
    """Waits for the first right answer, then asks all samples; what is wrong, or None."""
    if name == "floor":
        time.sleep(0.2)  # answers nothing anybody could check
        return None if process.alive() else process.last_words()
    fault = probe.wait_until_right(job.port, job.data.samples[0], seconds, job.data.recursion)
    for sample in job.data.samples if fault is None else []:
        fault = fault or probe.fault(sample, probe.ask(job.port, sample.name, sample.type, job.data.recursion))
    return f"{fault} ({process.last_words()})" if fault else None
