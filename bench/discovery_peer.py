#!/usr/bin/env python3
"""The other side of bench/discovery.py, run inside a namespace: fills caches, and asks a responder again and again."""

import socket
import struct
import sys
import time

GROUP = ("224.0.0.251", 5353)
PTR, TXT, SRV, A = 12, 16, 33, 1
UNIQUE, SHARED = 0x8001, 0x0001


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def record(owner: str, kind: int, klass: int, ttl: int, rdata: bytes) -> bytes:
    return name(owner) + struct.pack("!HHIH", kind, klass, ttl, len(rdata)) + rdata


def multicast_socket(address: str, port: int) -> socket.socket:
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    out.bind(("", port))
    return out


def fill(address: str, count: int) -> None:
    """Announces `count` records: four for each service, as many hosts would."""
    out = multicast_socket(address, 5353)
    for i in range(count // 4):
        instance, host = f"Device number {i}._fill._tcp.local", f"device-{i}.local"
        answers = [record("_fill._tcp.local", PTR, SHARED, 4500, name(instance)),
                   record(instance, SRV, UNIQUE, 4500, struct.pack("!3H", 0, 0, 80) + name(host)),
                   record(instance, TXT, UNIQUE, 4500, b"\x0cpath=/status\x07model=a"),
                   record(host, A, UNIQUE, 4500, bytes([10, 66, 100 + i // 250, 1 + i % 250]))]
        out.sendto(struct.pack("!6H", 0, 0x8400, 0, 4, 0, 0) + b"".join(answers), GROUP)
        time.sleep(0.004)
    print("filled", flush=True)


def ask(address: str, count: int, responders: list[str]) -> None:
    """Asks the responders in turn, `count` times each: for its host name, in a simple query to its address. Prints which one it was and
    how long its answer took, in microseconds."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind((address, 0))
    out.settimeout(2)
    for i in range(count * len(responders)):
        which = i % len(responders)
        host, responder = responders[which].split("=")
        query = struct.pack("!6H", i & 0xffff, 0, 1, 0, 0, 0) + name(host) + struct.pack("!2H", A, 1)
        begin = time.perf_counter()
        out.sendto(query, (responder, GROUP[1]))
        try:
            message, source = out.recvfrom(9000)
        except TimeoutError:
            print(which, "lost", flush=True)
            continue
        took = time.perf_counter() - begin
        good = message[:2] == query[:2] and source[0] == responder and message[7] > 0
        print(which, f"{took * 1e6:.1f}" if good else "wrong", flush=True)
        time.sleep(0.002)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2], int(sys.argv[3]))
    else:
        ask(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
