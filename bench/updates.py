#!/usr/bin/env python3
"""Durable updates a second: kith beside BIND and Knot, on the same zone, with the same client.

    bench/updates.py --kith build/release/kith --records 1000000 --seconds 10
    bench/updates.py --records 10000 --seconds 2 --signed

Every server has a zone of so many records in a folder on a real disk and journals each change with
its own default durability; what that is stands in the table. The client keeps `--window` updates, each
signed with TSIG (hmac-sha256) and adding one new name, on their way over `--connections` TCP
connections, and counts acknowledged ones. Only servers that are installed take part.

Durability differs: kith acknowledges when the change is on disk (fsync of the journal); Knot when its
journal (LMDB) is, unless `journal-db-mode: asynchronous`; BIND writes its .jnl and syncs it. BIND
answers each update when it is applied, one after another; Knot and kith take together what waits.
"""

import argparse
import asyncio
import base64
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from dnsmsg import query
from dnsupdate import Key, add_a, update

ZONE = "dyn.example."
KEY = Key("bench.")
SECRET = base64.b64encode(KEY.secret).decode()


def zone_text(records: int) -> str:
    lines = ["$ORIGIN dyn.example.", "$TTL 300", "@ SOA ns hostmaster 1 3600 900 604800 300", "@ NS ns", "ns A 127.0.0.1"]
    lines += [f"host{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" for i in range(records - 3)]
    return "\n".join(lines) + "\n"


class Server:
    durability = ""

    def __init__(self, folder: Path, port: int, options: argparse.Namespace):
        self.folder, self.port, self.options = folder, port, options
        self.process: subprocess.Popen | None = None
        folder.mkdir()
        (folder / "dyn.zone").write_text(options.zone_text)

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self, seconds: float = 900) -> None:
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-1000:])
            reply = self.ask()
            if reply and reply[3] & 15 == 0 and struct.unpack("!H", reply[6:8])[0]:
                return
            time.sleep(0.1)
        raise RuntimeError("it does not serve")

    def ask(self) -> bytes | None:
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            try:
                sock.sendto(query(ZONE, "SOA", rd=False), ("127.0.0.1", self.port))
                return sock.recv(4096)
            except OSError:
                return None

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class KithServer(Server):
    durability = "journal synced before the answer"

    def command(self) -> list[str]:
        zone = {"file": "dyn.zone", "update": ["grant bench. zonesub ANY"]} | ({"dnssec": {}} if self.options.signed else {})
        config = {"server": {"listen": [f"127.0.0.1:{self.port}"], "upstream": [], "workers": 1, "log_level": "WARN"},
                  "keys": {"bench.": {"secret": SECRET}}, "zones": {ZONE: zone}}
        (self.folder / "kith.json").write_text(json.dumps(config))
        return [str(self.options.kith.resolve()), "serve", "-c", "kith.json"]


class BindServer(Server):
    durability = "journal written, synced"

    def command(self) -> list[str]:
        policy = "dnssec-policy default; inline-signing yes;" if self.options.signed else ""
        (self.folder / "named.conf").write_text(f"""
options {{ directory "{self.folder}"; pid-file none; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; max-journal-size 1g; key-directory "{self.folder}"; }};
controls {{ }};
key "bench." {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "dyn.example" {{ type primary; file "dyn.zone"; update-policy {{ grant bench. zonesub ANY; }}; {policy} }};
""")
        return ["named", "-g", "-n", "1", "-c", str(self.folder / "named.conf")]


class KnotServer(Server):
    durability = "journal in LMDB, synced"

    def command(self) -> list[str]:
        signing = "dnssec-signing: on\n    dnssec-policy: p" if self.options.signed else ""
        policy = "policy:\n  - id: p\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n" if self.options.signed else ""
        (self.folder / "knot.conf").write_text(f"""
server:
    rundir: {self.folder}
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {self.folder}
    journal-db-max-size: 8G
key:
  - id: bench.
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: up
    key: bench.
    action: update
{policy}zone:
  - domain: dyn.example
    storage: {self.folder}
    file: dyn.zone
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: changes
    journal-max-usage: 4G
    acl: up
    {signing}
""")
        return ["knotd", "-c", str(self.folder / "knot.conf")]


SERVERS = {"kith": KithServer, "bind": BindServer, "knot": KnotServer}
PROGRAMS = {"bind": "named", "knot": "knotd"}


class Load:
    """Keeps updates on their way until the time is over."""

    def __init__(self, port: int, options: argparse.Namespace):
        self.port, self.options = port, options
        self.done = self.failed = self.next = 0
        self.latencies: list[float] = []

    def message(self) -> bytes:
        self.next += 1
        body = update(ZONE, add_a(f"new{self.next}-{self.port}.{ZONE}", "192.0.2.1"), ident=self.next & 0xffff)
        return KEY.sign(body)

    async def connection(self, deadline: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        window = max(1, self.options.window // self.options.connections)
        sent: dict[int, float] = {}

        def send() -> None:
            message = self.message()
            sent[struct.unpack("!H", message[:2])[0]] = time.monotonic()
            writer.write(struct.pack("!H", len(message)) + message)

        for _ in range(window):
            send()
        while sent:
            try:
                size = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), 20))[0]
                reply = await reader.readexactly(size)
            except (asyncio.IncompleteReadError, asyncio.TimeoutError, OSError):
                self.failed += len(sent)
                break
            began = sent.pop(struct.unpack("!H", reply[:2])[0], None)
            now = time.monotonic()
            if began is None:
                continue
            if reply[3] & 15:
                self.failed += 1
            elif now < deadline:
                self.done += 1
                self.latencies.append(now - began)
            if now < deadline:
                send()
        writer.close()

    async def run(self) -> float:
        start = time.monotonic()
        deadline = start + self.options.seconds
        await asyncio.gather(*(self.connection(deadline) for _ in range(self.options.connections)))
        return min(time.monotonic(), deadline) - start


def measure(name: str, port: int, folder: Path, options: argparse.Namespace) -> dict:
    server = SERVERS[name](folder / name, port, options)
    try:
        server.start()
        cpu = server.cpu_seconds()
        load = Load(port, options)
        took = asyncio.run(load.run())
        cpu = server.cpu_seconds() - cpu
        latencies = sorted(load.latencies) or [0.0]
        return {"server": name, "updates_per_second": round(load.done / took), "failed": load.failed,
                "cpu_us_per_update": round(cpu / max(1, load.done) * 1e6), "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 2),
                "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1e3, 2), "durability": server.durability}
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kith", type=Path, default=ROOT / "build/release/kith")
    parser.add_argument("--servers", nargs="+", default=list(SERVERS), choices=list(SERVERS))
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--window", type=int, default=64, help="updates on their way")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--port", type=int, default=5390)
    parser.add_argument("--signed", action="store_true", help="every server signs the zone (ECDSA P-256, NSEC)")
    parser.add_argument("--folder", type=Path, help="on a real disk; default: where temporary files are")
    options = parser.parse_args()
    options.zone_text = zone_text(options.records)
    rows = []
    with tempfile.TemporaryDirectory(prefix="kith-updates-", dir=options.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for number, server in enumerate(options.servers):
            if server in PROGRAMS and not shutil.which(PROGRAMS[server]):
                print(f"{server}: not installed", file=sys.stderr)
                continue
            try:
                rows.append(measure(server, options.port + number, folder, options))
            except RuntimeError as error:
                print(f"{server}: {error}", file=sys.stderr)
                continue
            print(json.dumps(rows[-1]), flush=True)
            shutil.rmtree(folder / server, ignore_errors=True)
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
