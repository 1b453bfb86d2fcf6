"""What the import reads from a broker can be read from each recorded answer of the original, whatever members it leaves out."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from saga_broker.importing import documents
from saga_broker.importing.source import listed
from saga_broker.pact.content import content_sha

NAME = r"[^/]+"
MOMENT = "2026-11-21T20:00:00+00:00"
READERS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("pacticipants", r"/pacticipants", lambda document: listed(document, "pacticipants", documents.pacticipant)),
    ("pacticipant", rf"/pacticipants/{NAME}", documents.pacticipant),
    ("label", rf"/pacticipants/{NAME}/labels/{NAME}", documents.tagged_at),
    ("branches", rf"/pacticipants/{NAME}/branches", lambda document: listed(document, "branches", documents.branch)),
    ("versions", rf"/pacticipants/{NAME}/versions", lambda document: listed(document, "versions", documents.version)),
    ("version", rf"/pacticipants/{NAME}/versions/{NAME}", documents.version),
    ("tag", rf"/pacticipants/{NAME}/versions/{NAME}/tags/{NAME}", documents.tagged_at),
    ("pact", rf"/pacts/provider/{NAME}/consumer/{NAME}/version/{NAME}", documents.pact),
    ("environments", r"/environments", lambda document: listed(document, "environments", documents.environment)),
    ("result", rf"/pacts/.*/verification-results/{NAME}", documents.result),
    ("matrix", r"/matrix", lambda document: [documents.result_rows(document, *pair) for pair in pairs_of(document)]),
)


def test_every_recorded_answer_can_be_read(recordings: Path) -> None:
    read: Counter[str] = Counter()
    places: Counter[str] = Counter()
    shas: Counter[bool] = Counter()
    for method, path, document in recorded(recordings / "golden" / "corpus"):
        for name, pattern, reader in READERS:
            if method == "GET" and re.fullmatch(pattern, path) and (name != "pact" or "_links" in document):
                found = reader(document)
                read[name] += 1
                if name == "pact":
                    shas[content_sha(found.document) == found.sha] += 1
        if isinstance(document, dict) and "uuid" in document and "environment" in document.get("_embedded", {}):
            kind = "released" if "currentlySupported" in document else "deployed"
            place = documents.released(document) if kind == "released" else documents.deployed(document)
            places[kind] += 1
            assert (place.ended_at is None) == document["currentlySupported" if kind == "released" else "currentlyDeployed"]

    assert set(read) == {name for name, _, _ in READERS}
    assert places["released"] > 0
    assert places["deployed"] > 0
    assert shas[True] > 20
    assert shas[False] <= shas[True] // 10  # pacts that were merged or were sent with ids: they keep the original's sha


def pairs_of(document: Any) -> set[tuple[str, str, str]]:
    found = set()
    for row in document["matrix"]:
        if row["verificationResult"]:
            sha = row["verificationResult"]["_links"]["self"]["href"].partition("/pact-version/")[2].partition("/")[0]
            found.add((row["consumer"]["name"], row["provider"]["name"], sha))
    return found


def recorded(corpus: Path) -> Iterator[tuple[str, str, Any]]:
    """Give method, path and body of each good answer, with plain values in the place of what the recording leaves open."""
    for file in sorted(corpus.glob("*/*.json")):
        scenario = json.loads(file.read_text(encoding="utf-8"))
        for step in scenario["steps"]:
            answer = whole(step["expect"], scenario["shared"])
            if answer.get("status") in {200, 201} and isinstance(answer.get("body"), dict):
                yield step["method"], step["path"].partition("?")[0], answer["body"]


def whole(value: Any, shared: list[Any]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$"}:
            return whole(shared[value["$"]], shared)
        return {key: whole(member, shared) for key, member in value.items()}
    if isinstance(value, list):
        return [whole(member, shared) for member in value]
    if isinstance(value, str):
        plain = value.replace("{base}", "http://broker").replace("{ts}", MOMENT)
        return re.sub(r"\{m:[^}]*\}", "bQ", re.sub(r"\{vr:[^}]*\}", "17", plain))
    return value
