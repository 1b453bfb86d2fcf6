"""How jobs, workers and calls of webhooks stand, in a word with a kind that gives it its colour. Pure."""

from saga_broker.jobs.job import State as JobState
from saga_broker.pages.frame.states import State
from saga_broker.webhooks.model import FAILURE, NOT_RUN, RETRYING, SUCCESS

JOBS = {
    JobState.BLOCKED: State("warn", "blocked", "Nobody said how the provider version is started."),
    JobState.QUEUED: State("wait", "queued", "It waits for a worker."),
    JobState.RUNNING: State("wait", "running", "A worker has it."),
    JobState.DONE: State("good", "done", "Its result was recorded."),
    JobState.FAILED: State("bad", "failed", "Nobody could find out."),
    JobState.SUPERSEDED: State("none", "superseded", "A newer version or content took its place."),
    JobState.CANCELLED: State("none", "cancelled", "It was dropped by hand."),
}
CALLS = {
    SUCCESS: State("good", "succeeded", "It was answered with success."),
    FAILURE: State("bad", "failed", "No attempt was answered with success, and none follows."),
    RETRYING: State("warn", "retrying", "The last attempt failed; another one follows."),
    NOT_RUN: State("wait", "not yet called", "It is to be called."),
}
ALIVE = State("good", "alive", "It was heard of within its lease.")
SILENT = State("bad", "silent", "It was not heard of for longer than its lease; others are given its jobs.")
ENABLED, DISABLED = State("good", "on", "Events call it."), State("none", "off", "No event calls it.")
