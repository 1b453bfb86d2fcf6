"""Takes secrets out of what leaves the harness: known ones by value, others by the names and forms that give them away (pure).

- `Redactor` knows values, also in JSON, a Python repr, HTML, a URL, one inside the other, in base64, or cut by an ellipsis.
- `without_secrets` knows forms: bearer tokens, passwords in addresses, secret headers, parameters, fields and options.
- `everywhere` passes every text of a value (JSON, or a frozen dataclass) through such functions, and hides what is called like a
  secret.

Texts are cut with `…` only, so that a secret that the cut goes through is still known by its beginning.
"""

import base64
import dataclasses
import html
import json
import re
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

HIDDEN = "•••"
ELLIPSIS = "…"
_SHORT = 4  # a shorter value is hidden only where it stands alone, else it would garble the text
_LINE = 8  # a line of a secret with several lines (a key file) is hidden from this length on

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
_OPTION = re.compile(rf"(?<![A-Za-z0-9_.\-])(--({_NAME})(?:=|\s+))((?!--)[^\s'\"]+|'[^']*'|\"[^\"]*\")")
_LINES = re.compile(rf"(?i)\b({'|'.join(sorted(_HEADERS, key=len, reverse=True))})(\s*[:=]\s*)([^\r\n'\"]+)")
_FIELD = re.compile(rf"(?P<open>['\"])(?P<name>{_NAME})(?P=open)(?P<between>\s*:\s*)(?P<quote>['\"])(?P<value>[^'\"]*)(?P=quote)")

Kind = TypeVar("Kind")


class Redactor:
    """Replaces every secret by `[redacted NAME]`.

    Attributes:
        longest: Length of the longest form; whoever cuts text before redacting leaves this much margin.

    Args:
        secrets: Values by name.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets: dict[str, str] = {}
        self.learn(secrets)

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Take further secrets out from now on."""
        self._secrets.update(secrets)
        secrets = self._secrets
        self._names = {form: name for name, value in secrets.items() for part in _parts(value) for form in _forms(part)}
        self._by_length = sorted(self._names, key=len, reverse=True)
        self.longest = len(self._by_length[0].encode()) if self._by_length else 0
        self._pattern = re.compile("|".join(map(_as_pattern, self._by_length))) if self._by_length else None

    def __call__(self, text: str) -> str:
        """Give the text without secrets."""
        if self._pattern is None:
            return text
        whole = self._pattern.sub(lambda match: f"[redacted {self._names[match[0]]}]", text)
        *cut, last = whole.split(ELLIPSIS)
        return ELLIPSIS.join([*map(self._without_beginning, cut), last])

    def _without_beginning(self, text: str) -> str:
        """Take the beginning of a secret from the end of a text that was cut there."""
        for form in self._by_length:
            for length in range(min(len(form) - 1, len(text)), _SHORT - 1, -1):
                if text.endswith(form[:length]):
                    return f"{text[:-length]}[redacted {self._names[form]}]"
        return text


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a header, field or parameter of this name is held for a secret."""
    if name.lower() in _HEADERS:
        return True
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]
    pairs = pairwise(words)
    return any(word in _WORDS for word in words) or any(one in _BEFORE_KEY and two == "key" for one, two in pairs)


def without_secrets(text: str) -> str:
    """Give a text without the secrets that their form gives away."""
    text = _LINES.sub(rf"\1\2{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _USERINFO.sub(HIDDEN, text)
    text = _FIELD.sub(_field, text)
    text = _OPTION.sub(lambda found: found[1] + HIDDEN if is_secret_name(found[2]) else found[0], text)
    return _PARAMETER.sub(lambda found: f"{found[1]}{found[2]}={HIDDEN}" if is_secret_name(found[2]) else found[0], text)


def everywhere(value: Kind, text: Callable[[str], str], untouched: Collection[str] = ()) -> Kind:
    """Give a value with every text in it passed through a function, and what is called like a secret hidden.

    Args:
        value: JSON, or dataclasses, tuples and JSON in any depth; other values stay as they are.
        text: Gives a text as it may be seen.
        untouched: Fields of dataclasses that name things and are no evidence; they stay as they are.
    """
    shown: Kind = _Walk(text, frozenset(untouched)).value(value)
    return shown


@dataclasses.dataclass(frozen=True, slots=True)
class _Walk:
    """One way through a value; most texts of many calls are alike, and each is looked at once."""

    text: Callable[[str], str]
    untouched: frozenset[str]
    known: dict[str, str] = dataclasses.field(default_factory=dict)

    def value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | Enum):
            return value
        if isinstance(value, str):
            return self._shown(value)
        if isinstance(value, int | float):
            written = str(value)
            shown = self._shown(written)
            return value if shown == written else shown
        if isinstance(value, Mapping):
            return {self.value(name): self._named(name, one) for name, one in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(self.value(one) for one in value)
        return self._record(value) if dataclasses.is_dataclass(value) else value

    def _shown(self, text: str) -> str:
        shown = self.known.get(text)
        if shown is None:
            shown = self.known[text] = self.text(text)
        return shown

    def _named(self, name: Any, value: Any) -> Any:
        if not isinstance(name, str) or not is_secret_name(name) or isinstance(value, Enum):
            return self.value(value)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return HIDDEN
        return [self._named(name, one) for one in value] if isinstance(value, list) else self.value(value)

    def _record(self, value: Any) -> Any:
        names = [one.name for one in dataclasses.fields(value) if one.init and one.name not in self.untouched]
        return dataclasses.replace(value, **{name: self.value(getattr(value, name)) for name in names})


def _field(found: re.Match[str]) -> str:
    if not is_secret_name(found["name"]):
        return found[0]
    return f"{found['open']}{found['name']}{found['open']}{found['between']}{found['quote']}{HIDDEN}{found['quote']}"


def _parts(value: str) -> set[str]:
    """Give what of a secret is looked for: all of it, and each long line (of a key file)."""
    lines = [line.strip() for line in value.splitlines()]
    return {one for one in (value, value.strip(), *(line for line in lines if len(line) >= _LINE)) if one}


def _forms(text: str) -> set[str]:
    """Give the forms in which a text turns up inside others, inside one another, too."""
    forms = newest = {text}
    for _ in range(_DEPTH):
        newest = {encode(form) for form in newest for encode in _ENCODERS} - forms
        forms = forms | newest
    packed = base64.b64encode(text.encode(errors="replace")).decode()
    return forms | {packed} if len(text) >= _LINE else forms


_DEPTH = 3
_ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: repr('"' + text)[2:-1],
    html.escape,
    lambda text: html.escape(text, quote=False),
    lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    lambda text: quote(text, errors="replace"),
    lambda text: quote(text, safe="", errors="replace"),
    lambda text: quote_plus(text, errors="replace"),
)


def _as_pattern(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else rf"(?<!\w){re.escape(form)}(?!\w)"
