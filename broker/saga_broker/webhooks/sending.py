"""Makes a call: the one place where a webhook touches the network.

The name is resolved here, each of its addresses is checked, and the connection goes to an address that was checked: a name that
changes its mind reaches nothing else. Redirects are not followed. The answer is read for a bounded time, to a bounded size.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from saga_broker.settings import WebhookSettings
from saga_broker.webhooks.allowed import may_call
from saga_broker.webhooks.calls import Answer, Call, Failed
from saga_broker.webhooks.model import host_of

MAX_ANSWER = 64 * 1024


class _RefusedAddressError(OSError):
    """The address must not be called."""


def send(call: Call, settings: WebhookSettings) -> Answer | Failed:
    """Make a call and read its answer; whatever goes wrong is a value."""
    guarded = _Guarded(settings)
    try:
        context = _tls(settings) if call.url.lower().startswith("https") else None
        with httpcore.ConnectionPool(ssl_context=context, network_backend=guarded, http2=False) as pool:
            return _sent(pool, call, settings.timeout_s)
    except _RefusedAddressError as error:
        return Failed("Sagapact::AddressNotAllowed", str(error), is_ours=True)
    except (httpcore.ReadTimeout, httpcore.WriteTimeout, TimeoutError):
        return Failed("Net::ReadTimeout", f"No answer within {settings.timeout_s:g} seconds", connected=guarded.is_connected)
    except httpcore.ConnectTimeout:
        return Failed("Net::OpenTimeout", f"No connection within {settings.timeout_s:g} seconds")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError, ValueError) as error:
        return _failed(call, error, is_connected=guarded.is_connected)


def _sent(pool: httpcore.ConnectionPool, call: Call, timeout_s: float) -> Answer:
    headers = [(name.encode(), value.encode()) for name, value in call.all_headers.items()]
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
    until = time.monotonic() + 2 * timeout_s
    with pool.stream(call.method, call.url, headers=headers, content=call.body, extensions={"timeout": timeouts}) as answer:
        body = bytearray()
        for part in answer.iter_stream():
            body += part
            if time.monotonic() > until:
                raise TimeoutError
            if len(body) > MAX_ANSWER:
                break
        reason = answer.extensions.get("reason_phrase", b"").decode("latin-1")
        shown = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        return Answer(answer.status, reason, shown, bytes(body[:MAX_ANSWER]), is_cut=len(body) > MAX_ANSWER)


class _Guarded(httpcore.SyncBackend):
    """Connects only to addresses that may be called."""

    def __init__(self, settings: WebhookSettings) -> None:
        super().__init__()
        self._settings = settings
        self.is_connected = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve a name, refuse what must not be called, and connect to the rest in turn."""
        found = list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)))
        allowed = [one for one in found if may_call(host, one.partition("%")[0], self._settings)]
        if not allowed:
            msg = (
                f"{host} is at an address inside, which no webhook may call. Allow it by name or network in the host whitelist "
                "(PACT_BROKER_WEBHOOK_HOST_WHITELIST), or all of them with SAGAPACT_WEBHOOK_PRIVATE_NETWORKS=true."
            )
            raise _RefusedAddressError(msg)
        stream = self._first(allowed, port, timeout, local_address, socket_options)
        self.is_connected = True
        return stream

    def _first(self, addresses: list[str], port: int, *args: Any) -> httpcore.NetworkStream:
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, *args)
            except httpcore.ConnectError:
                continue
        return super().connect_tcp(addresses[-1], port, *args)


def _tls(settings: WebhookSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for certificate in settings.certificates:
        context.load_verify_locations(cadata=certificate)
    if not settings.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _failed(call: Call, error: Exception, *, is_connected: bool) -> Failed:
    place = f"{host_of(call.url)}:{_port(call.url)}"
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ConnectionRefusedError) or "Connection refused" in str(error):
        text = f"Failed to open TCP connection to {place} (Connection refused - connect(2) for {place})"
        return Failed("Errno::ECONNREFUSED", text)
    if isinstance(cause, socket.gaierror) or isinstance(error, socket.gaierror):
        return Failed("SocketError", f"Failed to open TCP connection to {place} (the name cannot be resolved)")
    if isinstance(cause, ssl.SSLError) or "SSL" in str(error):
        return Failed("OpenSSL::SSL::SSLError", f"{_tls_text(cause)} ({place})")
    return Failed(type(error).__name__, f"{str(error) or type(error).__name__} ({place})", connected=is_connected)


def _tls_text(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed ({error.verify_message})"
    return f"no TLS connection: {getattr(error, 'reason', None) or error}"


def _port(url: str) -> int:
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    port = authority.rpartition(":")[2]
    if port.isdigit() and not authority.endswith("]"):
        return int(port)
    return 443 if url.lower().startswith("https") else 80
