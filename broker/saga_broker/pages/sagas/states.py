"""How verdicts about sagas are shown: a word with a kind that gives it sign and colour. Pure."""

from saga_broker.acts.running import Running
from saga_broker.pages.frame.states import State

RUNS = {
    "yes": State("good", "can run", "Every step is kept at every version that is live."),
    "no": State("bad", "cannot run", "Something that the saga needs does not hold."),
    "unknown": State("warn", "unknown", "Nobody found out: something has to be verified, published or recorded first."),
    "not there": State("none", "not there", "No version of who executes the saga is in this environment."),
}
CELLS = {
    "kept": State("good", "kept", "It was shown, and it holds."),
    "broken": State("bad", "broken", "It was shown not to hold."),
    "pending": State("wait", "pending", "It does not hold, and the provider never kept it before."),
    "unproven": State("warn", "unproven", "It is asked for, and nothing that counts has shown it."),
    "waived": State("wait", "waived", "It does not hold, and this is knowingly accepted for a while."),
    "not looked at": State("none", "not looked at", "The level of adoption does not ask for it."),
    "not applicable": State("none", "not applicable", "The step as it is declared cannot owe it."),
}
SIGNS = {
    "kept": "✓", "broken": "✗", "pending": "…", "unproven": "?", "waived": "W", "not looked at": "○", "not applicable": "\u2013",
}  # fmt: skip
VERDICTS = {
    "yes": CELLS["kept"],
    "no": State("bad", "no", "It stops the saga."),
    "unknown": State("warn", "unknown", "It leaves open."),
}


def of_running(place: Running) -> State:
    """Give how a saga stands in an environment."""
    return RUNS[place.word]
