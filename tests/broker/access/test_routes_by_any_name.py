"""Whatever names stand in a path, the rule of the route that answers it is among those that must be satisfied."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.access.routes import TABLE, Opening, rules_for
from saga_broker.api.reading.dispatch import _Table
from saga_broker.app import create_app
from saga_broker.settings import Settings

WORDS = sorted({word for line in TABLE for word in line.split("/")[1:] if "{" not in word})
NAMES = st.sampled_from(WORDS) | st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the line of the route that answers a method and a path, as the broker finds it; None when there is none."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('routes')}/b.sqlite"))
    table = _Table(app.state.resources)

    def line(method: str, path: str) -> str | None:
        answer = table.found({"type": "http", "method": method, "path": path, "root_path": ""})
        return None if answer is None else f"{method} {answer[0].route.path_format}"

    yield line
    app.state.database.close()


@given(data=st.data(), line=st.sampled_from(sorted(TABLE)))
def test_the_rule_of_the_route_that_answers_must_be_satisfied(found: Any, data: st.DataObject, line: str) -> None:
    method, _, template = line.partition(" ")
    path = re.sub(r"\{[^}]+\}", lambda _: quote(data.draw(NAMES), safe=""), template)
    answering = found(method, path)
    rules = [rule for rule, _ in rules_for(method, path)]
    if answering is not None and answering in TABLE:
        assert TABLE[answering] in rules, f"{path} is answered by {answering}"
    elif answering is not None:
        assert method == "GET"
        assert any(rule.opening in {Opening.READING, Opening.NEVER} for rule in rules), f"{path} is answered by {answering}"


def test_what_is_drawn_reaches_every_line(found: Any) -> None:
    lines = {line for line in TABLE if "/login" not in line and "/logout" not in line and "/ui/" not in line}
    reached = {found(*re.sub(r"\{[^}]+\}", "x", line).split(" ", 1)) for line in lines}
    assert lines - reached == set()
