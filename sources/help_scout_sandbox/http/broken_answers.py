"""What faults make of an answer: another body, wrong lengths, and connections that break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .faults import Fault
from .platform import Encoded

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
BREAKS: dict[str, Callable[[int], tuple[int, int]]] = {
    "drop": lambda size: (size, 0),
    "reset": lambda size: (size, size // 2),
    "stall_body": lambda size: (size, size // 2),
    "short_length": lambda size: (max(0, size - 20), size),
    "long_length": lambda size: (size + 20, size),
}
"""The Content-Length and the number of bytes sent that a fault makes of a body's size."""


class BrokenResponse(Response):
    """Bytes as no server should send them, then a connection that breaks.

    They go straight to the connection: the server itself would refuse to send a wrong length.
    `seconds` is how long the connection stays open after them, unless the client ends it.
    """

    def __init__(self, head_and_body: bytes, seconds: float = 0) -> None:
        super().__init__()
        self._bytes = head_and_body
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport: asyncio.Transport = scope["sandbox.transport"]
        transport.write(self._bytes)
        gone = asyncio.create_task(_disconnected(receive))
        await asyncio.wait([gone], timeout=self._seconds)
        transport.close()
        await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def break_answer(encoded: Encoded, headers: Mapping[str, str], fault: Fault | None) -> Response:
    """The response with an answer, as the fault lets it through."""
    status, content, media_type = _change_body(encoded, fault)
    response = Response(content, status, headers, media_type)
    if fault is None or fault.kind not in BREAKS:
        return response
    if fault.kind == "drop":
        return BrokenResponse(b"")
    length, sent = BREAKS[fault.kind](len(content))
    kept = [(k, v) for k, v in response.raw_headers if k != b"content-length"]
    lines = [b"HTTP/1.1 %d Broken" % status, *(k + b": " + v for k, v in kept)]
    head = b"\r\n".join([*lines, b"Content-Length: %d" % length, b"", b""])
    return BrokenResponse(head + content[:sent], 0 if fault.kind == "reset" else fault.seconds)


def _change_body(encoded: Encoded, fault: Fault | None) -> Encoded:
    status, content, media_type = encoded
    if fault is None or status != 200:
        return encoded
    if fault.kind == "truncate":
        return status, content[: len(content) // 2], media_type
    if fault.kind == "html":
        return status, HTML, "text/html"
    if fault.kind == "change_body" and fault.change is not None:
        return status, orjson.dumps(fault.change(orjson.loads(content))), media_type
    return encoded
