"""Which hosts and addresses an operator's entries allow."""

import pytest

from saga_broker.settings import WebhookSettings
from saga_broker.webhooks.allowed import may_call, url_fault


@pytest.mark.parametrize(
    ("entries", "host", "is_allowed"),
    [
        ((), "anything.example", True),
        (("exact.example",), "exact.example", True),
        (("exact.example",), "EXACT.example", False),
        (("exact.example",), "a.exact.example", False),
        (("*.foo.example",), "a.foo.example", True),
        (("*.foo.example",), "A.FOO.example", True),
        (("*.foo.example",), "foo.example", False),
        (("*.foo.example",), "a.b.foo.example", False),
        (("10.0.0.0/8",), "10.1.2.3", True),
        (("10.0.0.0/8",), "11.1.2.3", False),
        (("10.0.0.0/8",), "ten.example", False),
        (("/^ci-[0-9]+$/",), "ci-7", True),
        (("/^ci-[0-9]+$/",), "ci-x", False),
        (("127.0.0.1",), "127.1", False),
        (("127.0.0.1",), "localhost", False),
        (("127.0.0.1",), "[::1]", False),
    ],
)
def test_an_entry_names_a_host(entries: tuple[str, ...], host: str, is_allowed: bool) -> None:  # noqa: FBT001
    fault = url_fault(f"https://{host}:8080/x", WebhookSettings(hosts=entries))
    assert (fault is None) == is_allowed
    if fault:
        assert fault.startswith("host must be in the whitelist ")


@pytest.mark.parametrize(
    ("entries", "host", "address", "is_allowed"),
    [
        ((), "a.example", "93.184.216.34", True),
        ((), "a.example", "2606:2800:220:1::1", True),
        *(
            ((), "a.example", address, False)
            for address in ("10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "::1", "fd00::1")
        ),
        *(((), "a.example", address, False) for address in ("169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "100.64.0.1")),  # noqa: S104
        *(((), "a.example", address, False) for address in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")),
        (("a.example",), "a.example", "10.0.0.1", True),
        (("*.example",), "a.example", "10.0.0.1", True),
        (("b.example",), "a.example", "10.0.0.1", False),
        (("10.0.0.0/8",), "10.0.0.1", "10.0.0.1", True),
        (("a.example",), "a.example", "169.254.169.254", False),
        (("169.254.169.254",), "169.254.169.254", "169.254.169.254", True),
    ],
)
def test_an_address_inside_is_called_only_when_it_is_allowed(
    entries: tuple[str, ...],
    host: str,
    address: str,
    is_allowed: bool,  # noqa: FBT001
) -> None:
    assert may_call(host, address, WebhookSettings(hosts=entries)) is is_allowed


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://a.example/x", "scheme must be https. See /doc/webhooks#whitelist for more information."),
        ("/x", "is not a valid URL eg. http://example.org"),
        ("https:// x", "is not a valid URL eg. http://example.org"),
        ("https://a.example:99999/x", "is not a valid URL eg. http://example.org"),
        ("https://${pactbroker.consumerName}/x", "cannot have a template parameter in the host"),
        ("https://a.example:${pactbroker.x}/", "cannot have a template parameter in the host"),
        ("https://a.example/${pactbroker.consumerName}?a=${pactbroker.eventName}", None),
    ],
)
def test_an_address_is_one_that_can_be_called(url: str, text: str | None) -> None:
    assert url_fault(url, WebhookSettings()) == text
