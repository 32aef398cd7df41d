"""What clients of the tests send, and what they read in an answer."""

import json
import socket

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /a HTTP/1.1\r\n" + HOST
CLOSE = b"Connection: close\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def detail(answer: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return str(json.loads(body)["detail"])


def is_ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def in_chunks(data: bytes, size: int = 1000) -> bytes:
    parts = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
