"""Puts values into a webhook's request: `${pactbroker.NAME}` in path, query, header values, credentials and body. Pure.

A value never breaks what it stands in: it is escaped in an address and in JSON, and a line break in a header becomes a blank.
What is no variable stays as it stands.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from saga_broker.http.hal import dump
from saga_broker.webhooks.model import ABSENT
from saga_contracts.wire import exact

NAMES = (
    *("consumerName", "providerName", "consumerVersionNumber", "providerVersionNumber", "consumerVersionTags"),
    *("providerVersionTags", "consumerVersionBranch", "providerVersionBranch", "providerVersionDescriptions", "pactUrl"),
    *("verificationResultUrl", "githubVerificationStatus", "bitbucketVerificationStatus", "azureDevOpsVerificationStatus"),
    *("gitlabVerificationStatus", "consumerLabels", "providerLabels", "buildUrl", "eventName"),
    "currentlyDeployedProviderVersionNumber",
    *("sagaName", "sagaStep", "environmentName", "reason"),  # of this broker's own events
)
_VARIABLE = re.compile(r"\$\{pactbroker\.([A-Za-z]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
Values = Mapping[str, str]


def in_url(url: str, values: Values) -> str:
    """Fill an address: values are escaped, in the query as forms do it."""
    place, mark, query = url.partition("?")
    return _filled(place, values, lambda value: quote(value, safe="")) + mark + _filled(query, values, quote_plus)


def in_header(text: str, values: Values) -> str:
    """Fill a header's value; it stays one line."""
    return _CONTROL.sub(" ", _filled(text, values, str)).strip()


def in_text(text: str, values: Values) -> str:
    """Fill a name or a password."""
    return _filled(text, values, str)


def in_body(body: Any, values: Values) -> bytes:
    """Fill a body and write it as it is sent.

    A text is sent as it is; when it is JSON, values are escaped so that it stays JSON. Everything else is sent as compact JSON.
    """
    if body is ABSENT or body is None:
        return b"null"  # as the Pact Broker does
    if isinstance(body, str):
        return _filled(body, values, _in_json if _is_json(body) else str).encode()
    return dump(_deep(body, values))


def unknown(*texts: Any) -> list[str]:
    """Name the variables in texts and JSON values that do not exist."""
    found = {name for text in texts for name in _VARIABLE.findall(text if isinstance(text, str) else dump(text).decode())}
    return sorted(found - set(NAMES))


def has_variable(text: str) -> bool:
    """Tell whether a text holds a variable."""
    return _VARIABLE.search(text) is not None


def _filled(text: str, values: Values, escape: Callable[[str], str]) -> str:
    return _VARIABLE.sub(lambda found: escape(values[found[1]]) if found[1] in values else found[0], text)


def _deep(value: Any, values: Values) -> Any:
    if isinstance(value, str):
        return _filled(value, values, str)
    if isinstance(value, list):
        return [_deep(one, values) for one in value]
    if isinstance(value, dict):
        return {_filled(name, values, str): _deep(member, values) for name, member in value.items()}
    return value


def _is_json(text: str) -> bool:
    try:
        return isinstance(exact.loads(text), dict | list)
    except ValueError:
        return False


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
