"""Takes a page apart, strictly: an element that does not close fails the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest


@dataclass
class Tag:
    """One element of a page: its name, attributes, the text in it, and the elements around it."""

    name: str
    attributes: dict[str, str]
    around: tuple["Tag", ...]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


class Parsed(HTMLParser):
    """A page, taken apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self._open: list[Tag] = []
        self.feed(page)
        self.close()
        assert not self._open, [one.name for one in self._open]

    def all(self, *names: str, **attributes: str) -> Iterator[Tag]:
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return (one for one in self.tags if one.name in names and wanted.items() <= one.attributes.items())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Tag(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.tags.append(found)
        if tag not in {"meta", "input", "br", "link", "img"}:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        assert self._open[-1].name == tag, (self._open[-1].name, tag)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.texts.append(data)


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Parsed]:
    """Give what takes a page apart; it fails for a page with elements that do not close."""
    return Parsed
