"""Network namespaces joined by a bridge, each a machine of its own: for tests of discovery. Needs root."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def unavailable(programs: list[str]) -> str:
    """Why these tests cannot run here; empty: they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ["ip", *programs]:
        if shutil.which(program, path=SBIN) is None:
            return f"{program} is not installed (./test interop installs it)"
    probe = subprocess.run(["ip", "netns", "add", f"kith-probe-{os.getpid()}"], capture_output=True)
    if probe.returncode != 0:
        return "network namespaces cannot be made here"
    ip("netns", "del", f"kith-probe-{os.getpid()}")
    return ""


class Process:
    """A program in a namespace; its output goes to a file, so that nothing ever blocks on it."""

    def __init__(self, machine: "Machine", words: list[str], environment: dict[str, str] | None = None, stdin: bool = False):
        self.log_file = Path(tempfile.mkstemp(prefix="out-", dir=machine.link.folder)[1])
        self._log = open(self.log_file, "wb")
        self.process = subprocess.Popen(["ip", "netns", "exec", machine.name, *words], stdout=self._log, stderr=self._log,
                                        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, env=machine.environment | (environment or {}))

    def output(self) -> str:
        return self.log_file.read_text(errors="replace")

    def say(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait_output(self, text: str, seconds: float = 10) -> str:
        deadline = time.monotonic() + seconds
        while text not in self.output():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} s for {text!r}; there is:\n{self.output()}")
            time.sleep(0.02)
        return self.output()

    def stop(self, how: int = signal.SIGINT, seconds: float = 5) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        return self.process.returncode


class Machine:
    """A namespace with one interface, eth0, on the link."""

    def __init__(self, link: "Link", letter: str, number: int):
        self.link = link
        self.name = f"{link.prefix}{letter}"
        self.port = f"{link.prefix}{letter}p"
        self.v4, self.v6 = f"10.66.1.{number}", f"fd66:1::{number}"
        # No bus of the machine the tests run on: what has one starts it.
        self.environment = os.environ | {"PATH": SBIN, "LC_ALL": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={link.folder}/no-bus"}
        self.processes: list[Process] = []
        ip("netns", "add", self.name)
        ip("-n", link.name, "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("-n", link.name, "link", "set", self.port, "master", "br0", "up")
        ip("-n", self.name, "link", "set", "lo", "up")
        # Without duplicate address detection link-local addresses are there at once; an address that is taken away
        # does not take the others of its network with it.
        subprocess.run(["ip", "netns", "exec", self.name, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad;"
                        "echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries"], check=True)
        ip("-n", self.name, "link", "set", "eth0", "up")
        ip("-n", self.name, "addr", "add", f"{self.v4}/24", "dev", "eth0")
        ip("-n", self.name, "addr", "add", f"{self.v6}/64", "dev", "eth0", "nodad")

    def start(self, *words: str, stdin: bool = False, environment: dict[str, str] | None = None) -> Process:
        process = Process(self, list(words), environment, stdin)
        self.processes.append(process)
        return process

    def run(self, *words: str, seconds: float = 15, environment: dict[str, str] | None = None) -> str:
        """Standard output and error of a program that ends by itself."""
        done = subprocess.run(["ip", "netns", "exec", self.name, *words], capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL,
                              env=self.environment | (environment or {}))
        return (done.stdout + done.stderr).decode(errors="replace")

    def stop_all(self) -> None:
        for process in reversed(self.processes):
            process.stop()
        self.processes.clear()


class Link:
    """A bridge and the machines on it; a context manager that takes all of it away."""

    def __init__(self, letters: str = "AB"):
        self.folder = Path(tempfile.mkdtemp(prefix="kith-link-"))
        self.folder.chmod(0o755)  # for daemons that give up root
        self.prefix = f"k{os.getpid() % 100000}"
        self.name = f"{self.prefix}S"
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "add", "br0", "type", "bridge")
        ip("-n", self.name, "link", "set", "br0", "up")
        self.machines = {letter: Machine(self, letter, number) for number, letter in enumerate(letters, 1)}

    def __getitem__(self, letter: str) -> Machine:
        return self.machines[letter]

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_rest: object) -> None:
        for machine in self.machines.values():
            machine.stop_all()
        for name in [*(machine.name for machine in self.machines.values()), self.name]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
