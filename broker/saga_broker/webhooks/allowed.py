"""Which methods, schemes and hosts a webhook may name, and which addresses may be called. Pure.

A host is allowed by an entry that is equal to it, `*.domain` (one label, as in certificates), a network such as `10.0.0.0/8`, or
`/regular expression/`. Without entries every host is allowed; then no address inside may be called, unless the operator says so.
"""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from saga_broker.settings import WebhookSettings
from saga_broker.webhooks.model import host_of

METHODS = frozenset(
    {
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "COPY",
        "LOCK",
        "MKCOL",
        "MOVE",
        "PROPFIND",
        "PROPPATCH",
    }
    | {"UNLOCK"}
)
_MORE = "See /doc/webhooks#whitelist for more information."
_IN_HOST = re.compile(r"^[a-z+.-]+://[^/?#]*\$\{", re.IGNORECASE)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def method_fault(method: str, settings: WebhookSettings) -> str | None:
    """Say what is wrong with a method; None when nothing is."""
    if method.upper() not in METHODS:
        return "is not a recognised HTTP method"
    allowed = [one.upper() for one in settings.methods]
    if method.upper() in allowed:
        return None
    one_of = "one of " if len(allowed) > 1 else ""
    return f"must be {one_of}{', '.join(allowed)}. {_MORE}"


def url_fault(url: str, settings: WebhookSettings) -> str | None:
    """Say what is wrong with an address; None when nothing is."""
    if _IN_HOST.match(url):
        return "cannot have a template parameter in the host"
    invalid = "is not a valid URL eg. http://example.org"
    try:
        parts = urlsplit(re.sub(r"\$\{[^}]*\}", "x", url))
        port = parts.port
    except ValueError:
        return invalid
    if not parts.scheme or not parts.hostname or port == 0 or re.search(r"[\s\x00-\x1f\x7f]", url):
        return invalid
    if parts.scheme.lower() not in [one.lower() for one in settings.schemes]:
        return f"scheme must be {', '.join(settings.schemes)}. {_MORE}"
    if settings.hosts and not any(_names(entry, host_of(url)) for entry in settings.hosts):
        return f"host must be in the whitelist {', '.join(map(_shown, settings.hosts))}. {_MORE}"
    return None


def may_call(host: str, address: str, settings: WebhookSettings) -> bool:
    """Tell whether an address may be called in the name of a host.

    Args:
        host: As the webhook names it.
        address: What the name was resolved to, now: what was allowed when the webhook was written does not count.
        settings: The operator's entries.
    """
    where = _plain(ipaddress.ip_address(address))
    if any(_holds(entry, where) for entry in settings.hosts):
        return True
    if where.is_link_local or where.is_multicast or where.is_unspecified or where.is_reserved:
        return False
    return where.is_global or settings.private_networks or any(_names(entry, host) for entry in settings.hosts)


def entry_fault(entry: str) -> str | None:
    """Say what is wrong with an entry of the operator; None when nothing is."""
    if not _is_pattern(entry):
        return (
            None
            if (entry.strip() and "/" not in entry) or _network(entry) is not None
            else f"{entry!r} is no host, network or /pattern/"
        )
    try:
        re.compile(entry[1:-1])
    except re.error as error:
        return f"{entry!r} is no regular expression: {error}"
    return None


def _names(entry: str, host: str) -> bool:
    """Tell whether an entry names a host; an address is named by its network, too."""
    if _is_pattern(entry):
        return re.search(entry[1:-1], host) is not None
    if entry.startswith("*."):
        first, _, rest = host.partition(".")
        return bool(first) and rest.lower() == entry[2:].lower()
    if entry == host:
        return True
    try:
        return "/" in entry and _holds(entry, ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return False


def _holds(entry: str, address: Address) -> bool:
    network = None if _is_pattern(entry) else _network(entry)
    return network is not None and network.version == address.version and address in network


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _plain(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one stands for: it is reached all the same."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_pattern(entry: str) -> bool:
    return len(entry) > 2 and entry.startswith("/") and entry.endswith("/")  # noqa: PLR2004  (the two slashes)


def _shown(entry: str) -> str:
    return entry if _is_pattern(entry) else f'"{entry}"'


def split(text: str) -> Sequence[str]:
    """Read a list as the Pact Broker's environment has it: separated by blanks or commas."""
    return [one for one in re.split(r"[\s,]+", text) if one]
