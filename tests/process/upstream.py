"""A name server to forward to, with Python's standard library: answers as a handler says, and remembers."""

import socket
import struct
import threading
from collections.abc import Callable

import dnsmsg
from harness import frame, free_port, read_frame

Handler = Callable[[bytes, str], bytes | None]  # (query, "udp" or "tcp") -> reply, None: silence


def answer_a(query: bytes, _transport: str, address: str = "198.51.100.1", ttl: int = 300) -> bytes:
    """The address for every A question, no data for others."""
    name, end = dnsmsg.read_name(query, 12)
    is_a = query[end:end + 2] == b"\0\1"
    records = [dnsmsg.record(name, "A", ttl, dnsmsg.a_rdata(address))] if is_a else []
    return dnsmsg.response(query, records, edns=dnsmsg.opt() if dnsmsg.Message(query).edns else None)


class Upstream:
    """Serves on 127.0.0.1; `handler` may be replaced at any time, `seen` holds (transport, query)."""

    def __init__(self, handler: Handler = answer_a):
        self.handler = handler
        self.seen: list[tuple[str, dnsmsg.Message]] = []
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen()
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    @property
    def text(self) -> str:
        return f"127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        return [dnsmsg.name_to_text(message.questions[0][0]).lower() for _, message in self.seen]

    def _serve_udp(self) -> None:
        while True:
            try:
                query, client = self.udp.recvfrom(65535)
            except OSError:
                return
            if not query:
                return  # shut down
            threading.Thread(target=self._answer_udp, args=(query, client), daemon=True).start()

    def _answer_udp(self, query: bytes, client: tuple[str, int]) -> None:
        self.seen.append(("udp", dnsmsg.Message(query)))
        reply = self.handler(query, "udp")
        if reply is not None:
            try:
                self.udp.sendto(reply, client)
            except OSError:
                pass

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        with connection:
            try:
                while True:
                    query = read_frame(connection)
                    self.seen.append(("tcp", dnsmsg.Message(query)))
                    reply = self.handler(query, "tcp")
                    if reply is not None:
                        connection.sendall(frame(reply))
            except (OSError, struct.error):
                return

    def close(self) -> None:
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def __enter__(self) -> "Upstream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
