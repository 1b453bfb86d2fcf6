"""Takes secrets out of text before a person or a report sees it.

Knows the secrets by value, and the forms in which they usually turn up: as they are, inside JSON or a Python repr, and
percent-encoded in a URL.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

_SHORT = 4  # a shorter value is hidden only where it stands alone, else it would garble the text
_LINE = 8  # a line of a secret with several lines (a key file) is hidden from this length on


class Redactor:
    """Replaces every secret by `[redacted NAME]`.

    Attributes:
        longest: Length of the longest form; whoever cuts text before redacting leaves this much margin.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names = {form: name for name, value in secrets.items() for form in _forms(value)}
        forms = sorted(self._names, key=len, reverse=True)
        self.longest = len(forms[0].encode()) if forms else 0
        self._pattern = re.compile("|".join(map(_as_pattern, forms))) if forms else None

    def __call__(self, text: str) -> str:
        """Give the text without secrets."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: f"[redacted {self._names[match[0]]}]", text)


def _forms(value: str) -> Iterator[str]:
    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE]
    for text in {value, value.strip(), *lines}:
        if text:
            yield from (text, json.dumps(text)[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text))


def _as_pattern(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else rf"(?<!\w){re.escape(form)}(?!\w)"
