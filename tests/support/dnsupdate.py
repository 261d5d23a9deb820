"""UPDATE messages (RFC 2136) and TSIG (RFC 8945) with Python's standard library only."""

import base64
import hashlib
import hmac
import random
import struct
import time

from dnsmsg import TYPES, name_from_text, name_wire

UPDATE = 5 << 11
NONE, ANY = 254, 255


class Key:
    """A TSIG key with hmac-sha256."""

    def __init__(self, name: str, secret: bytes = b"an insecure secret of the tests!"):
        self.name, self.secret = name, secret

    def config(self) -> dict:
        return {self.name: {"secret": base64.b64encode(self.secret).decode()}}

    def sign(self, message: bytes, at: int | None = None) -> bytes:
        at = int(time.time()) if at is None else at
        owner = name_wire(tuple(label.lower() for label in name_from_text(self.name)))
        algorithm = name_wire("hmac-sha256.")
        times = struct.pack("!HIH", at >> 32, at & 0xffffffff, 300)
        variables = owner + struct.pack("!HI", ANY, 0) + algorithm + times + struct.pack("!HH", 0, 0)
        mac = hmac.new(self.secret, message + variables, hashlib.sha256).digest()
        rdata = algorithm + times + struct.pack("!H", len(mac)) + mac + message[:2] + struct.pack("!HH", 0, 0)
        additional = struct.unpack("!H", message[10:12])[0] + 1
        return (message[:10] + struct.pack("!H", additional) + message[12:] + owner
                + struct.pack("!HHIH", TYPES["TSIG"], ANY, 0, len(rdata)) + rdata)


def record(name: str, rtype: str, ttl: int, rdata: bytes, rclass: int = 1) -> bytes:
    return name_wire(name) + struct.pack("!HHIH", TYPES[rtype], rclass, ttl, len(rdata)) + rdata


def add_a(name: str, address: str, ttl: int = 300) -> bytes:
    return record(name, "A", ttl, bytes(map(int, address.split("."))))


def delete_name(name: str) -> bytes:
    return record(name, "ANY", 0, b"", ANY)


def update(zone: str, *updates: bytes, prerequisites: tuple[bytes, ...] = (), ident: int | None = None,
           additional: bytes = b"") -> bytes:
    ident = random.randrange(65536) if ident is None else ident
    head = struct.pack("!HHHHHH", ident, UPDATE, 1, len(prerequisites), len(updates), 1 if additional else 0)
    return head + name_wire(zone) + struct.pack("!HH", TYPES["SOA"], 1) + b"".join(prerequisites) + b"".join(updates) + additional


def lease_option(seconds: int) -> bytes:
    """An OPT record with an Update Lease (RFC 9664 §4)."""
    option = struct.pack("!HHI", 2, 4, seconds)
    return b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(option)) + option


def serial(soa_rdata: bytes) -> int:
    return struct.unpack("!I", soa_rdata[-20:-16])[0]


def ixfr(zone: str, have: int, ident: int = 7) -> bytes:
    soa = b"\0\0" + struct.pack("!IIIII", have, 0, 0, 0, 0)
    head = struct.pack("!HHHHHH", ident, 0, 1, 0, 1, 0)
    return (head + name_wire(zone) + struct.pack("!HH", TYPES["IXFR"], 1)
            + name_wire(zone) + struct.pack("!HHIH", TYPES["SOA"], 1, 0, len(soa)) + soa)


def notify(zone: str, ident: int = 9) -> bytes:
    """A NOTIFY (RFC 1996) without the serial."""
    return struct.pack("!HHHHHH", ident, 4 << 11 | 0x400, 1, 0, 0, 0) + name_wire(zone) + struct.pack("!HH", TYPES["SOA"], 1)
