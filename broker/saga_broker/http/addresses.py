"""Under which address a client reaches the broker: behind proxies, with several names, under a context path.

Links begin with the configured base URL that fits the request; `X-Forwarded-*` is looked at first, the request's own `Host` next,
whatever its scheme, since a proxy may have ended TLS.
A request that fits none gets the first configured one. Without configured base URLs the request's own address is used, which a
proxy can name by `X-Forwarded-Proto`, `-Host` and `-Port` (or `-Scheme`, `-Ssl`). Only proxies that the operator declared are
believed: anybody could send these headers, and get links that lead elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from saga_contracts.errors import UsageError

_HOST = re.compile(r"\A(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\Z")
_PATH = re.compile(r"\A(?:/[A-Za-z0-9._~-]+)*\Z")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is for one request.

    Attributes:
        base: What links begin with; no slash at the end.
        root: The path of `base`: empty, or like `/pacts/broker`.
    """

    base: str
    root: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A configured base URL."""

    text: str
    origin: str
    root: str


class Addresses:
    """Finds the address for each request.

    Args:
        base_urls: The configured base URLs, checked by `checked_base_url`; the first is the default.
        proxies: Whose `X-Forwarded-*` headers are believed, checked by `checked_proxy`.
    """

    def __init__(self, base_urls: Sequence[str], proxies: Sequence[str] = ()) -> None:
        self._known = [_known(url) for url in base_urls]
        self._proxies = [ip_network(one, strict=False) for one in proxies]

    def of(self, scheme: str, headers: Mapping[str, str], path: str, server: str = "localhost", client: str = "") -> Address:
        """Give the address under which a client reached the broker.

        Args:
            scheme: `http` or `https`, as the connection itself has it.
            headers: The request's headers, names in lower case.
            path: The request's path, percent-encoded.
            server: Host and port on which the request arrived, for a request that names no host.
            client: The address that the connection comes from.
        """
        own = _own_origin(scheme, headers, server)
        named = _forwarded_origin(scheme, headers, server) if self._is_trusted(client) else own
        if not self._known:
            return Address(named, "")
        hosts = [one.origin for one in self._known if one.origin.partition("//")[2] == own.partition("//")[2]]
        fitting = (self._fitting(origin, path) for origin in (named, own, *hosts))
        chosen = next((one for one in fitting if one is not None), self._known[0])
        return Address(chosen.text, chosen.root)

    def _is_trusted(self, client: str) -> bool:
        try:
            address = ip_address(client)
        except ValueError:
            return False
        inner = getattr(address, "ipv4_mapped", None) or address
        return any(inner in network for network in self._proxies)

    def _fitting(self, origin: str, path: str) -> _Known | None:
        """Give the known address of an origin: the one whose path the request has, else the first (a proxy took the path off)."""
        same = [known for known in self._known if known.origin == origin]
        named = [known for known in same if under(path, known.root)]
        return max(named, key=lambda known: len(known.root), default=None) or next(iter(same), None)


def under(path: str, root: str) -> bool:
    """Tell whether a path stands under a context path."""
    return path == root or path.startswith(f"{root}/")


def checked_base_url(text: str) -> str:
    """Give a base URL in the form in which it is used.

    Raises:
        UsageError: It is none.
    """
    given = text.strip().rstrip("/")
    try:
        parts = urlsplit(given)
        host = parts.netloc.rpartition("@")[2]
        plain = not (parts.query or parts.fragment or "@" in parts.netloc) and parts.port != 0
    except ValueError:
        parts, host, plain = urlsplit(""), "", False
    if parts.scheme in _DEFAULT_PORTS and plain and _HOST.match(host) and _PATH.match(parts.path):
        return given
    shown = re.sub(r"//[^/@]*@", "//…@", text)
    msg = (
        f"Cannot use {shown!r} as the broker's base URL: it must be like https://broker.example or "
        "https://tools.example/pact-broker, without user, query and fragment. Correct --base-url or SAGAPACT_BASE_URL."
    )
    raise UsageError(msg)


def checked_proxy(text: str) -> str:
    """Give the address or network of a proxy in the form in which it is used.

    Raises:
        UsageError: It is none.
    """
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        msg = (
            f"Cannot trust the proxy {text!r}: it must be an address or a network, like 10.0.0.7 or 10.0.0.0/8. Correct "
            "--trusted-proxy or SAGAPACT_TRUSTED_PROXIES."
        )
        raise UsageError(msg) from error


def _known(url: str) -> _Known:
    parts = urlsplit(url)
    return _Known(url, _origin(parts.scheme, parts.netloc), parts.path)


def _own_origin(scheme: str, headers: Mapping[str, str], server: str) -> str:
    return _origin(scheme, _host(headers.get("host")) or server)


def _forwarded_origin(scheme: str, headers: Mapping[str, str], server: str) -> str:
    named = _host(_first(headers, "x-forwarded-host"))
    host = named or _host(headers.get("host")) or server
    port = _first(headers, "x-forwarded-port")
    if port.isdecimal() and int(port) in range(1, 65536) and not re.search(r":\d+\Z", host):
        host = f"{host}:{int(port)}"
    return _origin(_forwarded_scheme(headers) or scheme, host)


def _forwarded_scheme(headers: Mapping[str, str]) -> str | None:
    if _first(headers, "x-forwarded-ssl") == "on":
        return "https"
    for name in ("x-forwarded-scheme", "x-forwarded-proto"):
        if (scheme := _first(headers, name).lower()) in _DEFAULT_PORTS:
            return scheme
    return None


def _first(headers: Mapping[str, str], name: str) -> str:
    """Give the first of a header's values: that of the proxy nearest to the client."""
    return headers.get(name, "").partition(",")[0].strip()


def _host(text: str | None) -> str | None:
    """Give a host that may stand in an address, None for anything else."""
    return text if text and _HOST.match(text) else None


def _origin(scheme: str, host: str) -> str:
    name, colon, port = host.rpartition(":")
    default = colon and port == _DEFAULT_PORTS.get(scheme)
    return f"{scheme}://{(name if default else host).lower()}"
