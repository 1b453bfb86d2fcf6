"""Which right a request needs, and whom it is about: one table for the whole interface. Pure.

Each route that writes has its own line; a reading one only when it needs more than `read`, or less. What stands nowhere needs
`administer`. Where a path fits several lines, each of them must be satisfied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote

from saga_broker.access.about import NOBODY, About, InBody, Stored, in_path, named, of_saga, published, to_verify
from saga_broker.access.rights import Right


class Opening(Enum):
    """Which requests need no token, as far as the operator says so."""

    ALWAYS = "always"
    HEARTBEAT = "public_heartbeat"
    BADGES = "public_badges"
    READING = "public_read"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a request needs.

    Attributes:
        any_of: One of these rights.
        about: Whom a write is about.
        writes: It changes something.
        is_logged: A write of it stands in the audit log.
        opening: When it needs no token.
    """

    any_of: frozenset[Right]
    about: About = NOBODY
    writes: bool = True
    is_logged: bool = True
    opening: Opening = Opening.NEVER


def _writing(*any_of: Right, about: About = NOBODY) -> Rule:
    return Rule(frozenset(any_of), about)


def _passing(*any_of: Right, about: About = NOBODY) -> Rule:
    """What a worker says of itself every few seconds."""
    return Rule(frozenset(any_of), about, is_logged=False)


def _reading(opening: Opening = Opening.READING, *any_of: Right) -> Rule:
    return Rule(frozenset(any_of or {Right.READ}), writes=False, is_logged=False, opening=opening)


_PUBLISH, _VERIFY, _DEPLOY, _ADMINISTER = Right.PUBLISH, Right.VERIFY, Right.DEPLOY, Right.ADMINISTER
_NAME, _PAIR = in_path("name"), in_path("consumer", "provider")
_CONSUMER, _PROVIDER = in_path("consumer"), in_path("provider")
_ONE = "/pacticipants/{name}"
_VERSION = f"{_ONE}/versions/{{number}}"
_PACTS = "/pacts/provider/{provider}/consumer/{consumer}"
_RESULTS = "/verification-results"
_JOB = Stored("jobs", "key")
_PLACES = ("deployed-versions", "released-versions")

READ = _reading()
UNKNOWN = _writing(_ADMINISTER)
_READABLE = (
    ("", "can-deploy", "can-i-deploy", "dashboard", "deployed-versions", "diagnostic", "environments", "groups", "integrations"),
    ("labels", "matrix", "metrics", "network", "openapi.json", "pacticipants", "pacts", "released-versions", "sagas", "ui"),
    ("verification-results", "what-if"),
)
AREAS = frozenset(word for words in _READABLE for word in words)
"""The first words of paths whose reading needs no more than `read`."""
PRIVATE_AREAS = frozenset({"attention", "job-queue", "jobs", "triggered-webhooks", "webhooks", "workers"})
"""The same, but never without a token: what other systems and programs said stands there."""

TABLE: Mapping[str, Rule] = {
    **{line: _reading(Opening.ALWAYS) for line in ("GET /login", "POST /login", "POST /logout")},
    "GET /ui/files/{digest}/{file}": _reading(Opening.ALWAYS),
    "GET /diagnostic/status/heartbeat": _reading(Opening.HEARTBEAT),
    "GET /diagnostic/status/dependencies": _reading(Opening.HEARTBEAT),
    f"GET {_PACTS}/latest/badge": _reading(Opening.BADGES),
    f"GET {_PACTS}/latest/{{tag}}/badge": _reading(Opening.BADGES),
    f"GET {_PACTS}/latest-untagged/badge": _reading(Opening.BADGES),
    "GET /matrix/provider/{provider}/latest/{tag}/consumer/{consumer}/latest/{to}/badge": _reading(Opening.BADGES),
    f"GET {_ONE}/latest-version/{{tag}}/can-i-deploy/to/{{to}}/badge": _reading(Opening.BADGES),
    f"GET {_ONE}/main-branch/can-i-merge/badge": _reading(Opening.BADGES),
    f"GET {_ONE}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}/badge": _reading(Opening.BADGES),
    "GET /audit": _reading(Opening.NEVER, _ADMINISTER),
    f"GET {_VERSION}/announcement": _reading(Opening.NEVER),
    f"GET {_VERSION}/announcement/archive": _reading(Opening.NEVER),
    "POST /pacts/provider/{provider}/for-verification": _reading(),
    "POST /pacticipants": _writing(_PUBLISH, _VERIFY, about=InBody(named)),
    f"PUT {_ONE}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"PATCH {_ONE}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"DELETE {_ONE}": _writing(_ADMINISTER, about=_NAME),
    f"PUT {_ONE}/labels/{{label}}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"DELETE {_ONE}/labels/{{label}}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"PUT {_VERSION}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"PATCH {_VERSION}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"DELETE {_VERSION}": _writing(_ADMINISTER, about=_NAME),
    f"PUT {_VERSION}/tags/{{tag}}": _writing(_PUBLISH, _VERIFY, _DEPLOY, about=_NAME),
    f"DELETE {_VERSION}/tags/{{tag}}": _writing(_PUBLISH, _VERIFY, _DEPLOY, about=_NAME),
    f"PUT {_ONE}/branches/{{branch}}/versions/{{number}}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"DELETE {_ONE}/branches/{{branch}}/versions/{{number}}": _writing(_PUBLISH, _VERIFY, about=_NAME),
    f"DELETE {_ONE}/branches/{{branch}}": _writing(_ADMINISTER, about=_NAME),
    f"DELETE {_ONE}/branches": _writing(_ADMINISTER, about=_NAME),
    "POST /environments": _writing(_ADMINISTER),
    "PUT /environments/{uuid}": _writing(_ADMINISTER),
    "DELETE /environments/{uuid}": _writing(_ADMINISTER),
    **{f"POST {_VERSION}/{kind}/environment/{{uuid}}": _writing(_DEPLOY, about=_NAME) for kind in _PLACES},
    **{f"PATCH /{kind}/{{uuid}}": _writing(_DEPLOY, about=Stored(kind, "uuid")) for kind in _PLACES},
    "POST /contracts/publish": _writing(_PUBLISH, about=InBody(published)),
    **{
        f"{verb} {_PACTS}/{word}/{{number}}": _writing(_PUBLISH, about=_CONSUMER)
        for verb in ("PUT", "PATCH")
        for word in ("version", "versions")
    },
    **{
        f"DELETE {_PACTS}/{word}": _writing(_ADMINISTER, about=_CONSUMER)
        for word in ("version/{number}", "versions/{number}", "versions", "tag/{tag}", "branch/{branch}")
    },
    f"POST {_PACTS}/pact-version/{{sha}}{_RESULTS}": _writing(_VERIFY, about=_PROVIDER),
    f"POST {_PACTS}/pact-version/{{sha}}/metadata/{{meta}}{_RESULTS}": _writing(_VERIFY, about=_PROVIDER),
    f"DELETE {_PACTS}/pact-version/{{sha}}{_RESULTS}/{{number}}": _writing(_ADMINISTER, about=_PROVIDER),
    **{f"POST /webhooks{more}": _writing(_ADMINISTER) for more in ("", "/execute", "/{uuid}/execute")},
    **{f"{verb} /webhooks/{{uuid}}": _writing(_ADMINISTER) for verb in ("PUT", "DELETE")},
    f"POST {_PACTS}/webhooks": _writing(_ADMINISTER, about=_PAIR),
    "POST /webhooks/provider/{provider}/consumer/{consumer}": _writing(_ADMINISTER, about=_PAIR),
    "POST /webhooks/provider/{provider}": _writing(_ADMINISTER, about=_PROVIDER),
    "POST /webhooks/consumer/{consumer}": _writing(_ADMINISTER, about=_CONSUMER),
    f"PUT {_VERSION}/announcement": _writing(_VERIFY, about=_NAME),
    "POST /jobs": _writing(_VERIFY, about=InBody(to_verify)),
    "DELETE /jobs/{key}": _writing(_VERIFY, about=_JOB),
    "PUT /jobs/{key}/result": _writing(_VERIFY, about=_JOB),
    "PUT /jobs/{key}/log": _passing(_VERIFY, about=_JOB),
    **{f"{verb} /jobs/{{key}}/leases/{{name}}": _passing(_VERIFY, about=_JOB) for verb in ("PUT", "DELETE")},
    **{f"{verb} /workers/{{name}}": _passing(_VERIFY) for verb in ("PUT", "DELETE")},
    "PUT /job-queue": _writing(_ADMINISTER),
    "DELETE /integrations": _writing(_ADMINISTER),
    "DELETE /integrations/provider/{provider}/consumer/{consumer}": _writing(_ADMINISTER, about=_PAIR),
    "PUT /sagas/{saga}/versions/{number}": _writing(_PUBLISH, about=InBody(of_saga)),
    "POST /sagas/{saga}/contents/{sha}/steps/{step}/providers/{provider}/versions/{number}/deck-results": _writing(
        _VERIFY, about=_PROVIDER
    ),
}


@dataclass(slots=True)
class _Place:
    """The lines of the table below one start of a path."""

    words: dict[str, "_Place"] = field(default_factory=dict)
    any_word: "_Place | None" = None
    rules: dict[str, tuple[Rule, tuple[str, ...]]] = field(default_factory=dict)


def rules_for(method: str, path: str) -> list[tuple[Rule, dict[str, str]]]:
    """Give what a request needs.

    Args:
        method: In capitals; HEAD counts as GET.
        path: Percent-encoded, without the broker's own context path.

    Returns:
        Each rule that holds, with the variables of the path, decoded; never none.
    """
    method = "GET" if method == "HEAD" else method
    segments = path.strip("/").split("/")
    found = list(_found(_ROOT, method, segments, ()))
    if found:
        return found
    return [(_of_area(segments[0]) if method == "GET" else UNKNOWN, {})]


def _of_area(word: str) -> Rule:
    if word in AREAS:
        return READ
    return _reading(Opening.NEVER) if word in PRIVATE_AREAS else UNKNOWN


def _found(place: _Place, method: str, segments: list[str], variables: tuple[str, ...]) -> Iterable[tuple[Rule, dict[str, str]]]:
    if not segments:
        if method in place.rules:
            rule, names = place.rules[method]
            yield rule, {name: unquote(value) for name, value in zip(names, variables, strict=True)}
        return
    word, *rest = segments
    if word in place.words:
        yield from _found(place.words[word], method, rest, variables)
    if place.any_word is not None and word:
        yield from _found(place.any_word, method, rest, (*variables, word))


def _planted(table: Mapping[str, Rule]) -> _Place:
    root = _Place()
    for line, rule in table.items():
        method, _, template = line.partition(" ")
        place, names = root, []
        for word in template.strip("/").split("/"):
            if word.startswith("{"):
                names.append(word[1:-1])
                place.any_word = place.any_word or _Place()
                place = place.any_word
            else:
                place = place.words.setdefault(word, _Place())
        place.rules[method] = (rule, tuple(names))
    return root


_ROOT = _planted(TABLE)
