"""How the harness's requests reach the network: time bounds over every read and write, CA files, proxies.

`bounded_client` gives an httpx client whose whole exchange `deadline` bounds: connecting, sending, headers and body together,
where httpx by itself bounds each read alone, so that a reply that comes byte by byte would never be late. The CA certificates are
those of SSL_CERT_FILE or SSL_CERT_DIR for every host; a proxy of the environment is never asked for this machine.
"""

import ipaddress
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from saga_contracts.errors import UsageError

_CHUNK = 16_384
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Of Linux: what has come is acknowledged at once. A server that sends head and body apart waits for that between the two, which
without it takes 40 ms for each reply on a connection that was kept."""
_until: ContextVar[float | None] = ContextVar("until", default=None)


Around = Callable[[httpcore.NetworkStream], httpcore.NetworkStream]
"""Gives a connection with something around it: what watches it, or holds it up."""


def bounded_client(*, proxies: bool = False, keep_alive: bool = True, around: Around = lambda stream: stream) -> httpx.Client:
    """Give a client that `deadline` bounds as a whole.

    Args:
        proxies: Go through the proxies of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), but for this machine?
        keep_alive: Keep connections for the next request?
        around: Put around each connection.
    """
    return httpx.Client(transport=BoundedTransport(proxies=proxies, keep_alive=keep_alive, around=around), trust_env=False)


@contextmanager
def deadline(until: float) -> Iterator[None]:
    """Bound all that a bounded client does in the block by a moment of `time.monotonic`."""
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def certificates() -> SSLContext:
    """Give the CA certificates that are trusted: those of SSL_CERT_FILE or SSL_CERT_DIR, or the usual ones.

    Raises:
        UsageError: when they cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise UsageError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read ({error.strerror or error}). "
            "Name a file (or a folder) of CA certificates in PEM form."
        ) from None


def is_loopback(host: str) -> bool:
    """Is a host, by its name or address, this machine?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class BoundedTransport(httpx.BaseTransport):
    """What httpx's own transport does, over connections that know the deadline; arguments as those of `bounded_client`."""

    def __init__(self, *, proxies: bool = False, keep_alive: bool = True, around: Around = lambda stream: stream) -> None:
        self._proxies, self._idle, self._around = proxies, 20 if keep_alive else 0, around
        self._pools: dict[tuple[str, str | None], httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; httpx calls this."""
        url = request.url
        outgoing = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            reply = self._pool(url).handle_request(outgoing)
        return httpx.Response(
            reply.status, headers=reply.headers, stream=_Body(reply), extensions=dict(reply.extensions), request=request
        )

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        place = (url.scheme, _proxy_for(url) if self._proxies else None)
        with self._lock:  # one for all threads: another one would not be closed
            if place not in self._pools:
                self._pools[place] = self._new_pool(*place)
            return self._pools[place]

    def _new_pool(self, scheme: str, proxy: str | None) -> httpcore.ConnectionPool:
        options: dict[str, Any] = {"max_keepalive_connections": self._idle, "keepalive_expiry": 5.0}
        options |= {
            "ssl_context": certificates() if scheme == "https" else None,
            "network_backend": _BoundedBackend(self._around),
        }
        if proxy is None:
            return httpcore.ConnectionPool(max_connections=100, **options)
        read = httpx.Proxy(proxy)
        address = httpcore.URL(scheme=read.url.raw_scheme, host=read.url.raw_host, port=read.url.port, target=b"/")
        options["proxy_ssl_context"] = certificates() if read.url.scheme == "https" else None
        return httpcore.HTTPProxy(address, proxy_auth=read.raw_auth, **options)


class _Body(httpx.SyncByteStream):
    """The bytes of a reply."""

    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._reply.iter_stream()

    def close(self) -> None:
        self._reply.close()


class _BoundedBackend(httpcore.SyncBackend):
    """Opens connections that know the deadline."""

    def __init__(self, around: Around) -> None:
        self._around = around

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return self._around(_BoundedStream(super().connect_tcp(host, port, left, local_address, socket_options)))


class _BoundedStream(httpcore.NetworkStream):
    """One connection; no read and no write waits beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._acknowledge_at_once()
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            self._stream.write(buffer[start : start + _CHUNK], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _acknowledge_at_once(self) -> None:
        """Ask for it again before each read, since the system forgets it."""
        connection = self._stream.get_extra_info("socket")
        if _QUICK_ACK is not None and connection is not None:
            with suppress(OSError):  # no TCP, or closed: what is read tells
                connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)


def _left(timeout: float | None, over: type[httpcore.TimeoutException]) -> float | None:
    """Give how long one read or write may still take, in seconds."""
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise over("the time is over")
    return left if timeout is None else min(left, timeout)


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Give httpcore's errors as those of httpx, which bear the same names."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error
    except httpcore.UnsupportedProtocol as error:
        raise httpx.UnsupportedProtocol(str(error)) from error


def _proxy_for(url: httpx.URL) -> str | None:
    """Give the environment's proxy for an address; None: straight there."""
    named = urllib.request.getproxies()
    proxy = named.get(url.scheme) or named.get("all")
    if not proxy or is_loopback(url.host) or urllib.request.proxy_bypass(url.netloc.decode("ascii")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if httpx.URL(proxy).scheme not in ("http", "https"):
        raise UsageError(
            f"The proxy of the environment for {url.scheme} is no HTTP proxy. Name one with http:// or https://, or except "
            f"{url.host} by NO_PROXY."
        )
    return proxy
