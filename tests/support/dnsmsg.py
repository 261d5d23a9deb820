"""DNS messages with Python's standard library only, so that nothing of kith judges kith.

Deliberately naive: names are tuples of labels (bytes), RDATA stays bytes with its names expanded.
"""

import random
import struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "NULL": 10, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17,
         "AFSDB": 18, "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "CERT": 37, "DNAME": 39, "OPT": 41, "DS": 43,
         "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "CDS": 59, "SVCB": 64, "HTTPS": 65, "SPF": 99, "TKEY": 249,
         "TSIG": 250, "IXFR": 251, "AXFR": 252, "ANY": 255, "URI": 256, "CAA": 257, "TYPE65280": 65280}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5, "YXDOMAIN": 6,
          "BADVERS": 16, "BADCOOKIE": 23}
RCODE_NAMES = {number: name for name, number in RCODES.items()}
QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
COOKIE, NSID, EDE, KEEPALIVE, PADDING = 10, 3, 15, 11, 12

# Names inside RDATA: how many octets stand before the first, and how many names follow each other.
# Only the types of RFC 1035 may be compressed (RFC 3597 §4), but we read what we are sent.
NAMES_IN_RDATA = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 17: (0, 2), 18: (2, 1), 33: (6, 1), 39: (0, 1)}


class Malformed(Exception):
    """What was received is no DNS message."""


def name_from_text(text: str) -> tuple[bytes, ...]:
    """Labels of a name in presentation form: `\\.` and `\\DDD` are understood."""
    labels, label, i = [], bytearray(), 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1:i + 4].isdigit():
            label.append(int(text[i + 1:i + 4]))
            i += 4
        elif text[i] == "\\":
            label += text[i + 1].encode()
            i += 2
        elif text[i] == ".":
            if label:
                labels.append(bytes(label))
            label, i = bytearray(), i + 1
        else:
            label += text[i].encode()
            i += 1
    if label:
        labels.append(bytes(label))
    return tuple(labels)


def name_to_text(labels: tuple[bytes, ...]) -> str:
    def letter(byte: int) -> str:
        if byte in b'.\\"();@$':
            return "\\" + chr(byte)
        return chr(byte) if 33 <= byte <= 126 else f"\\{byte:03}"
    return "".join("".join(map(letter, label)) + "." for label in labels) or "."


def name_wire(name: str | tuple[bytes, ...]) -> bytes:
    labels = name_from_text(name) if isinstance(name, str) else name
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def option(code: int, value: bytes = b"") -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def opt(payload: int = 1232, *, do: bool = False, version: int = 0, flags: int = 0, options: bytes = b"") -> bytes:
    """An OPT record, owner included."""
    ttl = (version << 16) | (0x8000 if do else 0) | flags
    return b"\0" + struct.pack("!HHIH", 41, payload, ttl, len(options)) + options


def query(name: str | tuple[bytes, ...], rtype: str | int = "A", *, ident: int | None = None, rd: bool = True,
          flags: int = 0, rclass: int = 1, edns: bytes | None = None) -> bytes:
    """A query of one question; `edns` is what opt() returns."""
    number = TYPES[rtype] if isinstance(rtype, str) else rtype
    ident = random.randrange(65536) if ident is None else ident
    head = struct.pack("!HHHHHH", ident, flags | (RD if rd else 0), 1, 0, 0, 1 if edns else 0)
    return head + name_wire(name) + struct.pack("!HH", number, rclass) + (edns or b"")


def read_name(message: bytes, at: int) -> tuple[tuple[bytes, ...], int]:
    labels, after, least = [], None, at
    while True:
        if at >= len(message):
            raise Malformed("name beyond the end")
        size = message[at]
        if size >= 0xc0:
            target = ((size & 0x3f) << 8) | message[at + 1]
            after = at + 2 if after is None else after
            if target >= least:
                raise Malformed("pointer that does not point backwards")
            at = least = target
        elif size > 63:
            raise Malformed(f"label type {size:#x}")
        elif size == 0:
            return tuple(labels), at + 1 if after is None else after
        else:
            labels.append(message[at + 1:at + 1 + size])
            at += 1 + size


class Record:
    def __init__(self, message: bytes, at: int):
        self.name, at = read_name(message, at)
        if at + 10 > len(message):
            raise Malformed("record beyond the end")
        self.type, self.rclass, self.ttl, size = struct.unpack("!HHIH", message[at:at + 10])
        at += 10
        self.end = at + size
        if self.end > len(message):
            raise Malformed("RDATA beyond the end")
        self.rdata = message[at:self.end]
        if self.type in NAMES_IN_RDATA and size:
            before, count = NAMES_IN_RDATA[self.type]
            rdata, place = message[at:at + before], at + before
            for _ in range(count):
                labels, place = read_name(message, place)
                rdata += name_wire(labels)
            self.rdata = rdata + message[place:self.end]

    def text(self) -> str:
        """Name, type and data for people; A, AAAA, TXT and names of hosts in their usual form."""
        data = self.rdata.hex()
        if self.type == 1 and len(self.rdata) == 4:
            data = ".".join(map(str, self.rdata))
        elif self.type == 16 and self.rdata:
            data = self.rdata[1:1 + self.rdata[0]].decode("latin-1")
        elif self.type in (2, 5, 12, 39):
            data = name_to_text(read_name(self.rdata, 0)[0])
        return f"{name_to_text(self.name)} {TYPE_NAMES.get(self.type, self.type)} {data}"


class Message:
    def __init__(self, wire: bytes):
        if len(wire) < 12:
            raise Malformed(f"{len(wire)} bytes are no header")
        self.wire = wire
        self.id, self.flags, *counts = struct.unpack("!HHHHHH", wire[:12])
        self.opcode = (self.flags >> 11) & 15
        self.rcode = self.flags & 15
        self.questions: list[tuple[tuple[bytes, ...], int, int]] = []
        at = 12
        for _ in range(counts[0]):
            name, at = read_name(wire, at)
            self.questions.append((name, *struct.unpack("!HH", wire[at:at + 4])))
            at += 4
        self.sections: list[list[Record]] = [[], [], []]
        self.edns: Record | None = None
        for section, count in zip(self.sections, counts[1:]):
            for _ in range(count):
                record = Record(wire, at)
                at = record.end
                if record.type == 41:
                    if self.edns:
                        raise Malformed("two OPT records")
                    self.edns = record
                else:
                    section.append(record)
        if at != len(wire):
            raise Malformed(f"{len(wire) - at} bytes after the message")
        if self.edns:
            self.rcode |= (self.edns.ttl >> 24) << 4

    @property
    def answer(self) -> list[Record]:
        return self.sections[0]

    @property
    def authority(self) -> list[Record]:
        return self.sections[1]

    @property
    def additional(self) -> list[Record]:
        return self.sections[2]

    @property
    def rcode_name(self) -> str:
        return RCODE_NAMES.get(self.rcode, str(self.rcode))

    def has(self, flag: int) -> bool:
        return bool(self.flags & flag)

    def options(self) -> dict[int, bytes]:
        out, rest = {}, self.edns.rdata if self.edns else b""
        while rest:
            code, size = struct.unpack("!HH", rest[:4])
            out[code] = rest[4:4 + size]
            rest = rest[4 + size:]
        return out

    def data(self, rtype: str | None = None) -> list[str]:
        """Data of the answers in text, sorted; of one type or of all."""
        return sorted(record.text().split(" ", 2)[2] for record in self.answer
                      if rtype is None or record.type == TYPES[rtype])


def record(name: str | tuple[bytes, ...], rtype: str, ttl: int, rdata: bytes) -> bytes:
    return name_wire(name) + struct.pack("!HHIH", TYPES[rtype], 1, ttl, len(rdata)) + rdata


def response(query_wire: bytes, answers: list[bytes] = (), *, rcode: int = 0, flags: int = RA, edns: bytes | None = None,
             authority: list[bytes] = ()) -> bytes:
    """The response a plain upstream would give: question copied as it came."""
    ident, asked = struct.unpack("!HH", query_wire[:4])
    _, end = read_name(query_wire, 12)
    head = struct.pack("!HHHHHH", ident, QR | (asked & (RD | CD)) | flags | rcode, 1, len(answers), len(authority),
                       1 if edns else 0)
    return head + query_wire[12:end + 4] + b"".join(answers) + b"".join(authority) + (edns or b"")


def a_rdata(address: str) -> bytes:
    return bytes(map(int, address.split(".")))


def txt_rdata(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()
