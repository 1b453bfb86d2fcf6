"""Finds out what the candidates of a question mean, before anything is judged: who they are, and what stays live beside them."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from saga_broker.gate.run.candidates import Candidate, Live, Removed, did_you_mean, standing
from saga_broker.http.errors import RefusedError
from saga_broker.rows import Environment, Page
from saga_broker.store import deployments as deployment_store
from saga_broker.store import versions as version_store

NEAR = 200
"""So many of the newest versions are compared with a number that is not known."""


class LiveVersions:
    """What is live in an environment once the candidates are deployed."""

    def __init__(
        self,
        connection: Connection,
        environment: Environment,
        given: Sequence[tuple[str, str]],
        removed: Sequence[tuple[str, str | None]] = (),
    ) -> None:
        """Keep the question; nothing is looked up yet.

        Args:
            connection: The database.
            environment: Where the versions are live.
            given: Name, and version or `VERSION@INSTANCE`, of each candidate.
            removed: The same of what is taken away; None for all versions.
        """
        self._connection, self._environment, self._given, self._removed = connection, environment, given, removed
        self._known: dict[str, list[str]] = {}

    @property
    def environment(self) -> Environment:
        """Where the versions are live."""
        return self._environment

    @property
    def names(self) -> list[str]:
        """The pacticipants of which a version is to be deployed."""
        return list(dict.fromkeys(name for name, _ in self._given))

    def candidates(self, pacticipant: str) -> list[str]:
        """Give the versions of a pacticipant that are to be deployed.

        Raises:
            RefusedError: With 404, one is not known.
        """
        return [self._candidate(name, text).version for name, text in self._given if name == pacticipant]

    def leaving(self, pacticipant: str) -> list[str]:
        """Give the versions of a pacticipant that are live now, and are not with the candidates."""
        stays = self.versions(pacticipant)
        return list(dict.fromkeys(one.version for one in self._live(pacticipant) if one.version not in stays))

    def versions(self, pacticipant: str) -> list[str]:
        """Give the versions of a pacticipant that are live with its candidates.

        Raises:
            RefusedError: With 404, a candidate is a version that is not known.
        """
        if pacticipant not in self._known:
            candidates = [self._candidate(name, text) for name, text in self._given if name == pacticipant]
            removed = [self._away(name, text) for name, text in self._removed if name == pacticipant]
            self._known[pacticipant] = standing(self._live(pacticipant), candidates, removed)
        return self._known[pacticipant]

    def is_taken_away(self, pacticipant: str, text: str | None) -> bool:
        """Is there anything of what is to be taken away?"""
        away = self._away(pacticipant, text)
        return any(away.takes(one) for one in self._live(pacticipant))

    def refuse_strangers(self, saga: str, named: Collection[str]) -> None:
        """Refuse candidates that the saga does not name, and versions that are not known.

        Raises:
            RefusedError: With 404.
        """
        for name in dict.fromkeys(name for name, _ in self._given):
            if name not in named:
                known = ", ".join(sorted(named))
                text = f"No version of saga {saga} that is in question names the pacticipant {name}."
                raise RefusedError(404, f"{text}{did_you_mean(name, named)} Named are: {known}.")
            self.versions(name)

    def _live(self, pacticipant: str) -> list[Live]:
        deployed = deployment_store.deployments(self._connection, self._environment.id, pacticipant=pacticipant)
        released = deployment_store.releases(self._connection, self._environment.id, pacticipant=pacticipant)
        return [
            *(Live(one.number, one.instance) for one in deployed),
            *(Live(one.number, released=True) for one in released),
        ]

    def _candidate(self, name: str, text: str) -> Candidate:
        """Read a version; an `@` may be a part of it."""
        number, at, instance = text.rpartition("@")
        if self._is_known(name, text):
            return Candidate(name, text)
        if at and self._is_known(name, number):
            return Candidate(name, number, instance)
        raise RefusedError(404, self._unknown(name, number if at else text))

    def _away(self, name: str, text: str | None) -> Removed:
        if text is None:
            return Removed(name)
        found = self._candidate(name, text)
        return Removed(name, found.version, found.instance)

    def _is_known(self, name: str, number: str) -> bool:
        return version_store.find(self._connection, name, number) is not None

    def _unknown(self, name: str, number: str) -> str:
        known, _ = version_store.listing(self._connection, name, page=Page(1, NEAR))
        near = did_you_mean(number, [one.number for one in known])
        mend = "Publish or verify it first, or correct it."
        return f"The broker knows no version {number} of {name}.{near} {mend}"
