"""Waivers with the days that they have left. Pure; the day of the question is given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from saga_broker.gate.run.reasons import named
from saga_broker.http.hal import Document
from saga_contracts.declare.policies import Waiver

SOON_DAYS = 7
"""A waiver with so many days left, or fewer, is told to people."""


@dataclass(frozen=True, slots=True)
class Waived:
    """A waiver on a day.

    Attributes:
        obligation: Its id with its name.
        days_left: The day itself counts as none; below zero when it has expired.
    """

    saga: str
    saga_version: str
    step: str
    obligation: str
    reason: str
    person: str
    expires: str
    days_left: int

    @property
    def is_expired(self) -> bool:
        """Does it hide nothing any more?"""
        return self.days_left < 0

    @property
    def ends_soon(self) -> bool:
        """Does it end within a week, or has it ended?"""
        return self.days_left <= SOON_DAYS

    @property
    def left(self) -> str:
        """Say how long it holds.

        >>> Waived("sale", "1", "pay", "O4", "later", "ada", "2026-01-01", 1).left
        '1 day left'
        """
        if self.is_expired:
            return "expired"
        return "ends today" if self.days_left == 0 else f"{self.days_left} day{'' if self.days_left == 1 else 's'} left"


def waived(saga: str, saga_version: str, waivers: Iterable[Waiver], today: date) -> list[Waived]:
    """Give the waivers of a saga version, those that end first at the front."""
    found = [
        Waived(
            saga,
            saga_version,
            one.step,
            named(one.obligation),
            one.reason,
            one.person,
            one.expires,
            (date.fromisoformat(one.expires) - today).days,
        )
        for one in waivers
    ]
    return sorted(found, key=lambda one: (one.expires, one.step, one.obligation))


def document(one: Waived) -> Document:
    """Write a waiver."""
    return {
        "step": one.step,
        "obligation": one.obligation.partition(" ")[0],
        "name": one.obligation,
        "reason": one.reason,
        "person": one.person,
        "expires": one.expires,
        "daysLeft": one.days_left,
        "sagaVersion": one.saga_version,
    }
