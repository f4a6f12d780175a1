"""Connections that are kept open for the next request only while nothing is left on them.

Bytes that follow an answer before anything else is asked would be taken for the next request's
answer. Neither httpx nor h11 says that there are any, so the stream below counts what it reads: by
the length that the answer's own headers give, or by the last chunk. A connection with more on it
says that it can be read, and httpcore closes it before the next request.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_HEADERS_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
MOST_HEADER_BYTES = 100_000
KEPT_SECONDS = 5.0


class _Chunks:
    """Follows a chunked body to its end."""

    def __init__(self) -> None:
        self._line, self._left = b"", 0  # of a chunk's length; of a chunk and its line end
        self._is_last = False
        self.has_more = False

    def add(self, data: bytes) -> None:
        """Goes on through the bytes; sets `has_more` when some follow the last chunk."""
        while data and not self.has_more:
            if self._left:
                taken = min(self._left, len(data))
                self._left -= taken
                data = data[taken:]
                continue
            if self._is_last:
                self.has_more = True
                return
            self._line += data
            line, end, data = self._line.partition(b"\r\n")
            if not end:
                return
            try:
                length = int(line.partition(b";")[0], 16)
            except ValueError:  # no chunk: nothing on this connection can be told any more
                self.has_more = True
                return
            self._line, self._is_last, self._left = b"", length == 0, length + 2


class _Stream(httpcore.NetworkStream):
    """A stream that knows whether it holds more than the answer to the last request."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._begin()

    def _begin(self) -> None:
        """Nothing was read since the last request."""
        self._head, self._body_bytes, self._in_body = b"", 0, False
        self._length: int | None = None
        self._chunks: _Chunks | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, counted."""
        data = self._stream.read(max_bytes, timeout)
        body = data
        if not self._in_body:
            self._head += data
            head, end, body = self._head.partition(_HEADERS_END)
            if not end and len(self._head) < MOST_HEADER_BYTES:
                return data
            found = _LENGTH.search(head + b"\r\n")
            self._length = int(found[1]) if found else None
            self._chunks = _Chunks() if _CHUNKED.search(head) else None
            self._in_body, self._head = True, b""
        self._body_bytes += len(body)
        if self._chunks is not None:
            self._chunks.add(body)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends bytes of a request."""
        self._begin()
        self._stream.write(buffer, timeout)

    def _has_more(self) -> bool:
        """Whether more was read than the last answer."""
        if self._chunks is not None:
            return self._chunks.has_more
        return self._length is not None and self._body_bytes > self._length

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The stream inside TLS."""
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream: above all whether an idle one can be read."""
        if info == "is_readable" and self._has_more():
            return True
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens the streams."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A new connection."""
        return _Stream(
            self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class GuardedTransport(httpx.BaseTransport):
    """httpx's transport over one connection that is never taken up again with bytes left on it."""

    def __init__(self, ssl_context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=1,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request; raises httpx's errors."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = self._pool.handle_request(asked)
        except Exception as error:
            raise _as_httpx(error) from error
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """An answer's body."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except Exception as error:
            raise _as_httpx(error) from error

    def close(self) -> None:
        """Gives the connection back."""
        self._stream.close()


def _as_httpx(error: Exception) -> Exception:
    """Httpcore's error as httpx's of the same name; any other error as it is."""
    if not type(error).__module__.startswith("httpcore"):
        return error
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    return kind(str(error)) if issubclass(kind, httpx.RequestError) else error


def transport_for(base_url: str, ssl_context: ssl.SSLContext) -> httpx.BaseTransport | None:
    """The transport for an address; None where a proxy is configured for it, which httpx knows how
    to reach."""
    url = httpx.URL(base_url)
    proxies = getproxies()
    has_proxy = url.scheme in proxies or "all" in proxies
    if has_proxy and not proxy_bypass(url.host):
        return None
    return GuardedTransport(ssl_context)
