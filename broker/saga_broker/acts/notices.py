"""The sentences with which a publication is answered. Pure; the texts are those that the Pact Broker's users know."""

from collections.abc import Sequence
from dataclasses import dataclass

Notice = dict[str, str]
CONFLICT = (
    "Cannot change the content of the pact for {consumer} version {number} and provider {provider}, as race conditions will "
    "cause unreliable results for can-i-deploy. Each pact must be published with a unique consumer version number. Some Pact "
    "libraries generate random data when a concrete value for a type matcher is not specified, and this can cause the contract "
    "to mutate - "
    "ensure you have given example values for all type matchers. For more information see https://docs.pact.io/go/versioning"
)
NO_BRANCH = "  Next steps:\n    Configure the version branch to be the value of your repository branch."


@dataclass(frozen=True, slots=True)
class Published:
    """What happened to one pact.

    Attributes:
        kind: `created`, `changed`, `same` or `merged`.
        url: Its address.
        comments: Why its content counts as changed; empty when it does not.
        unchanged: Why it does not; None when the version was published again.
        has_results: Whether the provider ever published a result for this consumer.
        needs_verification: Some provider version that matters has no result for this content.
        has_webhooks: Some webhook is meant for the pair.
        triggered: A sentence for each call that was asked for.
    """

    consumer: str
    number: str
    provider: str
    kind: str
    url: str
    comments: tuple[str, ...]
    unchanged: str | None
    has_results: bool
    needs_verification: bool = False
    has_webhooks: bool = False
    triggered: tuple[str, ...] = ()


def notice(kind: str, text: str) -> Notice:
    """Write one notice."""
    return {"type": kind, "text": text}


def logs(notices: Sequence[Notice]) -> list[Notice]:
    """Write notices in the older form."""
    old = "Replaced by notices"
    return [{"level": one["type"], "message": one["text"], "deprecationWarning": old} for one in notices]


def version_notices(name: str, number: str, branch: str | None, tags: Sequence[str], *, is_new: bool) -> list[Notice]:
    """Say what happened to the version."""
    with_branch = f" with branch {branch}" if branch else ""
    joiner = " and" if branch else " with"
    with_tags = f"{joiner} tags {', '.join(tags)}" if tags else ""
    found = [notice("debug", f"{'Created' if is_new else 'Updated'} {name} version {number}{with_branch}{with_tags}")]
    return found if branch else [*found, notice("prompt", NO_BRANCH)]


def pact_notices(pact: Published) -> list[Notice]:
    """Say what happened to a pact, and what to do next."""
    found = [
        _outcome(pact),
        notice("debug", f"  View the published pact at {pact.url}"),
        notice("debug", f"  Events detected: {_events(pact)}"),
        *(notice("debug", text) for text in pact.triggered),
    ]
    if pact.has_webhooks and not pact.triggered:
        found.append(notice("debug", "  No enabled webhooks found for the detected events"))
    steps = _next_steps(pact)
    return [*found, notice("prompt", "  Next steps:"), *(notice("prompt", step) for step in steps)] if steps else found


def triggered_text(description: str | None, uuid: str, event: str, logs: str) -> str:
    """Say that a webhook is called."""
    name = f'"{description}"' if description else uuid
    return f"  Webhook {name} triggered for event {event}.\n    View logs at {logs}"


def _next_steps(pact: Published) -> list[str]:
    found = []
    if not pact.has_results:
        found.append(
            f"    * Add Pact verification tests to the {pact.provider} build. See https://docs.pact.io/go/provider_verification"
        )
    if not pact.has_webhooks:
        found.append(
            f"    * Configure separate {pact.provider} pact verification build and webhook to trigger it when the pact content "
            "changes. See https://docs.pact.io/go/webhooks"
        )
    return found


def conflict_text(consumer: str, number: str, provider: str) -> str:
    """Say that a version already holds another pact."""
    return CONFLICT.format(consumer=consumer, number=number, provider=provider)


def unchanged_text(tags: Sequence[str]) -> str:
    """Say that the content is that of the version before."""
    word = "version" if len(tags) == 1 else "versions"
    with_tags = f"tag {tags[0]}" if len(tags) == 1 else f"tags {', '.join(tags)}"
    return f"pact content is the same as previous {word} with {with_tags} and no new tags were applied"


def changed_text(tag: str | None, *, first: bool) -> str:
    """Say why the content counts as changed; for a tag, or for versions without one."""
    if tag is None:
        return "first time untagged pact published" if first else "pact content has changed since previous untagged version"
    if first:
        return f"first time any pact published for this consumer with consumer version tagged {tag}"
    return f"pact content has changed since the last consumer version tagged with {tag}"


def _outcome(pact: Published) -> Notice:
    name = f"{pact.consumer} version {pact.number} and provider {pact.provider}"
    texts = {
        "created": ("success", f"Pact successfully published for {name}."),
        "same": ("success", f"Pact successfully republished for {name} with no content changes."),
        "merged": ("success", f"Pact content merged with existing content for {name}."),
        "changed": ("warning", f"Pact content has changed for {name}. {_DANGER}"),
    }
    return notice(*texts[pact.kind])


_DANGER = (
    "Changing the content of a pact under the same version causes unreliable results for can-i-deploy; "
    "publish each pact with a unique consumer version number. See https://docs.pact.io/go/versioning"
)


def _events(pact: Published) -> str:
    events = ["contract_published"]
    if pact.needs_verification:
        events.append("contract_requiring_verification_published")
    if pact.comments:
        events.append(f"contract_content_changed ({', '.join(pact.comments)})")
    elif pact.unchanged:
        events = [f"{event} ({pact.unchanged})" for event in events]
    return ", ".join(events)
