"""The receiver that tests and `make chaos` use takes whole requests alone."""

import socket

from tests.receiver import receiver


def test_a_request_whose_sender_is_killed_within_its_body_is_not_received() -> None:
    head = b"POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    with receiver() as there:
        with socket.create_connection(("127.0.0.1", there.port)) as sender:
            sender.sendall(head + b'{"type": ')
            sender.shutdown(socket.SHUT_WR)
            assert sender.recv(1000) == b""
        assert there.received == []
