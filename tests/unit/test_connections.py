"""A connection is not taken up again when more came on it than the answer that was asked for."""

from __future__ import annotations

import email.parser
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from sources.help_scout.api.client import Client
from sources.help_scout.api.connections import GuardedTransport, transport_for
from sources.help_scout.planning.request_plan import Request

TOKEN = {"access_token": "t", "expires_in": 7200}
STALE = {"current": {"from": "before it was asked for"}}


def answer_of(body: object, *, chunked: bool) -> bytes:
    content = json.dumps(body).encode()
    if not chunked:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        len(content),
        content,
    )


class Server:
    """Answers every request of each connection in turn; after the first report it sends one more
    answer that nobody asked for."""

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        self.asked = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as received:
            while request_line := received.readline():
                headers = email.parser.BytesParser().parsebytes(_until_empty_line(received))
                received.read(int(headers["Content-Length"] or 0))
                if request_line.startswith(b"POST"):
                    sent = answer_of(TOKEN, chunked=False)
                else:
                    self.asked += 1
                    sent = answer_of({"current": {"n": self.asked}}, chunked=self._chunked)
                    if self.asked == 1:
                        sent += answer_of(STALE, chunked=self._chunked)
                connection.sendall(sent)


def _until_empty_line(received: BinaryIO) -> bytes:
    return b"".join(iter(received.readline, b"\r\n"))


@contextmanager
def serving(*, chunked: bool) -> Iterator[Server]:
    server = Server(chunked=chunked)
    try:
        yield server
    finally:
        server.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_came_before_its_request_is_given_to_none(chunked: bool) -> None:
    request = Request.of("/v2/reports/company", {})
    with serving(chunked=chunked) as server, Client(server.base_url, "id", "secret") as client:
        found = [client.get(request).body["current"]["n"] for _ in range(3)]
        assert (found, client.sent, server.connections) == ([1, 2, 3], 3, 2)


def test_where_a_proxy_is_configured_httpx_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    context, url = ssl.create_default_context(), "https://api.example.test"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.test:3128")
    assert transport_for(url, context) is None
    monkeypatch.setenv("NO_PROXY", "api.example.test")
    assert isinstance(transport_for(url, context), GuardedTransport)
