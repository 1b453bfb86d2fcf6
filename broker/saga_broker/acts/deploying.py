"""Answers what a set of versions would mean for an environment: may it be deployed, what must come with it, what would change."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.acts.gathering import gather
from saga_broker.gate import matrix
from saga_broker.gate.matrix import Verdict
from saga_broker.gate.model import Question, Selector, Target
from saga_broker.gate.run import pairs, together
from saga_broker.gate.run.deploying import Changed, SagaAnswer, SetAnswer
from saga_broker.gate.run.model import RunVerdict
from saga_broker.gate.run.rule import judge_all
from saga_broker.http.errors import RefusedError
from saga_broker.rows import Environment
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import sagas as saga_store
from saga_broker.store import versions as version_store
from saga_broker.store.questions import matrix as matrix_store

MOST_SETS = 60
"""So many sets are judged at most in the search for the smallest one."""
MOST_SIDE_BY_SIDE = 16
"""So many choices of one version for each pacticipant are asked of the matrix at most."""
Given = Sequence[tuple[str, str]]
"""Name, and version or `VERSION@INSTANCE`, of each candidate."""


@dataclass
class Deploying:
    """Questions about one environment at one moment; what was worked out for one set serves the next.

    Attributes:
        connection: The database.
        environment: Where the versions are to be deployed.
        faults: The most faults in one history for which decks must be kept.
        now: The moment of the questions.
    """

    connection: Connection
    environment: Environment
    faults: int
    now: datetime
    _sagas: dict[tuple[str, tuple[tuple[str, str], ...]], SagaAnswer | None] = field(default_factory=dict)
    _named: dict[str, set[str]] = field(default_factory=dict)

    def answer(self, given: Given) -> SetAnswer:
        """Tell whether versions may be deployed together.

        Raises:
            RefusedError: With 404, a version is not known; with 400, too many are to be live side by side.
        """
        live = LiveVersions(self.connection, self.environment, given)
        versions = {name: live.candidates(name) for name in live.names}
        found = {saga: self._saga(saga, given) for saga in saga_store.naming(self.connection, live.names)}
        return SetAnswer(
            pairs=tuple(pairs.reasons(self._matrix(versions), self.environment.name)),
            sagas=tuple(one for one in found.values() if one is not None and one.named & set(live.names)),
            absent=tuple(saga for saga, one in found.items() if one is None),
        )

    def smallest(self, given: Given) -> together.Found:
        """Look for the smallest set with these versions that may be deployed together."""
        return together.smallest(
            {name for name, _ in given}, self._options, lambda added: self.answer([*given, *added]).against, MOST_SETS
        )

    def changes(self, deployed: Given, removed: Sequence[tuple[str, str | None]]) -> list[Changed]:
        """Tell what becomes of every saga when versions are deployed and others taken away.

        Raises:
            RefusedError: With 404, a version is not known, or what is to be taken away is not there.
        """
        before = LiveVersions(self.connection, self.environment, ())
        after = LiveVersions(self.connection, self.environment, deployed, removed)
        for name in dict.fromkeys([*after.names, *(name for name, _ in removed)]):
            after.versions(name)
        for name, text in removed:
            if not after.is_taken_away(name, text):
                what = name if text is None else f"{name} {text}"
                raise RefusedError(404, f"{what} is not in {self.environment.name}, so it cannot be taken away from there.")
        pairs_ = ((saga, self._whole(saga, before), self._whole(saga, after)) for saga in saga_store.names(self.connection))
        return [Changed(*one) for one in pairs_ if one[1] is not None or one[2] is not None]

    def _whole(self, saga: str, live: LiveVersions) -> RunVerdict | None:
        found = gather(self.connection, saga, live, self.now, whole=True)
        return judge_all(found.cases, self.faults, self.now.date()) if found.is_there else None

    def _saga(self, saga: str, given: Given) -> SagaAnswer | None:
        """Judge a saga with those of the candidates that any of its versions names; None when no version of it is there."""
        if saga not in self._named:
            self._named[saga] = saga_store.named(self.connection, saga)
        own = tuple(sorted(one for one in given if one[0] in self._named[saga]))
        if (saga, own) not in self._sagas:
            found = gather(self.connection, saga, LiveVersions(self.connection, self.environment, own), self.now)
            verdict = judge_all(found.cases, self.faults, self.now.date())
            self._sagas[saga, own] = SagaAnswer(saga, found.cases, verdict, found.named) if found.is_there else None
        return self._sagas[saga, own]

    def _matrix(self, versions: dict[str, list[str]]) -> list[Verdict]:
        choices = list(itertools.islice(itertools.product(*versions.values()), MOST_SIDE_BY_SIDE + 1))
        if len(choices) > MOST_SIDE_BY_SIDE:
            raise RefusedError(
                400, f"More than {MOST_SIDE_BY_SIDE} choices of versions would be live side by side. Ask about fewer."
            )
        target = Target(environment=self.environment.name)
        found = []
        for choice in choices:
            selectors = tuple(Selector(name, version=version) for name, version in zip(versions, choice, strict=True))
            question = Question(selectors, target, latestby="cvpv")
            found.append(matrix.judge(question, matrix_store.answer(self.connection, question)))
        return found

    def _options(self, pacticipant: str) -> list[str]:
        """Give the versions that may come with others: the head of the main branch, and the newest of all; not what is live."""
        owner = pacticipant_store.find(self.connection, pacticipant)
        branch = None if owner is None else owner.main_branch
        head = None if branch is None else version_store.branch_head(self.connection, pacticipant, branch)
        newest = version_store.latest(self.connection, pacticipant)
        found = dict.fromkeys(one.number for one in (head, newest) if one is not None)
        live = LiveVersions(self.connection, self.environment, ()).versions(pacticipant)
        return [number for number in found if number not in live]
