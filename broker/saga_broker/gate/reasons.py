"""The sentences with which the matrix explains itself. Pure; the texts are those that the Pact Broker's users know."""

from dataclasses import dataclass
from enum import StrEnum

from saga_broker.gate.model import Found, Question, Resolved

NO_ENVIRONMENT = (
    "WARN: It is recommended to specify the environment into which you are deploying. "
    "Without the environment, this result will not be reliable."
)
NO_VERSION = (
    "WARN: It is recommended to specify the version number (rather than the tag or branch) of the pacticipant you wish to "
    "deploy to avoid race conditions. Without a version number, this result will not be reliable."
)


class Kind(StrEnum):
    """What an error is about."""

    FAILED = "failed"  # a consumer and a provider: the provider does not keep the pact
    UNVERIFIED = "unverified"  # a consumer and a provider: there is no result
    NO_SUCH_VERSION = "no such version"  # what was asked for


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence of the answer.

    Attributes:
        type: `warning`, `error` or `success`.
        kind: Of an error; None for the rest.
        about: Of an error, the selectors that it speaks of: consumer and provider, or what was asked for.
    """

    type: str
    text: str
    kind: Kind | None = None
    about: tuple[Resolved, ...] = ()


def failed(consumer: Resolved, provider: Resolved) -> Notice:
    """A result that failed."""
    text = f"The verification for the pact between {describe(consumer)} and {describe(provider)} failed"
    return Notice("error", text, Kind.FAILED, (consumer, provider))


def unverified(consumer: Resolved, provider: Resolved) -> Notice:
    """A pact without a result."""
    text = f"There is no verified pact between {describe(consumer)} and {describe(provider)}"
    return Notice("error", text, Kind.UNVERIFIED, (consumer, provider))


def success(*, has_rows: bool) -> Notice:
    """Nothing stands against it."""
    text = "All required verification results are published and successful" if has_rows else "There are no missing dependencies"
    return Notice("success", text)


def no_such_version(one: Resolved) -> Notice:
    """A given version that does not exist."""
    name, asked = one.pacticipant, one.selector
    if asked.tag and not asked.version:
        text = f"No version with tag {asked.tag} exists for {name}"
    elif asked.branch:
        text = f"No version of {name} from branch {asked.branch} exists"
    elif asked.main_branch:
        text = f"No version of {name} from the main branch exists"
    elif asked.environment:
        text = f"No version of {name} is currently recorded as deployed or released in environment {asked.environment}"
    elif asked.version:
        text = f"No pacts or verifications have been published for version {asked.version} of {name}"
    else:
        text = f"No pacts or verifications have been published for {name}"
    return Notice("error", text, Kind.NO_SUCH_VERSION, (one,))


def warnings(question: Question, found: Found) -> list[Notice]:
    """What makes the answer less reliable."""
    texts = [f"WARN: Cannot ignore {_cannot_ignore(one)}" for one in found.ignored if one.missing]
    given = [one for one in found.resolved if one.given]
    if len(given) == 1 and not question.target.is_named:
        texts.append(NO_ENVIRONMENT)
    if not any(one.version for one in question.selectors) and not all(one.is_plain for one in question.selectors):
        texts.append(NO_VERSION)
    return [Notice("warning", text) for text in texts]


def describe(one: Resolved) -> str:
    """Name the versions that a selector means, with the version that was found."""
    asked, name = one.selector, one.pacticipant
    if asked.version:
        return f"version {asked.version} of {name}"
    if asked.branch or asked.main_branch:
        return _from_branch(one)
    if asked.tag:
        which = f"the latest version of {name} with tag" if asked.latest else f"a version of {name} with tag"
        return f"{which} {asked.tag} ({one.number or 'no such version exists'})"
    if asked.environment:
        return _in_environment(one)
    if asked.latest:
        return f"the latest version of {name} ({one.number or 'no such version exists'})"
    return f"any version of {name}"


def _from_branch(one: Resolved) -> str:
    asked, name = one.selector, one.pacticipant
    branch = f"branch {asked.branch}" if asked.branch else "the main branch"
    if asked.latest:
        which = "the latest version"
    elif one.number:
        which = "one of the versions" if one.one_of_many else "the version"
    else:
        which = "a version"
    nothing = "no such version exists" if asked.branch else "no versions exist for this branch"
    return f"{which} of {name} from {branch} ({one.number or nothing})"


def _in_environment(one: Resolved) -> str:
    name, environment = one.pacticipant, one.selector.environment
    if not one.number:
        nothing = "no version is currently recorded as deployed/released in this environment"
        return f"a version of {name} currently in {environment} ({nothing})"
    which = "one of the versions" if one.one_of_many else "the version"
    return f"{which} of {name} currently in {environment} ({one.number})"


def _cannot_ignore(one: Resolved) -> str:
    missing = "pacticipant" if one.pacticipant_id is None else "version"
    what = f"version {one.selector.version}" if one.selector.version and missing == "version" else "any version"
    return f"{what} of {one.pacticipant} (no such {missing} exists)"
