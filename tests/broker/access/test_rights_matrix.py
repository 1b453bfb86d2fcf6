"""Every route of the broker with every right and with no token, as the routes are found in the application.

What is expected stands here once more, apart from the broker's own table: a route that is new, or whose right changes, is seen.
"""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from saga_broker.access.rights import Right
from saga_broker.access.routes import AREAS, PRIVATE_AREAS, TABLE
from saga_broker.app import create_app
from saga_broker.settings import Settings

NEW = (
    "{} is new, and nothing says who may use it. Enter it in saga_broker/access/routes.py (one that writes into TABLE, with the "
    "right and the pacticipants that it is about; the first word of one that reads into AREAS), and one that writes here."
)
GONE = "{} is in the table, but the broker has no such route: take it out of saga_broker/access/routes.py and of this test."
PUBLISH, VERIFY, DEPLOY, ADMINISTER = Right.PUBLISH, Right.VERIFY, Right.DEPLOY, Right.ADMINISTER

PACT = "/pacts/provider/{provider}/consumer/{consumer}"
VERSION = "/pacticipants/{name}/versions/{number}"
WRITES: dict[str, set[Right]] = {
    "POST /pacticipants": {PUBLISH, VERIFY},
    "PUT /pacticipants/{name}": {PUBLISH, VERIFY},
    "PATCH /pacticipants/{name}": {PUBLISH, VERIFY},
    "DELETE /pacticipants/{name}": set(),
    "PUT /pacticipants/{name}/labels/{label}": {PUBLISH, VERIFY},
    "DELETE /pacticipants/{name}/labels/{label}": {PUBLISH, VERIFY},
    f"PUT {VERSION}": {PUBLISH, VERIFY},
    f"PATCH {VERSION}": {PUBLISH, VERIFY},
    f"DELETE {VERSION}": set(),
    "DELETE /pacticipants/{name}/branches": set(),
    "DELETE /pacticipants/{name}/branches/{branch}": set(),
    "PUT /pacticipants/{name}/branches/{branch}/versions/{number}": {PUBLISH, VERIFY},
    "DELETE /pacticipants/{name}/branches/{branch}/versions/{number}": {PUBLISH, VERIFY},
    f"PUT {VERSION}/tags/{{tag}}": {PUBLISH, VERIFY, DEPLOY},
    f"DELETE {VERSION}/tags/{{tag}}": {PUBLISH, VERIFY, DEPLOY},
    "POST /environments": set(),
    "PUT /environments/{uuid}": set(),
    "DELETE /environments/{uuid}": set(),
    f"POST {VERSION}/deployed-versions/environment/{{uuid}}": {DEPLOY},
    f"POST {VERSION}/released-versions/environment/{{uuid}}": {DEPLOY},
    "PATCH /deployed-versions/{uuid}": {DEPLOY},
    "PATCH /released-versions/{uuid}": {DEPLOY},
    "POST /contracts/publish": {PUBLISH},
    f"PUT {PACT}/version/{{number}}": {PUBLISH},
    f"PUT {PACT}/versions/{{number}}": {PUBLISH},
    f"PATCH {PACT}/version/{{number}}": {PUBLISH},
    f"PATCH {PACT}/versions/{{number}}": {PUBLISH},
    f"DELETE {PACT}/version/{{number}}": set(),
    f"DELETE {PACT}/versions/{{number}}": set(),
    f"DELETE {PACT}/versions": set(),
    f"DELETE {PACT}/tag/{{tag}}": set(),
    f"DELETE {PACT}/branch/{{branch}}": set(),
    f"POST {PACT}/pact-version/{{sha}}/verification-results": {VERIFY},
    f"POST {PACT}/pact-version/{{sha}}/metadata/{{meta}}/verification-results": {VERIFY},
    f"DELETE {PACT}/pact-version/{{sha}}/verification-results/{{number}}": set(),
    "POST /webhooks": set(),
    "POST /webhooks/execute": set(),
    "POST /webhooks/{uuid}/execute": set(),
    "PUT /webhooks/{uuid}": set(),
    "DELETE /webhooks/{uuid}": set(),
    f"POST {PACT}/webhooks": set(),
    "POST /webhooks/provider/{provider}/consumer/{consumer}": set(),
    "POST /webhooks/provider/{provider}": set(),
    "POST /webhooks/consumer/{consumer}": set(),
    f"PUT {VERSION}/announcement": {VERIFY},
    "POST /jobs": {VERIFY},
    "DELETE /jobs/{key}": {VERIFY},
    "PUT /jobs/{key}/result": {VERIFY},
    "PUT /jobs/{key}/log": {VERIFY},
    "PUT /jobs/{key}/leases/{name}": {VERIFY},
    "DELETE /jobs/{key}/leases/{name}": {VERIFY},
    "PUT /workers/{name}": {VERIFY},
    "DELETE /workers/{name}": {VERIFY},
    "PUT /job-queue": set(),
    "DELETE /integrations": set(),
    "DELETE /integrations/provider/{provider}/consumer/{consumer}": set(),
    "PUT /sagas/{saga}/versions/{number}": {PUBLISH},
    "POST /sagas/{saga}/contents/{sha}/steps/{step}/providers/{provider}/versions/{number}/deck-results": {VERIFY},
}
"""Beside `administer`, which may all of it; everything else of the broker only reads."""
QUESTIONS = {"POST /pacts/provider/{provider}/for-verification"}
ONLY_ADMINISTRATORS_READ = {"GET /audit"}
PUBLIC = {
    *("GET /login", "POST /login", "POST /logout", "GET /ui/files/{digest}/{file}"),
    *("GET /diagnostic/status/heartbeat", "GET /diagnostic/status/dependencies"),
}
READS = AREAS | PRIVATE_AREAS | {"audit"}


def lines_of(routes: Any) -> set[str]:
    """Give `METHOD /template` of each route of an application, also of those that stand together as one."""
    found = set()
    for route in routes:
        together = getattr(getattr(route, "original_router", None), "routes", None) or getattr(route, "routes", None)
        if together is not None:
            found |= lines_of(together)
        else:
            assert isinstance(route, Route), f"the rights of {route!r} cannot be tested: teach it to this test"
            found |= {f"{method} {route.path_format}" for method in route.methods or () if method != "HEAD"}
    return found


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('routes')}/b.sqlite", tokens=True))
    found = lines_of(app.routes)
    assert len(found) > 130
    return found


def is_known(line: str) -> bool:
    method, _, path = line.partition(" ")
    if method == "GET":
        return line in ONLY_ADMINISTRATORS_READ | PUBLIC or path.strip("/").split("/")[0] in READS
    return line in TABLE and (line in WRITES or line in QUESTIONS | PUBLIC)


def test_each_route_says_who_may_use_it(lines: set[str]) -> None:
    assert not [NEW.format(line) for line in sorted(lines) if not is_known(line)]


def test_the_table_speaks_of_routes_that_are_there(lines: set[str]) -> None:
    assert not [GONE.format(line) for line in sorted((TABLE.keys() | WRITES.keys()) - lines)]


def test_a_route_that_nobody_entered_fails_with_what_to_do() -> None:
    assert not is_known("POST /new")
    assert not is_known("GET /new")
    assert "Enter it in saga_broker/access/routes.py" in NEW.format("POST /new")


def needed(line: str) -> set[Right]:
    if line in WRITES:
        return WRITES[line] | {ADMINISTER}
    return {ADMINISTER} if line in ONLY_ADMINISTRATORS_READ else set(Right)


def asked(client: httpx.Client, line: str, authorization: dict[str, str]) -> int:
    method, _, template = line.partition(" ")
    path = re.sub(r"\{[^}]+\}", "x", template)
    return client.request(method, path, json={}, headers={"Authorization": "", **authorization}).status_code


def test_each_route_is_open_to_whom_it_should_be_and_to_nobody_else(
    lines: set[str], guarded: Any, make_token: Callable[..., str]
) -> None:
    wrong = {}
    for right in (None, *Right):
        sent = {} if right is None else {"Authorization": f"Bearer {make_token(right)}"}
        refusal = 401 if right is None else 403
        for line in sorted(lines):
            is_allowed = line in PUBLIC or (right is not None and right in needed(line))
            status = asked(guarded.http, line, sent)
            if status != refusal if not is_allowed else status in {401, 403, 500, 503}:
                wrong[right, line] = status
    assert wrong == {}


def test_what_nobody_knows_is_for_administrators(guarded: Any, make_token: Callable[..., str]) -> None:
    sent = {"Authorization": f"Bearer {make_token(PUBLISH, VERIFY, DEPLOY)}"}
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"):
        assert guarded.http.request(method, "/no/such/place", headers=sent).status_code == 403
        assert guarded.http.request(method, "/no/such/place").status_code == 401


def test_what_is_open_to_everybody_and_what_never_is_do_not_overlap() -> None:
    assert not AREAS & PRIVATE_AREAS
