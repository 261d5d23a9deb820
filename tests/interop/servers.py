"""Starts the name servers that are compared, each on a loopback port of its own, with the same zones."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import dnsmsg
from harness import PATIENCE, free_port, tcp_exchange, udp_exchange
from zones import Zone

PAYLOAD = 1232  # what each server is told to offer and to accept


def kith(program: Path, folder: Path, port: int, zones: list[Zone]) -> list[str]:
    config = {"server": {"listen": [f"127.0.0.1:{port}"], "workers": 1, "upstream": [], "udp_payload_max": PAYLOAD},
              "zones": {zone.apex: {"file": f"../{file_name(zone)}"} for zone in zones}}
    (folder / "kith.json").write_text(json.dumps(config, indent=1))
    return [str(program), "serve", "-c", str(folder / "kith.json")]


def knot(_program: Path, folder: Path, port: int, zones: list[Zone]) -> list[str]:
    text = f"""
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: {PAYLOAD}
    answer-rotation: on
database:
    storage: {folder}
template:
  - id: default
    storage: {folder.parent}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
log:
  - target: stderr
    any: warning
zone:
"""
    for zone in zones:
        if "knot" not in zone.unsuitable_for:
            text += f"  - domain: {zone.apex}\n    file: {file_name(zone)}\n"
    (folder / "knot.conf").write_text(text)
    return ["knotd", "-c", str(folder / "knot.conf")]


def nsd(_program: Path, folder: Path, port: int, zones: list[Zone]) -> list[str]:
    text = f"""
server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{folder.parent}"
    zonelistfile: "{folder}/zone.list"
    xfrdfile: "{folder}/xfrd.state"
    pidfile: "{folder}/nsd.pid"
    database: ""
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    ipv4-edns-size: {PAYLOAD}
    refuse-any: no
    tcp-timeout: 10
remote-control:
    control-enable: no
"""
    for zone in zones:
        if "nsd" not in zone.unsuitable_for:
            text += f'zone:\n    name: "{zone.apex}"\n    zonefile: "{file_name(zone)}"\n'
    (folder / "nsd.conf").write_text(text)
    return ["nsd", "-d", "-c", str(folder / "nsd.conf")]


def bind(_program: Path, folder: Path, port: int, zones: list[Zone]) -> list[str]:
    text = f"""
options {{
    directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{folder}/named.pid";
    session-keyfile none;
    recursion no;
    allow-query {{ any; }};
    minimal-responses no;
    minimal-any no;
    max-udp-size {PAYLOAD};
    edns-udp-size {PAYLOAD};
    check-names primary ignore;
    check-integrity no;
    empty-zones-enable no;
    notify no;
    zero-no-soa-ttl no;
    dnssec-validation no;
    answer-cookie yes;
}};
controls {{ }};
"""
    for zone in zones:
        text += f'zone "{zone.apex}" {{ type primary; file "{folder.parent}/{file_name(zone)}"; }};\n'
    (folder / "named.conf").write_text(text)
    return ["named", "-g", "-n", "1", "-c", str(folder / "named.conf")]


COMMANDS = {"kith": kith, "knot": knot, "nsd": nsd, "bind": bind}
PROGRAMS = {"knot": "knotd", "nsd": "nsd", "bind": "named"}
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


def file_name(zone: Zone) -> str:
    return (zone.apex if zone.apex != "." else "root.") + "zone"


def missing() -> list[str]:
    return [program for program in PROGRAMS.values() if shutil.which(program, path=PATH) is None]


class Server:
    """One running server; ask() it, stop() it."""

    def __init__(self, name: str, program: Path, folder: Path, zones: list[Zone]):
        self.name, self.zones = name, [zone for zone in zones if name not in zone.unsuitable_for]
        folder.mkdir()
        self.port = free_port()
        self.log_path = folder / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(COMMANDS[name](program, folder, self.port, zones), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=os.environ | {"PATH": PATH},
                                            start_new_session=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.settimeout(PATIENCE)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Every zone answers its SOA with authority."""
        deadline = time.monotonic() + PATIENCE
        for zone in self.zones:
            while True:
                try:
                    reply = dnsmsg.Message(udp_exchange(("127.0.0.1", self.port), dnsmsg.query(zone.apex, "SOA"), 0.5))
                    if reply.rcode == 0 and reply.has(dnsmsg.AA):
                        break
                except OSError:
                    pass
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not serve {zone.apex}:\n{self.log()[-3000:]}")
                time.sleep(0.02)

    def ask(self, message: bytes) -> bytes | None:
        """The reply over UDP; None when there was none (asked twice)."""
        for seconds in (2.0, PATIENCE):
            self.socket.settimeout(seconds)
            self.socket.send(message)
            try:
                while True:
                    reply = self.socket.recv(65535)
                    if reply[:2] == message[:2]:
                        return reply
            except OSError:
                continue
        return None

    def ask_tcp(self, message: bytes) -> bytes | None:
        try:
            return tcp_exchange(("127.0.0.1", self.port), message)
        except OSError:
            return None

    def stop(self) -> None:
        """NSD and its children have a process group of their own."""
        self.socket.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                return
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()
