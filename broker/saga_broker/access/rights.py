"""What a token allows. Every token may read; `administer` holds every other right. Pure."""

from collections.abc import Iterable
from enum import StrEnum


class Right(StrEnum):
    """One thing that a token allows."""

    READ = "read"  # every page and every question
    PUBLISH = "publish"  # pacts and sagas of consumers, their versions, branches and tags
    VERIFY = "verify"  # results of providers, their versions, branches and tags
    DEPLOY = "deploy"  # that a version is deployed or released somewhere, or no longer
    ADMINISTER = "administer"  # everything, and alone: deleting, environments, the audit log


Rights = frozenset[Right]


def rights_of(given: Iterable[str]) -> Rights:
    """Complete the rights that a token was given: with `read`, and `administer` with all others.

    Raises:
        ValueError: One of them is no right.
    """
    found = {Right(one) for one in given} | {Right.READ}
    return frozenset(Right) if Right.ADMINISTER in found else frozenset(found)


def in_words(rights: Iterable[Right]) -> str:
    """Name rights in a sentence, in their order: `read and publish`."""
    held = set(rights)
    names = [right.value for right in Right if right in held]
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])
