"""What a provider is told about each pact that it verifies. Pure; the texts are those that the Pact Broker's users know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from saga_broker.gate.selection import Chosen, Entry, Kind, criteria

PENDING_LINK = "Read more at https://docs.pact.io/go/pending"
WIP_LINK = "Read more at https://docs.pact.io/go/wip"
BETA_WARNING = (
    "WARNING - this version of the Pact library uses a beta version of the API which will be removed in the future. Please "
    "upgrade your Pact library. See https://docs.pact.io/pact_broker/advanced_topics/provider_verification_results/#pacts-for-"
    "verification for minimum required versions."
)


@dataclass(frozen=True, slots=True)
class Provider:
    """Who verifies.

    Attributes:
        name: The provider's name.
        branch: The branch of its version; None when tags, or nothing, were given.
        tags: Its version's tags, when no branch was given.
        pending_tags: Those of the tags for which the pact is pending.
    """

    name: str
    branch: str | None = None
    tags: tuple[str, ...] = ()
    pending_tags: tuple[str, ...] = ()


Notice = dict[str, str]


def notices(entry: Entry, provider: Provider, url: str, *, pending: bool | None, beta: bool = False) -> list[Notice]:
    """Write all notices of a pact.

    Args:
        entry: The pact.
        provider: Who verifies it.
        url: Where the pact is read.
        pending: Whether it is pending; None when that was not asked.
        beta: It was asked for by the old form of the request.
    """
    found = [_before(BETA_WARNING)] if beta else []
    found.append(_before(_wip_reason(entry, provider, url) if entry.wip else _reason(entry, url)))
    if pending is None:
        return found
    if not pending:
        return [*found, _before(_not_pending(provider))]
    told = replace(provider, pending_tags=_wip_tags(entry)) if entry.wip else provider
    return [*found, _before(_pending(entry, told)), *_afterwards(told)]


def _before(text: str) -> Notice:
    return {"when": "before_verification", "text": text}


def _reason(entry: Entry, url: str) -> str:
    many = len(entry.chosen) > 1
    word, what = ("versions", "criteria") if many else ("version", "criterion")
    lines = "".join(f"\n    * {line}" for line in criteria(entry))
    return (
        f"The pact at {url} is being verified because the pact content belongs to the consumer {word} "
        f"matching the following {what}:{lines}"
    )


def _wip_reason(entry: Entry, provider: Provider, url: str) -> str:
    names = {kind: _names(entry.chosen, kind) for kind in (Kind.BRANCH, Kind.TAG_LATEST)}
    branches, tags = names[Kind.BRANCH], names[Kind.TAG_LATEST]
    parts = []
    if branches:
        parts.append(f"from {'branches' if len(branches) > 1 else 'branch'} {_join(branches)}")
    if tags:
        parts.append(f"tagged with {_join(tags)}")
    count = len(entry.chosen)
    told = replace(provider, pending_tags=_wip_tags(entry))
    same = {1: "", 2: " (both have the same content)"}.get(count, " (all have the same content)")
    versions = "version" if 1 in (len(branches), len(tags)) else "versions"
    latest = f"latest {versions} of {entry.pact.consumer} {' and '.join(parts)}{same}"
    return (
        f"The pact at {url} is being verified because it is a 'work in progress' pact (ie. it is the pact for the {latest} and "
        f"it has not yet been successfully verified by {_any(told, only_pending=True)} when the pact's application version was "
        f"explicitly specified in the consumer version selectors). {WIP_LINK}"
    )


def _names(chosen: Sequence[Chosen], kind: Kind) -> list[str]:
    return list(dict.fromkeys(f"'{one.name}'" for one in chosen if one.kind is kind))


def _wip_tags(entry: Entry) -> tuple[str, ...]:
    """Give the provider's tags, one for each reason: the Pact Broker does not make them unique."""
    return tuple(one.provider_tag for one in entry.chosen if one.provider_tag is not None)


def _pending(entry: Entry, provider: Provider) -> str:
    if entry.wip:
        why = "it was included as a 'work in progress' pact"
    else:
        why = f"a successful verification result for {_any(provider, only_pending=True)} has not yet been published"
    return (
        f"This pact is in pending state for this version of {provider.name} because {why}. "
        f"If this verification fails, it will not cause the overall build to fail. {PENDING_LINK}"
    )


def _not_pending(provider: Provider) -> str:
    return (
        f"This pact has previously been successfully verified by {_any(provider)}. "
        f"If this verification fails, it will fail the build. {PENDING_LINK}"
    )


def _afterwards(provider: Provider) -> list[Notice]:
    who = _any(provider, only_pending=True, article="any")
    count = len(provider.pending_tags or provider.tags)
    with_tags = "" if provider.branch or not count else " with this tag" if count == 1 else " with these tags"
    gap = f"{with_tags} " if with_tags else " "
    not_yet = f"This pact is still in pending state for {who} as a successful verification result{gap}has not yet been published"
    unpublished = (
        f"This pact is still in pending state for {who} as the successful verification results{gap}have not yet been published."
    )
    done = (
        f"This pact is no longer in pending state for {who}, as a successful verification result{with_tags} has been published. "
        f"If a verification for a version of {provider.name}{with_tags} fails in the future, "
        f"it will fail the build. {PENDING_LINK}"
    )
    texts = {
        "success_true_published_false": unpublished,
        "success_false_published_false": not_yet,
        "success_true_published_true": done,
        "success_false_published_true": not_yet,
    }
    return [{"when": f"after_verification:{when}", "text": text} for when, text in texts.items()]


def _any(provider: Provider, *, only_pending: bool = False, article: str = "a") -> str:
    if provider.branch:
        return f"{article} version of {provider.name} from branch '{provider.branch}'"
    tags = (provider.pending_tags or provider.tags) if only_pending else provider.tags
    if tags:
        noun = "versions" if only_pending and len(tags) > 1 else "version"
        return f"{article} {noun} of {provider.name} with {_tags(tags)}"
    return provider.name


def _tags(tags: Sequence[str]) -> str:
    quoted = [f"'{tag}'" for tag in tags]
    return f"tag {_join(quoted)}"


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
