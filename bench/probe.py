"""A few lines of DNS client: is the answer right before it is timed?"""

import random
import socket
import struct
import time
from dataclasses import dataclass, field

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "AAAA": 28, "SRV": 33}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, NXDOMAIN = 0, 3


@dataclass(frozen=True)
class Expected:
    """What a right answer has: types of each section as a subset, and bytes of one RDATA."""
    name: str
    type: str
    rcode: int = NOERROR
    answer: tuple[str, ...] = ()
    rdata: bytes = b""
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()


@dataclass
class Answer:
    rcode: int
    sections: list[list[tuple[str, bytes]]] = field(default_factory=list)


def encode(name: str, rr_type: str, message_id: int, recursion: bool) -> bytes:
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    header = struct.pack("!6H", message_id, 0x100 if recursion else 0, 1, 0, 0, 0)
    return header + question + b"\0" + struct.pack("!2H", TYPES[rr_type], 1)


def skip_name(message: bytes, at: int) -> int:
    while message[at] != 0:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def decode(message: bytes) -> Answer:
    _id, flags, questions, *counts = struct.unpack_from("!6H", message)
    at = 12
    for _ in range(questions):
        at = skip_name(message, at) + 4
    out = Answer(flags & 15)
    for count in counts:
        section = []
        for _ in range(count):
            at = skip_name(message, at)
            rr_type, _class, _ttl, size = struct.unpack_from("!2HIH", message, at)
            section.append((NAMES.get(rr_type, str(rr_type)), message[at + 10:at + 10 + size]))
            at += 10 + size
        out.sections.append(section)
    return out


def ask(port: int, name: str, rr_type: str, recursion: bool = False, timeout: float = 1.0) -> Answer | None:
    """One query over UDP to 127.0.0.1; None without an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", port))
        message_id = random.randrange(65536)
        try:
            sock.send(encode(name, rr_type, message_id, recursion))
            message = sock.recv(65535)
        except OSError:
            return None  # refused while the server starts, or silence
    return decode(message) if struct.unpack_from("!H", message)[0] == message_id else None


def fault(expected: Expected, answer: Answer | None) -> str | None:
    """Why `answer` is not the expected one; None when it is."""
    what = f"{expected.name} {expected.type}"
    if answer is None:
        return f"{what}: no answer"
    if answer.rcode != expected.rcode:
        return f"{what}: expected rcode {expected.rcode}, found {answer.rcode}"
    wanted = (expected.answer, expected.authority, expected.additional)
    for title, types, section in zip(("answer", "authority", "additional"), wanted, answer.sections):
        found = [rr_type for rr_type, _ in section]
        for rr_type in set(types):
            if found.count(rr_type) < types.count(rr_type):
                return f"{what}: expected {types.count(rr_type)} {rr_type} as {title}, found {found}"
    if expected.rdata and expected.rdata not in [data for _, data in answer.sections[0]]:
        return f"{what}: expected the address {expected.rdata.hex()}, found {answer.sections[0]}"
    return None


def wait_until_right(port: int, expected: Expected, seconds: float, recursion: bool = False) -> str | None:
    """Asks until the answer is right; the last fault when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        found = fault(expected, ask(port, expected.name, expected.type, recursion, 0.5))
        if found is None or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def first_answer_seconds(port: int, expected: Expected, start: float, limit: float,
                         alive=lambda: True) -> float | None:
    """Seconds from `start` (time.monotonic) to the first right answer, a query every millisecond."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.001)
        message = encode(expected.name, expected.type, 4711, False)
        while time.monotonic() - start < limit and alive():
            try:
                sock.send(message)
                got = sock.recv(65535)
            except TimeoutError:
                continue
            except OSError:
                time.sleep(0.0005)  # nobody listens yet
                continue
            if fault(expected, decode(got)) is None:
                return time.monotonic() - start
    return None
