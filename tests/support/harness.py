"""What the tests that run the program share: starting it, asking it, and counting what was checked."""

import argparse
import json
import os
import queue
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dnsmsg
from dnsmsg import Message

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0  # seconds until something that ought to happen counts as not happening; sanitizers are slow


class Checks:
    """Counts checks; the last line of the output says how many passed, for ./test."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, what: str, good: object, found: object = "") -> bool:
        """`good` is the verdict, `found` what there was instead."""
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}" + (f": found {found}" if found != "" else ""), flush=True)
        return bool(good)

    def equal(self, what: str, found: object, wanted: object) -> bool:
        return self.check(what, found == wanted, f"{found!r}, expected {wanted!r}")

    def finish(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the option every one of these scripts has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kith", type=Path, default=ROOT / "build/dev/kith", help="the program; default: %(default)s")
    return parser


def skip(why: str) -> int:
    """Says that nothing was tested; ctest knows this exit code (SKIP_RETURN_CODE)."""
    print(f"skipped: {why}")
    return 77


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> object:
    """The first true value of `condition`, looked at often."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.005)


def write_file(path: Path, text: str) -> None:
    """One change, as editors make it: written in place, the empty file may be seen and be an edit of its own."""
    other = path.with_name(path.name + ".new")
    other.write_text(text)
    other.replace(path)


class ServiceManager:
    """The other end of systemd's notification protocol."""

    def __init__(self, folder: Path):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.states: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self.ready: list[dict[str, str]] = []  # all that said READY, from the first on
        self.reads = threading.Event()  # cleared: hangs, as a manager in trouble does
        self.reads.set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            self.reads.wait()
            try:
                text = self.socket.recv(65536).decode()
            except OSError:
                return
            state = dict(line.split("=", 1) for line in text.splitlines())
            if "READY" in state:
                self.ready.append(state)
            self.states.put(state)

    def next(self, seconds: float = PATIENCE) -> dict[str, str]:
        try:
            return self.states.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"waited {seconds:g} s for a notification") from None

    def wait(self, key: str, seconds: float = PATIENCE) -> dict[str, str]:
        """The next message that has `key`; others are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            state = self.next(max(0.001, deadline - time.monotonic()))
            if key in state:
                return state

    def forget(self) -> None:
        """Passes over what has been said so far."""
        while not self.states.empty():
            self.states.get()

    def close(self) -> None:
        self.reads.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Kith:
    """The program, serving `config` on loopback; a context manager that ends it."""

    def __init__(self, program: Path, config: dict | None = None, *, files: dict[str, str] | None = None,
                 arguments: list[str] | None = None, name: str = "kith", environment: dict[str, str] | None = None,
                 wait: bool = True, folder: Path | None = None):
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="kith-test-")
        self.folder = folder or Path(self._temporary.name)
        self.config_file = self.folder / "kith.json"
        self.program = program.resolve()
        if name != "kith":
            link = self.folder / name
            if not link.exists():
                link.symlink_to(self.program)
            self.program = link
        for file_name, text in (files or {}).items():
            (self.folder / file_name).write_text(text)
        if config is not None:
            self.write_config(config)
        self.log_file = self.folder / "log"
        self._log = open(self.log_file, "wb")
        # One manager a process: several may share a folder.
        self._notify_folder = tempfile.TemporaryDirectory(prefix="kith-notify-")
        self.manager = ServiceManager(Path(self._notify_folder.name))
        if arguments is None:
            arguments = ["serve", "-c", str(self.config_file)]
        self.process = subprocess.Popen([str(self.program), *arguments], stderr=self._log, stdout=self._log,
                                        stdin=subprocess.DEVNULL, cwd=self.folder,
                                        env=os.environ | {"NOTIFY_SOCKET": str(self.manager.path)} | (environment or {}))
        self.addresses: list[tuple[str, int]] = []
        if wait:
            self.wait_ready()

    def write_config(self, config: dict) -> None:
        server = config.setdefault("server", {})
        server.setdefault("upstream", [])
        if "port" not in server:
            server.setdefault("listen", ["127.0.0.1:0"])
        write_file(self.config_file, json.dumps(config, indent=1))

    def wait_ready(self) -> None:
        try:
            self.manager.wait("READY")
        except TimeoutError as error:
            raise RuntimeError(f"{self.program} does not serve: {self.log()}") from error
        found = re.findall(r"server\.listening address=\"?(\S+?):(\d+)\"?(?=\s)", self.log())
        self.addresses = [(host.strip("[]"), int(port)) for host, port in found]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_log(self, text: str, seconds: float = PATIENCE, after: int = 0) -> str:
        """The log once it has `text` behind its first `after` characters."""
        wait_for(lambda: text in self.log()[after:], f"{text!r} in the log", seconds)
        return self.log()

    def reload(self) -> dict[str, str]:
        """SIGHUP; returns when it has been dealt with, with what the service manager was told.

        An edit that is noticed at the same time makes a reload of its own. Each logs its verdict and is READY
        after it, as the start was: so their numbers tell which READY is that of SIGHUP.
        """
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        verdict = re.compile(r"\bconfig\.(?:reloaded|refused) why=(\S+)")

        def reloads() -> int:
            """How many there were up to the one for SIGHUP; 0: it has not been."""
            log = self.log()
            ours = [found for found in verdict.finditer(log, before) if found[1] == "SIGHUP"]
            return len(verdict.findall(log[:ours[0].end()])) if ours else 0
        count = wait_for(reloads, "the verdict on SIGHUP")
        wait_for(lambda: len(self.manager.ready) > count, "READY after SIGHUP")
        return self.manager.ready[count]

    def alive(self) -> bool:
        return self.process.poll() is None

    def memory_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def udp(self, message: bytes, seconds: float = PATIENCE, index: int = 0) -> Message:
        return Message(udp_exchange(self.addresses[index], message, seconds))

    def tcp(self, message: bytes, seconds: float = PATIENCE, index: int = 0) -> Message:
        return Message(tcp_exchange(self.addresses[index], message, seconds))

    def ask(self, name: str, rtype: str = "A", *, tcp: bool = False, **options: object) -> Message:
        message = dnsmsg.query(name, rtype, **options)
        return self.tcp(message) if tcp else self.udp(message)

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, and the exit code; ended by force when it does not listen."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> "Kith":
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        try:
            self.stop()
        finally:
            if kind is not None:
                print(f"the log of {self.program}:\n{self.log()[-4000:]}", file=sys.stderr)
            self.manager.close()
            self._log.close()
            self._notify_folder.cleanup()
            if self._temporary:
                self._temporary.cleanup()


def family(address: tuple[str, int]) -> int:
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def udp_exchange(address: tuple[str, int], message: bytes, seconds: float = PATIENCE) -> bytes:
    """Sends one datagram and returns the reply to it, by its id."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as sock:
        sock.connect(address)
        sock.send(message)
        deadline = time.monotonic() + seconds
        while True:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            reply = sock.recv(65535)
            if reply[:2] == message[:2]:
                return reply


def read_exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError(f"closed after {len(data)} of {size} bytes")
        data += more
    return data


def frame(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def read_frame(sock: socket.socket) -> bytes:
    return read_exactly(sock, struct.unpack("!H", read_exactly(sock, 2))[0])


def tcp_exchange(address: tuple[str, int], message: bytes, seconds: float = PATIENCE) -> bytes:
    with socket.create_connection(address, seconds) as sock:
        sock.sendall(frame(message))
        return read_frame(sock)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP now, and that the kernel gives to nobody who asks for any: a server may
    let it go and take it again."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10000, max(first_given, 20000))
        with socket.socket(family((host, 0)), socket.SOCK_STREAM) as stream, \
                socket.socket(family((host, 0)), socket.SOCK_DGRAM) as datagram:
            try:
                stream.bind((host, port))
                datagram.bind((host, port))
                return port
            except OSError:
                continue


def raise_descriptor_limit(wanted: int) -> int:
    """Lets this process have up to `wanted` descriptors; returns how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(soft, limit)
