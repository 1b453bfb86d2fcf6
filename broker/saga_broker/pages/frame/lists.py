"""Lists that are searched, sorted and paged by their URL, so that what somebody sees can be sent to somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from saga_broker.api.reading.call import Call
from saga_broker.http.errors import InvalidError
from saga_broker.pages.frame.asking import Place
from saga_broker.rows import Page

SIZE, LARGEST_SIZE, LARGEST_NUMBER = 50, 500, 100_000
MAX_TEXT = 255
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: What stands above it.
        key: What `sort` is when the list is sorted by it; empty when it cannot be.
    """

    title: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for.

    Attributes:
        q: Text that is searched for; empty for everything.
        sort: A column's key.
        descending: The largest, or newest, first.
        page: The part that is shown.
        address: The page's own address without its query.
        others: The query's other names and values, which every link keeps.
    """

    q: str
    sort: str
    descending: bool
    page: Page
    address: str
    others: tuple[tuple[str, str], ...] = ()

    @property
    def own_sort(self) -> str:
        """Give the order as it stands in the URL."""
        return ("-" if self.descending else "") + self.sort

    def href(self, **changes: object) -> str:
        """Give the address of the same list with other values of `q`, `sort`, `page`, or of the page's own parameters."""
        size = self.page.size if self.page.size != SIZE else ""
        own: dict[str, object] = {"q": self.q, "sort": self.own_sort, "page": self.page.number, "size": size}
        changed = {**own, **changes}
        if changed["page"] == 1:
            changed["page"] = ""
        kept = [(name, value) for name, value in self.others if name not in changes]
        pairs = [*kept, *((name, str(value)) for name, value in changed.items() if value != "")]
        return f"{self.address}?{urlencode(pairs)}" if pairs else self.address

    def sorted_by(self, key: str) -> str:
        """Give the address of the list sorted by a column: the other way round when it is sorted by it already."""
        turned = key == self.sort and not self.descending
        return self.href(sort=f"-{key}" if turned else key, page=1)

    def direction(self, key: str) -> str:
        """Say how a column is sorted, as `aria-sort` has it."""
        if key != self.sort:
            return "none"
        return "descending" if self.descending else "ascending"

    def pages(self, total: int) -> int:
        """Give the number of pages; at least one."""
        return max(1, -(-total // self.page.size))


def asked(call: Call, columns: Sequence[Column], sort: str, *, size: int = SIZE) -> Asked:
    """Read what a list is asked for; an order that it does not have is not looked at.

    Args:
        call: The request.
        columns: The columns of the list.
        sort: How it is sorted when nothing is asked for, like `name` or `-date`.
        size: Items on a page when nothing is asked for.

    Raises:
        InvalidError: `page` or `size` is no number, or too small or large.
    """
    keys = {column.key for column in columns if column.key}
    wish = call.text("sort") or sort
    if wish.removeprefix("-") not in keys:
        wish = sort
    part = call.query.get("q")  # the matrix has a list under this name
    place = Place(call.request)
    own = {"q", "sort", "page", "size"}
    return Asked(
        q=part.strip()[:MAX_TEXT] if isinstance(part, str) else "",
        sort=wish.removeprefix("-"),
        descending=wish.startswith("-"),
        page=Page(_number(call, "page", 1, LARGEST_NUMBER), _number(call, "size", size, LARGEST_SIZE)),
        address=place.path,
        others=tuple((name, value) for name, value in place.pairs if name not in own),
    )


def cut(items: Sequence[T], page: Page) -> Sequence[T]:
    """Give one page of a list that is at hand."""
    return items[page.offset : page.offset + page.size]


def _number(call: Call, name: str, default: int, largest: int) -> int:
    text = call.text(name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < MAX_TEXT and 1 <= int(text) <= largest):
        raise InvalidError({name: [f"must be a number from 1 to {largest}"]})
    return int(text)
