"""Several services in one provider file: `services` lists them, and what stands beside it holds for each of them.

    format: 1
    health: {path: /ready}
    start: {cwd: .., pass_env: [PATH]}
    services:
      - {provider: orders, start: {command: ["./orders", "{port}"]}}
      - {provider: stock, start: {command: ["./stock", "{port}"]}, health: {path: /health}}

Mappings are joined field by field, at every depth; where both say something, the service is right. Each service is then judged as
a file of its own, whose places are those in the text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from saga_contracts.errors import Fault
from saga_contracts.read import positions

SERVICES = "services"


def parted(document: positions.Document) -> list[positions.Document]:
    """Give a document for each service; the document itself when it has one service only."""
    data = document.data
    if not isinstance(data, Mapping) or not isinstance(data.get(SERVICES), list):
        return [document]
    shared = {name: value for name, value in data.items() if name != SERVICES}
    members = enumerate(data[SERVICES])
    return [_alone(document, shared, number, one) for number, one in members if isinstance(one, Mapping)]


def faults(document: positions.Document) -> Iterator[Fault]:
    """Give what is wrong with the list of services itself."""
    data = document.data
    if not isinstance(data, Mapping) or SERVICES not in data:
        return
    members = data[SERVICES]
    if not isinstance(members, list) or not members:
        yield document.fault((SERVICES,), "This must be a list of services.", "Write `services: [{provider: …, start: …}]`.")
        return
    for number, one in enumerate(members):
        if not isinstance(one, Mapping):
            yield document.fault((SERVICES, number), "A service is a mapping of fields.", "Write {provider: …, start: …}.")
    if "provider" in data:
        yield document.fault(("provider",), "Each service has a name of its own.", f"Move it into `{SERVICES}`.")
    yield from _twice(document, [one.get("provider") if isinstance(one, Mapping) else None for one in members])


def told(document: positions.Document, service: positions.Document, found: Fault) -> Fault:
    """Give a fault of a service as one of the file; what stands beside the services is told once, as standing there."""
    if service is document:
        return found
    number = int(service.file.rpartition("#")[2])
    inside = {
        place for places in (document.keys, document.values) for path, place in places.items() if path[:2] == (SERVICES, number)
    }
    parts = (SERVICES, str(number), found.where) if (found.line, found.column) in inside else (found.where,)
    return replace(found, file=document.file, where=".".join(part for part in parts if part))


def _twice(document: positions.Document, names: list[Any]) -> Iterator[Fault]:
    for number, name in enumerate(names):
        if isinstance(name, str) and name in names[:number]:
            yield document.fault((SERVICES, number, "provider"), f"{name} stands twice here.", "Give each service its own name.")


def _alone(document: positions.Document, shared: Mapping[str, Any], number: int, own: Mapping[str, Any]) -> positions.Document:
    at: positions.Path = (SERVICES, number)
    service = positions.Document(f"{document.file}#{number}", data=_joined(shared, own))
    for ours, theirs in ((service.keys, document.keys), (service.values, document.values)):
        ours.update({path: place for path, place in theirs.items() if path[:1] != at[:1]})
        ours.update({path[2:]: place for path, place in theirs.items() if path[:2] == at})
    return service


def _joined(shared: Any, own: Any) -> Any:
    if not isinstance(shared, Mapping) or not isinstance(own, Mapping):
        return own
    return {**shared, **{name: _joined(shared.get(name), value) for name, value in own.items()}}
