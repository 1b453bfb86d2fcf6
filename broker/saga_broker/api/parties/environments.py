"""Environments, and what is deployed to and released in them."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.events import milestones
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.parties.versions import existing_version
from saga_broker.api.reading.call import Anything, Call, Hal, HalJson, HalPatch, no_content, respond
from saga_broker.api.reading.fields import Faults, array, filled, no_spaces, one_line, one_of, text
from saga_broker.http.errors import InvalidError, NotFoundError
from saga_broker.http.hal import link
from saga_broker.rows import Deployed, Environment, Released
from saga_broker.store import deployments as deployment_store
from saga_broker.store import environments as store
from saga_broker.store.pacticipants import display_name
from saga_broker.views import environment as views

router = APIRouter(tags=["environments"])


def existing_environment(connection: Connection, uuid: str) -> Environment:
    """Give the environment of a path.

    Raises:
        NotFoundError: There is none.
    """
    found = store.find(connection, uuid)
    if found is None:
        raise NotFoundError
    return found


@router.get("/environments")
def list_environments(call: Hal) -> Response:
    """List environments, by display name."""
    with call.read() as connection:
        rows = store.listing(connection, call.text("name"))
    return respond(views.environment_list(call.links, rows))


@router.post("/environments", status_code=201)
def create(call: HalJson) -> Response:
    """Make an environment."""
    body = call.object()
    with call.write() as connection:
        fields = _checked(connection, body, None)
        made = store.create(connection, **fields)
    return respond(views.environment(call.links, made), 201, location=call.links.url("environments", made.uuid))


@router.get("/environments/{uuid:seg}")
def show(uuid: str, call: Hal) -> Response:
    """Show an environment."""
    with call.read() as connection:
        return respond(views.environment(call.links, existing_environment(connection, uuid)))


@router.put("/environments/{uuid:seg}")
def replace(uuid: str, call: HalJson) -> Response:
    """Replace an environment."""
    body = call.object()
    with call.write() as connection:
        fields = _checked(connection, body, uuid)
        changed = store.replace(connection, existing_environment(connection, uuid), **fields)
    return respond(views.environment(call.links, changed))


@router.delete("/environments/{uuid:seg}", status_code=204)
def remove(uuid: str, call: Anything) -> Response:
    """Delete an environment with its deployments and releases."""
    with call.write() as connection:
        store.remove(connection, existing_environment(connection, uuid))
    return no_content()


@router.get("/environments/{uuid:seg}/deployed-versions/currently-deployed")
def list_deployed(uuid: str, call: Hal) -> Response:
    """List what is deployed to an environment now, the newest first."""
    with call.read() as connection:
        environment = existing_environment(connection, uuid)
        name, instance = call.text("pacticipant"), call.text("applicationInstance")
        rows = deployment_store.deployments(connection, environment.id, pacticipant=name, instance=instance)
    own = _with_query(call, call.links.url("environments", uuid, "deployed-versions", "currently-deployed"))
    title = f"Currently deployed versions for {environment.display_name}"
    return _rows("deployedVersions", [views.deployed(call.links, row, None) for row in rows], own, title)


@router.get("/environments/{uuid:seg}/released-versions/currently-supported")
def list_released(uuid: str, call: Hal) -> Response:
    """List what is released and supported in an environment."""
    with call.read() as connection:
        environment = existing_environment(connection, uuid)
        name, number = call.text("pacticipant"), call.text("version")
        rows = deployment_store.releases(connection, environment.id, pacticipant=name, number=number)
    own = _with_query(call, call.links.url("environments", uuid, "released-versions", "currently-supported"))
    title = f"Currently supported versions in {environment.display_name}"
    return _rows("releasedVersions", [views.released(call.links, row, None) for row in rows], own, title)


@router.get("/pacticipants/{name:seg}/versions/{number:seg}/deployed-versions/environment/{uuid:seg}")
def list_deployments_of_version(name: str, number: str, uuid: str, call: Hal) -> Response:
    """List all deployments of a version to an environment."""
    with call.read() as connection:
        version, environment = existing_version(connection, name, number), existing_environment(connection, uuid)
        rows = deployment_store.deployments(connection, environment.id, version_id=version.id, current=False)
    own = call.links.url("pacticipants", name, "versions", number, "deployed-versions", "environment", uuid)
    title = f"Deployed versions for {name} version {number} in {environment.display_name}"
    return _rows("deployedVersions", [views.deployed(call.links, row, None, alone=True) for row in rows], own, title)


@router.post("/pacticipants/{name:seg}/versions/{number:seg}/deployed-versions/environment/{uuid:seg}", status_code=201)
def record_deployment(name: str, number: str, uuid: str, call: HalJson) -> Response:
    """Record that a version is deployed now."""
    body = call.object()
    faults = Faults()
    fields = ("applicationInstance", "target")
    instances = [faults.check(body, field, text, one_line) for field in fields]
    faults.raise_any()
    instance = next((value for value in instances if value is not None), None)
    with call.write() as connection:
        version, environment = existing_version(connection, name, number), existing_environment(connection, uuid)
        row = deployment_store.deploy(connection, version, environment.id, instance, at=call.now)
        milestones.deployed(connection, call.settings, call.links.base, version, environment)
    location = call.links.url("deployed-versions", row.uuid)
    return respond(views.deployed(call.links, row, environment), 201, location=location)


@router.get("/pacticipants/{name:seg}/versions/{number:seg}/released-versions/environment/{uuid:seg}")
def list_releases_of_version(name: str, number: str, uuid: str, call: Hal) -> Response:
    """List the releases of a version in an environment."""
    with call.read() as connection:
        version, environment = existing_version(connection, name, number), existing_environment(connection, uuid)
        rows = deployment_store.releases(connection, environment.id, version_id=version.id, supported=False)
        shown = existing(connection, name).display_name
    own = call.links.url("pacticipants", name, "versions", number, "released-versions", "environment", uuid)
    title = f"Released versions for {shown} version {number} in {environment.display_name}"
    return _rows("releasedVersions", [views.released(call.links, row, None, alone=True) for row in rows], own, title)


@router.post("/pacticipants/{name:seg}/versions/{number:seg}/released-versions/environment/{uuid:seg}", status_code=201)
def record_release(name: str, number: str, uuid: str, call: HalJson) -> Response:
    """Record that a version is released and supported."""
    with call.write() as connection:
        version, environment = existing_version(connection, name, number), existing_environment(connection, uuid)
        row, is_new = deployment_store.release(connection, version, environment.id)
        milestones.deployed(connection, call.settings, call.links.base, version, environment, milestones.RELEASED)
    location = call.links.url("released-versions", row.uuid)
    return respond(views.released(call.links, row, environment), 201 if is_new else 200, location=location)


@router.get("/deployed-versions/{uuid:seg}")
def show_deployed(uuid: str, call: Hal) -> Response:
    """Show a deployment."""
    with call.read() as connection:
        return respond(_deployed(call, connection, uuid))


@router.patch("/deployed-versions/{uuid:seg}")
def undeploy(uuid: str, call: HalPatch) -> Response:
    """Record that a deployment is gone: `currentlyDeployed` false."""
    wanted = call.object().get("currentlyDeployed")
    with call.write() as connection:
        found = deployment_store.find_deployed(connection, uuid)
        if found is None:
            raise NotFoundError
        if wanted is True:
            raise _no_way_back("currentlyDeployed")
        if wanted is False:
            deployment_store.undeploy(connection, found, call.now)
            _gone(call, connection, found)
        return respond(_deployed(call, connection, uuid))


@router.get("/released-versions/{uuid:seg}")
def show_released(uuid: str, call: Hal) -> Response:
    """Show a release."""
    with call.read() as connection:
        return respond(_released(call, connection, uuid))


@router.patch("/released-versions/{uuid:seg}")
def end_support(uuid: str, call: HalPatch) -> Response:
    """Record that a release is no longer supported: `currentlySupported` false."""
    wanted = call.object().get("currentlySupported")
    with call.write() as connection:
        found = deployment_store.find_released(connection, uuid)
        if found is None:
            raise NotFoundError
        if wanted is True:
            raise _no_way_back("currentlySupported")
        if wanted is False:
            deployment_store.end_support(connection, found, call.now)
            _gone(call, connection, found)
        return respond(_released(call, connection, uuid))


def _gone(call: Call, connection: Connection, row: Deployed | Released) -> None:
    """Write down that a version is no longer deployed or supported."""
    version = existing_version(connection, row.pacticipant, row.number)
    place = store.by_ids(connection, [row.environment_id])[row.environment_id]
    milestones.deployed(connection, call.settings, call.links.base, version, place, milestones.GONE)


def _with_query(call: Call, address: str) -> str:
    query = call.request.url.query
    return f"{address}?{query}" if query else address


def _rows(name: str, rows: list[dict[str, Any]], own: str, title: str) -> Response:
    return respond({"_embedded": {name: rows}, "_links": {"self": link(own, title)}})


def _deployed(call: Call, connection: Connection, uuid: str) -> dict[str, Any]:
    found = deployment_store.find_deployed(connection, uuid)
    if found is None:
        raise NotFoundError
    return views.deployed(call.links, found, store.by_ids(connection, [found.environment_id])[found.environment_id])


def _released(call: Call, connection: Connection, uuid: str) -> dict[str, Any]:
    found = deployment_store.find_released(connection, uuid)
    if found is None:
        raise NotFoundError
    return views.released(call.links, found, store.by_ids(connection, [found.environment_id])[found.environment_id])


def _no_way_back(field: str) -> InvalidError:
    text_ = f"The {field} property cannot be set back to true. Please record a new deployment."
    return InvalidError({field: [text_]}, 422)


def _checked(connection: Connection, body: dict[str, Any], uuid: str | None) -> dict[str, Any]:
    faults = Faults()
    name = faults.check(body, "name", text, filled, one_line, no_spaces, required=True, null=False)
    faults.check(body, "displayName", text, one_line)
    faults.check(body, "production", one_of(True, False), required=True, null=False)
    contacts = faults.check(body, "contacts", array)
    _check_contacts(contacts, faults)
    if not faults.by_field:
        holder = store.find_by_name(connection, name)
        if holder is not None and holder.uuid != uuid:
            faults.add("name", f"name '{name}' is already used by an existing environment.")
    faults.raise_any()
    shown = body.get("displayName") or display_name(name)
    return {"name": name, "display_name": shown, "production": body["production"], "contacts": contacts}


def _check_contacts(contacts: Any, faults: Faults) -> None:
    for index, contact in enumerate(contacts if isinstance(contacts, list) else []):
        if not isinstance(contact, dict):
            faults.add("contacts", f"must be a hash (at index {index})")
        elif "name" not in contact:
            faults.add("contacts", f"name is missing (at index {index})")
        elif text(contact["name"]) or filled(contact["name"]):
            faults.add("contacts", f"name must be filled (at index {index})")
