"""Takes secrets and unprintable characters out of a report's data before anything is drawn (pure).

Works by names (headers, fields and query parameters that are called like secrets) and by forms (bearer tokens, passwords in
URLs, secret options of commands). Every output of the report goes through here. Secrets that neither their name nor their form
gives away are not found: whoever knows their values takes them out before.
"""

import re
from itertools import pairwise
from typing import Any

from saga_e2e.report.data import ReportData

HIDDEN = "•••"
_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "x-api-key", "proxy-authorization"})
_WORDS = frozenset(
    {"apikey", "auth", "authorization", "cookie", "credential", "credentials", "jwt", "passcode", "passphrase", "passwd"}
    | {"password", "pwd", "secret", "secrets", "session", "sessionid", "sid", "sig", "signature", "token", "tokens"}
)
_BEFORE_KEY = frozenset({"api", "access", "private", "signing", "subscription"})
_NAME = r"[A-Za-z0-9_.\-]+"
_OPAQUE = r"[A-Za-z0-9._~+/=\-]{6,}"
_SCHEME = re.compile(rf"\b([Bb]earer|BEARER|(?:[Bb]asic|BASIC|[Dd]igest|[Nn]egotiate)(?=\s+[a-z._~+/\-]*[A-Z0-9=]))\s+{_OPAQUE}")
_USERINFO = re.compile(r"(?<=://)[^/\s@?#]+(?=@)")
_PARAMETER = re.compile(rf"([?&;])({_NAME})=([^&;\s#'\"<>]*)")
_OPTION = re.compile(rf"(--({_NAME})(?:=|\s+))([^\s'\"]+|'[^']*'|\"[^\"]*\")")
_LINE = re.compile(rf"(?i)\b({'|'.join(sorted(_HEADERS, key=len, reverse=True))})(\s*[:=]\s*)([^\r\n'\"]+)")
_FIELD = re.compile(rf"(?P<open>['\"])(?P<name>{_NAME})(?P=open)(?P<between>\s*:\s*)(?P<quote>['\"])(?P<value>[^'\"]*)(?P=quote)")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def redacted(data: ReportData) -> ReportData:
    """Give the same data without secrets and without characters that HTML and XML do not allow."""
    return ReportData.model_validate(_value(data.model_dump(mode="json", by_alias=True, exclude_unset=True)))


def is_secret_name(name: str) -> bool:
    """Tell whether a header, field or parameter of this name is held for a secret."""
    if name.lower() in _HEADERS:
        return True
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]
    pairs = pairwise(words)
    return any(word in _WORDS for word in words) or any(one in _BEFORE_KEY and two == "key" for one, two in pairs)


def without_secrets(text: str) -> str:
    """Give a text without the secrets that their form gives away."""
    text = _LINE.sub(rf"\1\2{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _USERINFO.sub(HIDDEN, text)
    text = _FIELD.sub(_field, text)
    text = _OPTION.sub(lambda found: found[1] + HIDDEN if is_secret_name(found[2]) else found[0], text)
    return _PARAMETER.sub(lambda found: f"{found[1]}{found[2]}={HIDDEN}" if is_secret_name(found[2]) else found[0], text)


def _field(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found[0]
    return f"{found['open']}{found['name']}{found['open']}{found['between']}{found['quote']}{HIDDEN}{found['quote']}"


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", without_secrets(value))
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, dict):
        return {_UNPRINTABLE.sub("\ufffd", name): _named(name, one) for name, one in value.items()}
    return value


def _named(name: str, value: Any) -> Any:
    if is_secret_name(name) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return HIDDEN
    if is_secret_name(name) and isinstance(value, list):
        return [_named(name, one) for one in value]
    return _value(value)
