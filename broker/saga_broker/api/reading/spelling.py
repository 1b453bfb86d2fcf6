"""Takes names of pacticipants that differ only in capital letters for the same, where the operator wants that.

The names of a request (in its path, its query and its body) become those that are stored, before a handler sees them; so storage
and gate know one spelling only. A name that is new is stored as it was spelt first.
"""

from collections.abc import Iterable, Mapping
from typing import Any

IN_PATH = frozenset({"provider", "consumer"})
OF_OWNER = "/pacticipants/{name}"
GROUP = "/groups/{name}"
_TEXTS = frozenset({"pacticipant", "pacticipantName", "consumerName", "providerName", "consumer", "provider"})
_LISTS = frozenset({"q", "contracts", "consumerVersionSelectors", "consumer_version_selectors"})


class Spelling:
    """The names that are stored, and those that a request brings along.

    Args:
        stored: All names that are stored.
    """

    def __init__(self, stored: Iterable[str]) -> None:
        self._known: dict[str, str] = {}
        for name in stored:
            self._known.setdefault(name.casefold(), name)

    def of(self, name: str) -> str:
        """Give a name as it is stored; a new one as it was spelt first."""
        return self._known.setdefault(name.casefold(), name)

    def of_path(self, template: str, names: Mapping[str, str]) -> dict[str, str]:
        """Spell the names in a path."""
        owns = template.startswith((OF_OWNER, GROUP))
        return {key: self.of(name) if key in IN_PATH or (owns and key == "name") else name for key, name in names.items()}

    def in_query(self, params: Any) -> Any:
        """Spell the names in query parameters."""
        found = self.in_body(params)
        if isinstance(found, dict):
            for key, spell in (("ignore", self._ignored), ("with", self._candidate)):
                if isinstance(found.get(key), list):
                    found[key] = [spell(one) for one in found[key]]
        return found

    def in_body(self, document: Any) -> Any:
        """Spell the names in a document; what is a list of others' names is looked through, too."""
        if isinstance(document, list):
            return [self.in_body(one) for one in document]
        if not isinstance(document, dict):
            return document
        return {key: self._member(key, value) for key, value in document.items()}

    def _member(self, key: str, value: Any) -> Any:
        if key in _TEXTS and isinstance(value, str):
            return self.of(value)
        if key in IN_PATH and isinstance(value, dict) and isinstance(value.get("name"), str):
            return {**value, "name": self.of(value["name"])}
        return self.in_body(value) if key in _LISTS else value

    def _ignored(self, one: Any) -> Any:
        return self.of(one) if isinstance(one, str) else self.in_body(one)

    def _candidate(self, one: Any) -> Any:
        name, colon, version = one.partition(":") if isinstance(one, str) else ("", "", "")
        return self.of(name) + colon + version if colon else one
