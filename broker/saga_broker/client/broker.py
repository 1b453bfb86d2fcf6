"""The broker's client: what the command line, the verifier and the end-to-end runner ask the broker.

Needs httpx and pydantic only, so that the base install has it. Its errors are explained in `transport`.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from saga_broker.client.places import Places
from saga_broker.client.questions import Questions
from saga_broker.client.records import (
    ConsumerVersion,
    DeckResultRecord,
    NewDeckResult,
    PactForVerification,
    PactPlace,
    Published,
    SagaVersionRecord,
    SelectedPact,
)
from saga_broker.client.transport import TOKEN_VARIABLE, BrokerRefusedError, BrokerUnreachableError, Params, Transport
from saga_broker.http.segments import path as path_of

__all__ = ["TOKEN_VARIABLE", "BrokerClient", "BrokerRefusedError", "BrokerUnreachableError"]

SAGAS = "saga:sagas"


class BrokerClient(Places, Questions):
    """Asks one broker: contracts and results here, what is where in `places`, the gate in `questions`.

    Usable as a context manager; safe for use by several threads.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            url: The broker's address.
            token: A bearer token; by default that of SAGAPACT_BROKER_TOKEN.
            username: For basic authentication; by default SAGAPACT_BROKER_USERNAME.
            password: For basic authentication; by default SAGAPACT_BROKER_PASSWORD.
            timeout_s: Seconds that one answer may take.

        Raises:
            UsageError: The address is none.
        """
        super().__init__(Transport(url, token, username, password, timeout_s))

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def publish_contracts(
        self,
        pacticipant: str,
        version: str,
        *,
        branch: str | None,
        pact_files: Iterable[tuple[str, str, bytes]],
        tags: Sequence[str] = (),
        build_url: str | None = None,
    ) -> Published:
        """Publish the pacts of a consumer version.

        Args:
            pacticipant: The consumer.
            version: Its version.
            branch: Its branch; None when there is none.
            pact_files: Consumer, provider and the file's bytes of each pact.
            tags: Tags of the version.
            build_url: Where it was built.

        Raises:
            BrokerRefusedError: Another pact is stored under this version.
        """
        contracts = [
            {
                "consumerName": consumer,
                "providerName": provider,
                "specification": "pact",
                "contentType": "application/json",
                "content": base64.b64encode(content).decode(),
            }
            for consumer, provider, content in pact_files
        ]
        body = {"pacticipantName": pacticipant, "pacticipantVersionNumber": version, "contracts": contracts}
        more = {"branch": branch, "tags": list(tags) or None, "buildUrl": build_url}
        body |= {name: value for name, value in more.items() if value is not None}
        answer = self._send(f"publish the contracts of {pacticipant} {version}", "POST", "/contracts/publish", body)
        return Published.model_validate(answer)

    def publish_saga(
        self,
        saga: str,
        version: str,
        content: str,
        *,
        content_type: str = "application/yaml",
        branch: str | None = None,
        build_url: str | None = None,
    ) -> SagaVersionRecord:
        """Publish a saga file, verbatim, under a version of its owner."""
        body = {"content": content, "contentType": content_type, "branch": branch, "buildUrl": build_url}
        path = path_of("sagas", saga, "versions", version)
        return SagaVersionRecord.model_validate(self._send(f"publish saga {saga} {version}", "PUT", path, body))

    def saga(self, saga: str, version: str) -> SagaVersionRecord:
        """Read a saga version with its content."""
        path = path_of("sagas", saga, "versions", version)
        return SagaVersionRecord.model_validate(self._send(f"read saga {saga} {version}", "GET", path))

    def sagas(
        self, *, provider: str | None = None, environment: str | None = None, branch: str | None = None
    ) -> tuple[SagaVersionRecord, ...]:
        """List sagas: the newest of each, on a branch, or what runs in an environment; only with a step at a provider."""
        wanted = {"provider": provider, "environment": environment, "branch": branch}
        params: Params = [(name, value) for name, value in wanted.items() if value is not None]
        answer = self._send("list the sagas", "GET", "/sagas", params=params)
        return tuple(SagaVersionRecord.model_validate(item) for item in answer["_embedded"]["sagas"])

    def selected_pacts(
        self,
        provider: str,
        *,
        selectors: Sequence[Mapping[str, Any]] = (),
        provider_branch: str | None = None,
        include_pending: bool = True,
        include_wip_since: str | None = None,
    ) -> tuple[SelectedPact, ...]:
        """List the pacts that a provider has to verify; none when the broker does not know the provider yet.

        Args:
            provider: The provider.
            selectors: Consumer version selectors; empty for main branches and everything deployed or released.
            provider_branch: The branch of the provider version.
            include_pending: Ask which of them are pending.
            include_wip_since: Add work in progress younger than this date.
        """
        body: dict[str, Any] = {
            "consumerVersionSelectors": [dict(one) for one in selectors],
            "includePendingStatus": include_pending,
        }
        more = {"providerVersionBranch": provider_branch, "includeWipPactsSince": include_wip_since}
        body |= {name: value for name, value in more.items() if value is not None}
        path = path_of("pacts", "provider", provider, "for-verification")
        answer = self._send(f"read the pacts of {provider}", "POST", path, body, none_at_404=True)
        return () if answer is None else tuple(_selected(entry) for entry in answer["_embedded"]["pacts"])

    def pact(self, selected: SelectedPact) -> PactForVerification:
        """Read a pact that was selected."""
        pact = self._send(f"read {selected.name}", "GET", selected.url)
        links = pact.pop("_links")
        pact.pop("createdAt", None)
        return PactForVerification(
            **selected.model_dump(),
            consumer=links["pb:consumer"]["name"],
            consumer_version=links["pb:consumer-version"]["name"],
            provider=links["pb:provider"]["name"],
            sha=links["pb:pact-version"]["name"],
            pact=pact,
            publish_results_url=links["pb:publish-verification-results"]["href"],
        )

    def latest_pacts(self, provider: str) -> tuple[PactPlace, ...]:
        """List the newest pact of each consumer of a provider, whatever its branch; none when there is none."""
        path = path_of("pacts", "provider", provider, "latest")
        answer = self._send(f"list the pacts of {provider}", "GET", path, none_at_404=True)
        links = [] if answer is None else answer["_links"].get("pb:pacts", [])
        return tuple(PactPlace(consumer=one["name"], url=one["href"]) for one in links)

    def whereabouts(self, place: PactPlace) -> ConsumerVersion:
        """Tell of which consumer version a pact is, and where that version is: branches, tags, environments."""
        what = f"look for the pact of {place.consumer}"
        link = self._send(what, "GET", place.url)["_links"]["pb:consumer-version"]
        version = self._send(what, "GET", link["href"])
        return ConsumerVersion(
            consumer=place.consumer,
            number=link["name"],
            branches=[one["name"] for one in version["_embedded"].get("branchVersions", ())],
            tags=[one["name"] for one in version["_embedded"].get("tags", ())],
            environments=[one["name"] for one in version["_links"].get("pb:deployed-environments", ())],
        )

    def keeps_sagas(self) -> bool:
        """Ask whether it is one of Sagapact: another Pact Broker keeps no saga files and no deck results."""
        return SAGAS in self._send("read its index", "GET", "/")["_links"]

    def knows(self, pacticipant: str) -> bool:
        """Ask whether the broker has ever heard of a pacticipant."""
        return self._send(f"look for {pacticipant}", "GET", path_of("pacticipants", pacticipant), none_at_404=True) is not None

    def register_provider_version(
        self, provider: str, version: str, *, branch: str | None = None, tags: Sequence[str] = ()
    ) -> None:
        """Make a provider version known, before its results: its branch and tags count from the moment of a result."""
        what = f"register {provider} {version}"
        if branch is not None:
            self._send(what, "PUT", path_of("pacticipants", provider, "branches", branch, "versions", version), {})
        for tag in tags:
            self._send(what, "PUT", path_of("pacticipants", provider, "versions", version, "tags", tag), {})
        if branch is None and not tags:
            path = path_of("pacticipants", provider, "versions", version)
            if self._send(what, "GET", path, none_at_404=True) is None:
                self._send(what, "PUT", path, {})

    def publish_verification(
        self,
        link: str,
        *,
        success: bool,
        version: str,
        test_results: Any = None,
        build_url: str | None = None,
        verified_by: Mapping[str, Any] | None = None,
    ) -> str:
        """Publish the result of a verification.

        Args:
            link: `publish_results_url` of the pact.
            success: Whether the provider keeps the pact.
            version: The provider version.
            test_results: What happened in each interaction; any JSON.
            build_url: Where it was verified.
            verified_by: `implementation` and `version` of the verifier.

        Returns:
            The address of the result.
        """
        body: dict[str, Any] = {"success": success, "providerApplicationVersion": version}
        more = {"testResults": test_results, "buildUrl": build_url, "verifiedBy": verified_by}
        body |= {name: value for name, value in more.items() if value is not None}
        answer = self._send("publish a verification result", "POST", link, body)
        return str(answer["_links"]["self"]["href"])

    def publish_deck_result(
        self, saga: str, *, sha: str, step: str, provider: str, version: str, result: NewDeckResult
    ) -> DeckResultRecord | None:
        """Publish the result of playing a step's deck; None when the broker has no saga file with this content of the step.

        Args:
            saga: The saga.
            sha: The sha of the step's slice.
            step: The step.
            provider: Its participant.
            version: The participant's version.
            result: What was found out.
        """
        path = _deck_path(saga, sha, step, provider, version)
        body = result.model_dump(mode="json", by_alias=True)
        answer = self._send(f"publish a deck result of step {step} of {saga}", "POST", path, body, none_at_404=True)
        return None if answer is None else DeckResultRecord.model_validate(answer)

    def deck_results(self, saga: str, *, sha: str, step: str, provider: str, version: str) -> tuple[DeckResultRecord, ...]:
        """Read the results of a step's deck at a provider version, the newest first."""
        answer = self._send(f"read deck results of {saga}", "GET", _deck_path(saga, sha, step, provider, version))
        return tuple(DeckResultRecord.model_validate(item) for item in answer["_embedded"]["deckResults"])


def _selected(entry: Mapping[str, Any]) -> SelectedPact:
    properties = entry["verificationProperties"]
    return SelectedPact(
        name=entry["_links"]["self"]["name"],
        url=entry["_links"]["self"]["href"],
        pending=bool(properties.get("pending")),
        wip=bool(properties.get("wip")),
        short_description=entry.get("shortDescription") or "",
        notices=tuple(properties.get("notices", ())),
    )


def _deck_path(saga: str, sha: str, step: str, provider: str, version: str) -> str:
    return path_of("sagas", saga, "contents", sha, "steps", step, "providers", provider, "versions", version, "deck-results")
