#!/usr/bin/env python3
"""Kea's D2 daemon writes names of leases (RFC 4701, RFC 4703) into zones of the program.

    tests/interop/kea.py --kith build/dev/kith
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from harness import PATIENCE, Checks, Kith, arguments, free_port, skip, wait_for

PATH = os.environ.get("PATH", "") + ":/usr/sbin"
SECRET = "bm90IGEgc2VjcmV0IG9mIHlvdXJz"
NAME = "pc.dyn.home.example"
ONE, TWO = "0001010101aabb", "000101ffffff22"  # DHCIDs of two clients
CONFIG = {
    "server": {"listen": ["127.0.0.1:0"], "upstream": []},
    "keys": {"dhcp.": {"secret": SECRET}},
    "zones": {"home.example": {"update": ["grant dhcp. subdomain dyn A AAAA DHCID"]},
              "2.0.192.in-addr.arpa": {"update": ["grant dhcp. zonesub PTR DHCID"]}}}


def d2_config(port: int, dns_port: int) -> dict:
    def domains(zone: str) -> dict:
        return {"ddns-domains": [{"name": zone, "key-name": "dhcp.", "dns-servers": [{"ip-address": "127.0.0.1", "port": dns_port}]}]}
    return {"DhcpDdns": {"ip-address": "127.0.0.1", "port": port, "dns-server-timeout": 2000,
                         "tsig-keys": [{"name": "dhcp.", "algorithm": "HMAC-SHA256", "secret": SECRET}],
                         "forward-ddns": domains("home.example."), "reverse-ddns": domains("2.0.192.in-addr.arpa."),
                         "loggers": [{"name": "kea-dhcp-ddns", "output_options": [{"output": "stdout"}], "severity": "INFO"}]}}


class Kea:
    """The daemon, told about leases as Kea's DHCP servers tell it."""

    def __init__(self, program: str, folder: Path, dns_port: int):
        self.port = free_port()
        (folder / "d2.json").write_text(json.dumps(d2_config(self.port, dns_port)))
        self.log_path = folder / "log"
        environment = os.environ | {"KEA_PIDFILE_DIR": str(folder), "KEA_LOCKFILE_DIR": str(folder)}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "-c", str(folder / "d2.json")], stdout=log, stderr=log, env=environment)
        wait_for(lambda: "DHCP_DDNS_STARTED" in self.log() or "LISTEN" in self.log() or self.process.poll() is not None, "Kea's D2 to start")

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def tell(self, added: bool, dhcid: str, address: str) -> str:
        """Sends a change; returns what the log says when D2 is done with it."""
        seen = len(self.log())
        message = json.dumps({"change-type": 0 if added else 1, "forward-change": True, "reverse-change": True, "fqdn": NAME + ".", "ip-address": address,
                              "dhcid": dhcid, "lease-expires-on": "20991231000000", "lease-length": 1200, "use-conflict-resolution": True}).encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(struct.pack("!H", len(message)) + message, ("127.0.0.1", self.port))
        words = ["ADD_SUCCEEDED", "ADD_FAILED"] if added else ["REMOVE_SUCCEEDED", "REMOVE_FAILED"]
        return wait_for(lambda: next((word for word in words if f"DHCP_DDNS_{word}" in self.log()[seen:]), None), f"D2's word about {address}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


def main() -> int:
    options = arguments(__doc__).parse_args()
    program = shutil.which("kea-dhcp-ddns", path=PATH)
    if program is None:
        return skip("not installed: kea-dhcp-ddns")
    checks = Checks()
    with Kith(options.kith, CONFIG) as kith, tempfile.TemporaryDirectory(prefix="kith-kea-") as folder:
        def found(name: str, rtype: str) -> list[str]:
            words = ["dig", "+short", f"@{kith.address[0]}", "-p", str(kith.address[1]), *(["-x", name] if rtype == "PTR" else [name, rtype])]
            # Without the libraries that Kea may have been given: dig has its own.
            return subprocess.run(words, capture_output=True, text=True, timeout=30, env={"PATH": PATH}).stdout.split()

        kea = Kea(program, Path(folder), kith.address[1])
        try:
            checks.equal("a new client", kea.tell(True, ONE, "192.0.2.100"), "ADD_SUCCEEDED")
            checks.equal("its address", found(NAME, "A"), ["192.0.2.100"])
            checks.equal("whose it is", found(NAME, "DHCID"), ["AAEBAQGquw=="])
            checks.equal("its reverse name", found("192.0.2.100", "PTR"), [NAME + "."])
            checks.equal("another client of that name", kea.tell(True, TWO, "192.0.2.101"), "ADD_FAILED")
            checks.equal("the first keeps it", found(NAME, "A"), ["192.0.2.100"])
            checks.equal("the first moves", kea.tell(True, ONE, "192.0.2.102"), "ADD_SUCCEEDED")
            checks.equal("its new address", found(NAME, "A"), ["192.0.2.102"])
            checks.equal("another client cannot take it away", kea.tell(False, TWO, "192.0.2.102"), "REMOVE_FAILED")
            checks.equal("it is still there", found(NAME, "A"), ["192.0.2.102"])
            checks.equal("the first leaves", kea.tell(False, ONE, "192.0.2.102"), "REMOVE_SUCCEEDED")
            checks.equal("no address", found(NAME, "A"), [])
            checks.equal("nor owner", found(NAME, "DHCID"), [])
            checks.equal("nor reverse name", found("192.0.2.102", "PTR"), [])
        finally:
            kea.stop()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
