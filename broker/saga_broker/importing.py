"""Copies what another broker knows into this one, over HTTP: from a Pact Broker, or from a broker of this kind.

Copied: environments, pacticipants, versions in their order with branches and tags, pacts, results, and what is deployed and
released now.
Not copied: webhooks, the history of deployments, overwritten revisions. Copying twice changes nothing but adds the results again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from saga_broker.content import without_ids
from saga_contracts.errors import SagapactError

ACCEPT = "application/hal+json, application/json"
MAX_ROWS = 1_000_000
Document = dict[str, Any]


@dataclass
class Imported:
    """How much was copied.

    Attributes:
        differing: Pacts whose content sha is another one here.
    """

    environments: int = 0
    pacticipants: int = 0
    versions: int = 0
    pacts: int = 0
    results: int = 0
    deployments: int = 0
    differing: list[str] = field(default_factory=list)


class Peer:
    """A broker that is asked, or told."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(headers={"Accept": ACCEPT, **(headers or {})}, timeout=120)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, address: str, *, missing: Any = None) -> Any:
        """Read a document; `missing` when it is not there."""
        reply = self._send("GET", address, None)
        return missing if reply.status_code == httpx.codes.NOT_FOUND else self._json(reply)

    def send(self, method: str, address: str, body: Document, content_type: str = "application/json") -> Any:
        """Change something."""
        return self._json(self._send(method, address, body, content_type))

    def _send(self, method: str, address: str, body: Document | None, content_type: str = "application/json") -> httpx.Response:
        url = address if address.startswith(("http://", "https://")) else self.url + address
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            return self._http.request(method, url, json=body, headers=headers)
        except httpx.HTTPError as error:
            msg = f"Cannot import: {self.url} does not answer ({error}). Check the address; importing again continues."
            raise SagapactError(msg) from error

    def _json(self, reply: httpx.Response) -> Any:
        if reply.is_error:
            where = f"{reply.request.method} {reply.request.url.path}"
            msg = f"Cannot import: {self.url} answered {reply.status_code} to {where}: {reply.text[:300]}"
            raise SagapactError(msg)
        return reply.json() if reply.content else None


def copy_all(source: Peer, target: Peer) -> Imported:
    """Copy everything from one broker to another.

    Raises:
        SagapactError: One of them does not answer, or refuses.
    """
    done = Imported()
    places = _environments(source, target, done)
    names = _pacticipants(source, target, done)
    for name, version in _in_order(source, names):
        _version(source, target, name, version, done)
    _results(source, target, done)
    _live(source, target, places, done)
    return done


def _environments(source: Peer, target: Peer, done: Imported) -> dict[str, str]:
    """Copy environments; gives the target's uuid for each of the source's."""
    known = {one["name"]: one["uuid"] for one in target.get("/environments")["_embedded"]["environments"]}
    places = {}
    for one in source.get("/environments", missing={"_embedded": {"environments": []}})["_embedded"]["environments"]:
        if one["name"] not in known:
            body = {key: one[key] for key in ("name", "displayName", "production") if key in one}
            known[one["name"]] = target.send("POST", "/environments", body)["uuid"]
            done.environments += 1
        places[one["uuid"]] = known[one["name"]]
    return places


def _pacticipants(source: Peer, target: Peer, done: Imported) -> list[str]:
    names = []
    fields = ("displayName", "mainBranch", "repositoryUrl", "repositoryName", "repositoryNamespace")
    for one in source.get("/pacticipants")["_embedded"]["pacticipants"]:
        body = {key: one[key] for key in fields if one.get(key) is not None}
        target.send("PATCH", _path("pacticipants", one["name"]), body, "application/merge-patch+json")
        names.append(one["name"])
        done.pacticipants += 1
    return names


def _in_order(source: Peer, names: list[str]) -> Iterator[tuple[str, Document]]:
    """Give all versions, the oldest first; of one pacticipant in exactly its order."""
    every: list[tuple[str, int, str, Document]] = []
    for name in names:
        listed = source.get(_path("pacticipants", name, "versions"), missing={"_embedded": {"versions": []}})
        for place, version in enumerate(reversed(listed["_embedded"]["versions"])):
            every.append((version["createdAt"], place, name, version))
    for _, _, name, version in sorted(every, key=lambda one: one[:3]):
        yield name, version


def _version(source: Peer, target: Peer, name: str, version: Document, done: Imported) -> None:
    number, own = version["number"], _path("pacticipants", name, "versions", version["number"])
    body = {"buildUrl": version["buildUrl"]} if version.get("buildUrl") else {}
    target.send("PUT", own, body)
    for branch in version["_embedded"].get("branchVersions", []):
        target.send("PUT", _path("pacticipants", name, "branches", branch["name"], "versions", number), {})
    for tag in version["_embedded"].get("tags", []):
        target.send("PUT", f"{own}/tags/{quote(tag['name'], safe='')}", {})
    for link in version["_links"].get("pb:pact-versions", []):
        _pact(source, target, link["href"], done)
    done.versions += 1


def _pact(source: Peer, target: Peer, address: str, done: Imported) -> None:
    document = source.get(address)
    links = document.pop("_links")
    document.pop("createdAt", None)
    consumer, provider = links["pb:consumer"]["name"], links["pb:provider"]["name"]
    path = _path("pacts", "provider", provider, "consumer", consumer, "version", links["pb:consumer-version"]["name"])
    stored = target.send("PUT", path, without_ids(document))
    if stored["_links"]["pb:pact-version"]["name"] != links["pb:pact-version"]["name"]:
        done.differing.append(links["self"]["name"])
    done.pacts += 1


def _results(source: Peer, target: Peer, done: Imported) -> None:
    """Copy results in the order in which they came."""
    found: dict[str, tuple[str, Document]] = {}
    for pair in source.get("/integrations")["_embedded"]["integrations"]:
        names = [quote(pair[role]["name"], safe="") for role in ("consumer", "provider")]
        query = "&".join(f"q[][pacticipant]={name}" for name in names)
        for row in source.get(f"/matrix?{query}&limit={MAX_ROWS}")["matrix"]:
            result = row["verificationResult"]
            if result is not None:
                number = result["_links"]["self"]["href"]
                found.setdefault(number.rsplit("/", 1)[1], (row["pact"]["_links"]["self"]["href"], result))
    for number in sorted(found, key=int):
        address, result = found[number]
        _result(source, target, address, result["_links"]["self"]["href"], done)


def _result(source: Peer, target: Peer, pact_address: str, address: str, done: Imported) -> None:
    document = source.get(address)
    if document is None:
        return
    fields = ("success", "providerApplicationVersion", "buildUrl", "testResults", "verifiedBy")
    body = {key: document[key] for key in fields if document.get(key) is not None}
    links = source.get(pact_address)["_links"]
    consumer, provider = links["pb:consumer"]["name"], links["pb:provider"]["name"]
    own = target.get(_path("pacts", "provider", provider, "consumer", consumer, "version", links["pb:consumer-version"]["name"]))
    target.send("POST", own["_links"]["pb:publish-verification-results"]["href"], body)
    done.results += 1


def _live(source: Peer, target: Peer, places: dict[str, str], done: Imported) -> None:
    kinds = (("deployed", "currently-deployed", "deployedVersions"), ("released", "currently-supported", "releasedVersions"))
    for there, here in places.items():
        for kind, state, name in kinds:
            rows = source.get(f"/environments/{there}/{kind}-versions/{state}")["_embedded"][name]
            for row in reversed(rows):
                embedded = row["_embedded"]
                own = _path("pacticipants", embedded["pacticipant"]["name"], "versions", embedded["version"]["number"])
                instance = row.get("applicationInstance")
                body = {} if instance is None else {"applicationInstance": instance}
                target.send("POST", f"{own}/{kind}-versions/environment/{here}", body)
                done.deployments += 1


def _path(*segments: str) -> str:
    return "/" + "/".join(quote(segment, safe="") for segment in segments)
