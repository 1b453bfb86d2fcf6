"""Outputs of a step: where they stand in a body, and what they are by example (pure)."""

from typing import TYPE_CHECKING, Any

from saga_contracts.declare import templates

if TYPE_CHECKING:  # a saga works its outputs out by this module
    from saga_contracts.declare.saga import Step


def example_outputs(step: "Step") -> dict[str, Any]:
    """Give the outputs of a step as its `done` reply's example holds them, or the callback that tells `done`."""
    if not step.forward.outputs:
        return {}
    done = step.forward.replies.done or step.forward.replies.done_again
    body = templates.examples(done[0].body) if done else None
    if step.callback is not None and done is None:
        common = step.callback.request.body
        body = templates.examples({**(common if isinstance(common, dict) else {}), **step.callback.outcomes.done})
    return {name: pointer(body, path) for name, path in step.forward.outputs.items()}


def pointer(document: Any, path: str) -> Any:
    """Give the value at a JSON pointer (RFC 6901), or None when it is not there."""
    current = document
    for raw in path.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(current, dict):
            current = current.get(part)
        elif isinstance(current, list) and part.isdigit() and int(part) < len(current):
            current = current[int(part)]
        else:
            return None
    return current
