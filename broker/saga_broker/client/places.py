"""What is where: environments, versions, deployments and releases, as the client asks for and records them."""

from typing import Any

from saga_broker.client.records import DeployedRecord, EnvironmentRecord, VersionRecord
from saga_broker.client.transport import Asking, Params
from saga_broker.http.segments import path as path_of
from saga_contracts.errors import UsageError

PAGE = 100


class Places(Asking):
    """Records and lists what is where."""

    def environments(self) -> tuple[EnvironmentRecord, ...]:
        """List the environments, by name."""
        answer = self._send("list the environments", "GET", "/environments")
        found = [EnvironmentRecord.model_validate(one) for one in answer["_embedded"]["environments"]]
        return tuple(sorted(found, key=lambda one: one.name))

    def create_environment(self, name: str, *, production: bool, display_name: str | None = None) -> EnvironmentRecord:
        """Make an environment.

        Raises:
            UsageError: There is one of this name.
        """
        body: dict[str, Any] = {"name": name, "production": production}
        body |= {} if display_name is None else {"displayName": display_name}
        return EnvironmentRecord.model_validate(self._send(f"create environment {name}", "POST", "/environments", body))

    def deployments(self, environment: str) -> tuple[DeployedRecord, ...]:
        """List what is deployed to, and released in, an environment now, by pacticipant; deployments first."""
        uuid = self._environment(environment)
        found = []
        for kind, where in (("deployedVersions", "deployed-versions"), ("releasedVersions", "released-versions")):
            last = "currently-deployed" if kind == "deployedVersions" else "currently-supported"
            answer = self._send(f"list what is in {environment}", "GET", path_of("environments", uuid, where, last))
            found += [_deployed(one, environment, released=kind == "releasedVersions") for one in answer["_embedded"][kind]]
        return tuple(sorted(found, key=lambda one: (one.pacticipant, one.released, one.application_instance or "")))

    def versions(self, pacticipant: str, most: int = PAGE) -> tuple[VersionRecord, ...]:
        """List the newest versions of a pacticipant, the newest first.

        Raises:
            UsageError: The broker does not know the pacticipant.
        """
        path, params = path_of("pacticipants", pacticipant, "versions"), Params([("page", 1), ("size", most)])
        answer = self._send(f"list the versions of {pacticipant}", "GET", path, params=params)
        return tuple(_version(one) for one in answer["_embedded"]["versions"])

    def create_version_tag(self, pacticipant: str, version: str, tag: str) -> None:
        """Give a version a tag; a version that is not known is made."""
        path = path_of("pacticipants", pacticipant, "versions", version, "tags", tag)
        self._send(f"tag {pacticipant} {version}", "PUT", path, {})

    def record_deployment(
        self, pacticipant: str, version: str, environment: str, *, application_instance: str | None = None
    ) -> str:
        """Record that a version is deployed to an environment now.

        Returns:
            The address of the deployment.

        Raises:
            UsageError: The version or the environment is not known.
        """
        body = {} if application_instance is None else {"applicationInstance": application_instance}
        what = f"record the deployment of {pacticipant} {version} to {environment}"
        return self._record(what, pacticipant, version, "deployed-versions", environment, body)

    def record_release(self, pacticipant: str, version: str, environment: str) -> str:
        """Record that a version is released and supported in an environment; the arguments are those of a deployment."""
        what = f"record the release of {pacticipant} {version} in {environment}"
        return self._record(what, pacticipant, version, "released-versions", environment, {})

    def record_undeployment(
        self, pacticipant: str, environment: str, *, version: str | None = None, application_instance: str | None = None
    ) -> tuple[DeployedRecord, ...]:
        """Record that what is deployed of a pacticipant to an environment is gone.

        Args:
            pacticipant: Its name.
            environment: Where it was.
            version: Only this version; None for any.
            application_instance: Of which installation; None: of the one without a name, as it was recorded.

        Returns:
            What is gone now.

        Raises:
            UsageError: Nothing of this kind is deployed there.
        """
        here = [one for one in self.deployments(environment) if one.pacticipant == pacticipant and not one.released]
        gone = [one for one in here if one.application_instance == application_instance and version in (None, one.version)]
        if not gone:
            raise UsageError(_not_deployed(pacticipant, environment, version, application_instance, here))
        for one in gone:
            what = f"record that {pacticipant} {one.version} is gone from {environment}"
            self._send(what, "PATCH", path_of("deployed-versions", one.uuid), {"currentlyDeployed": False})
        return tuple(gone)

    def record_support_ended(self, pacticipant: str, version: str, environment: str) -> None:
        """Record that a released version is no longer supported in an environment.

        Raises:
            UsageError: It is not released there.
        """
        here = [one for one in self.deployments(environment) if one.released and one.pacticipant == pacticipant]
        ended = [one for one in here if one.version == version]
        if not ended:
            known = ", ".join(one.version for one in here) or "no version of it"
            msg = f"Cannot record that {pacticipant} {version} is no longer supported: released in {environment} is {known}. "
            raise UsageError(f"{msg}Correct --version or --environment.")
        what = f"record that {pacticipant} {version} is no longer supported in {environment}"
        self._send(what, "PATCH", path_of("released-versions", ended[0].uuid), {"currentlySupported": False})

    def _record(self, what: str, pacticipant: str, version: str, kind: str, environment: str, body: dict[str, str]) -> str:
        uuid = self._environment(environment)
        path = path_of("pacticipants", pacticipant, "versions", version, kind, "environment", uuid)
        return str(self._send(what, "POST", path, body)["_links"]["self"]["href"])

    def _environment(self, name: str) -> str:
        answer = self._send(f"find environment {name}", "GET", "/environments", params=[("name", name)])
        found = answer["_embedded"]["environments"]
        if not found:
            known = f"Cannot find environment {name} at {self.url}: the broker does not know it."
            msg = f"{known} Create it (sagapact create-environment {name}), or correct --environment."
            raise UsageError(msg)
        return str(found[0]["uuid"])


def _deployed(one: dict[str, Any], environment: str, *, released: bool) -> DeployedRecord:
    about = {"pacticipant": one["_embedded"]["pacticipant"]["name"], "version": one["_embedded"]["version"]["number"]}
    return DeployedRecord.model_validate({**one, **about, "environment": environment, "released": released})


def _version(one: dict[str, Any]) -> VersionRecord:
    embedded = one.get("_embedded", {})
    return VersionRecord(
        number=one["number"],
        created_at=one["createdAt"],
        branches=[each["name"] for each in embedded.get("branchVersions", ())],
        tags=[each["name"] for each in embedded.get("tags", ())],
    )


def _not_deployed(
    pacticipant: str, environment: str, version: str | None, instance: str | None, here: list[DeployedRecord]
) -> str:
    wanted = f"{pacticipant} {version}" if version else pacticipant
    at = f" under the application instance {instance}" if instance is not None else " without an application instance"
    known = ", ".join(f"{one.version}@{one.application_instance}" if one.application_instance else one.version for one in here)
    mend = f"Deployed there of it: {known}. Name the instance by --application-instance." if here else "Correct the names."
    return f"Cannot record that {wanted} is gone from {environment}: it is not deployed there{at}. {mend}"
