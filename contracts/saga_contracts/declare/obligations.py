"""The catalogue of obligations: what a saga asks of its participants, each with its id, name and meaning.

O1 to O35 are the obligations of orchestrated sagas, E1 to E12 those of choreographed ones. The ids stand in contracts, decks, results,
gates and reports, and never change their meaning.
"""

from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """How an obligation can be checked."""

    INTERACTION = "interaction"  # by one Pact interaction
    HISTORY = "history"  # by a sequence of calls against the running participant
    ENVIRONMENT = "environment"  # needs control of time, crash or concurrency
    STATIC = "static"  # read off the saga file


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation.

    Attributes:
        id: Such as `O8`.
        name: A few words, as shown in tables.
        meaning: What the participant has to do, one sentence.
        mend: What usually repairs it, one sentence.
        how: The ways in which it can be checked.
    """

    id: str
    name: str
    meaning: str
    mend: str
    how: tuple[How, ...]


_I, _N, _X, _S = How.INTERACTION, How.HISTORY, How.ENVIRONMENT, How.STATIC
_ROWS: tuple[tuple[str, str, str, str, tuple[How, ...]], ...] = (
    ("O1", "reply taxonomy", "Success, refusal, in progress and 'try again' look different on the wire.",
     "Give each outcome a status code or a body field of its own.", (_I,)),
    ("O2", "clean refusal", "A refused call leaves no effect and no lock.",
     "Check before writing, or write and check in one transaction that is rolled back.", (_N,)),
    ("O3", "idempotent forward", "The same call with the same key has one effect and an equivalent reply.",
     "Store the key with a unique constraint in the transaction of the effect, and answer a repetition from what was stored.", (_N,)),
    ("O4", "key misuse", "The same key with another payload is refused.",
     "Store a fingerprint of the payload beside the key and compare it.", (_N,)),
    ("O5", "concurrent duplicates", "Two equal calls at the same time have one effect.",
     "Rely on a unique constraint, not on a look-up before the insert.", (_X,)),
    ("O6", "semantic inverse", "After the compensation the world reads as before the forward call.",
     "Undo everything that the forward call did, by the amounts it stored.", (_N,)),
    ("O7", "idempotent compensation", "A repeated compensation changes nothing more.",
     "Mark the step as compensated in the transaction that undoes it, and check the mark first.", (_N,)),
    ("O8", "null compensation", "A compensation whose forward call never came succeeds, changes nothing and is remembered.",
     "Answer success for an unknown key and store a tombstone for it.", (_N,)),
    ("O9", "anti-suspension", "A forward call that comes after its compensation has no effect.",
     "Look for the tombstone before applying a forward call.", (_N,)),
    ("O10", "forward beside compensation", "When both come at the same time, the step ends as not applied.",
     "Let both take the same row lock or unique key.", (_X,)),
    ("O11", "zombie retry", "A forward call repeated after its compensation has no effect.",
     "Keep the row of a compensated step; do not delete it.", (_N,)),
    ("O12", "commutativity", "Any order of arrival with at least one compensation ends as not applied.",
     "Decide by the stored state of the key alone, never by the order of calls.", (_N,)),
    ("O13", "compensation is never refused", "A compensation is answered with success or 'try again', never with a refusal.",
     "Accept a compensation in every state of the step.", (_N,)),
    ("O14", "truthful status", "The status call tells the durable state after every call; an unknown key is no error.",
     "Read the status from the row that the forward call and the compensation write.", (_N,)),
    ("O15", "status is read-only", "Any number of status calls changes nothing.",
     "Do not write in the status call.", (_N,)),
    ("O16", "durable acknowledgement", "Whatever was acknowledged survives a kill.",
     "Commit before answering.", (_X,)),
    ("O17", "truth after failover", "After an effect was lost with a replica, the status says so and the call applies again.",
     "Keep the key and the effect in one database.", (_X,)),
    ("O18", "acceptance then callback", "The call is answered quickly, and a callback with the same key, or the status call, tells the outcome.",
     "Store the accepted work before answering, and end it in a worker, which calls back or lets the status tell.", (_N,)),
    ("O19", "callback at least once", "The callback is repeated while its receiver fails.",
     "Keep the callback in an outbox until it was taken.", (_X,)),
    ("O20", "callback tolerated", "The saga service accepts and ignores duplicate, early and late callbacks.",
     "Record the first outcome of a step and acknowledge the others.", (_N,)),
    ("O21", "bounded reply", "The answer or the acceptance comes within the declared time.",
     "Answer 202 and work in the background.", (_X,)),
    ("O22", "semantic lock visible", "Until the saga ends, a second saga gets the declared conflict.",
     "Record what is held, and check it in the forward call.", (_N,)),
    ("O23", "lock released", "The compensation frees what was held.",
     "Release in the transaction that undoes.", (_N,)),
    ("O24", "undo spares others", "The compensation leaves the effects of other sagas intact.",
     "Undo by difference, not by restoring a snapshot.", (_N,)),
    ("O25", "class order", "Compensatable steps come first, then at most one pivot, then retriable ones, which never refuse.",
     "Change the order or the class of the steps.", (_S, _I)),
    ("O26", "forward-only", "Without compensation a failure is retried, then the owner is told.",
     "Declare the step retriable and the owner's notification.", (_N,)),
    ("O27", "owner notification", "A failed compensation reaches the owner at least once.",
     "Keep the notification until the owner took it.", (_I, _N)),
    ("O28", "idempotent creation", "The same request id gives the same saga.",
     "Put a unique constraint on the request id.", (_N, _X)),
    ("O29", "truthful health", "An unhealthy participant says so, and new sagas wait.",
     "Let the health endpoint check what the forward call needs.", (_I, _N)),
    ("O30", "dedup retention", "Keys are kept longer than the longest saga and the checker's delay.",
     "Forget a key only after the declared time.", (_X,)),
    ("O31", "correlation", "Saga call id and step stand in every reply.",
     "Echo the correlation headers.", (_I,)),
    ("O32", "sticky refusal", "A refused key stays refused, also when the precondition has become true.",
     "Store the refusal under its key and answer a repetition from it.", (_N,)),
    ("O33", "addressable by key", "Compensation and status need only the key, the payload and outputs of earlier steps.",
     "Address by the step key, or offer a look-up by key.", (_S, _N)),
    ("O34", "one truth on several instances", "Two instances on one database behave as one.",
     "Keep no deduplication in memory.", (_N,)),
    ("O35", "atomic inside", "Calls that die between their own sub-steps are finished or undone by the retry or the compensation.",
     "Record each sub-step and continue from the record.", (_X,)),
    ("E1", "tolerant reader", "Unknown fields and unknown event types are ignored.", "Do not forbid additional properties.", (_I,)),
    ("E2", "compatible events", "No field is made required, removed or retyped.", "Publish a new event type instead.", (_S,)),
    ("E3", "duplicate by message id", "The same message twice has one effect.", "Keep an inbox table.", (_N,)),
    ("E4", "duplicate by business key", "The same business key under a new message id has one effect.", "Put a unique constraint on the business key.", (_N,)),
    ("E5", "out of order", "All orders of arrival converge.", "Park what comes too early.", (_N,)),
    ("E6", "outbox atomicity", "Effect and event come together or not at all.", "Write the event in the transaction of the effect.", (_X,)),
    ("E7", "ordering key", "The partition or routing key is the aggregate's id.", "Publish with that key.", (_I,)),
    ("E8", "join of two events", "Any order works, and a missing second event leads to the time-out path.", "Keep state per key.", (_N, _X)),
    ("E9", "time-out event", "A component that keeps state emits it; a success after it is undone.", "Store the deadline.", (_X,)),
    ("E10", "poison event", "It is set aside, the rest goes on, the owner is told.", "Use a dead-letter queue.", (_N,)),
    ("E11", "neutral subscriber", "A new listener changes no existing trace.", "Listen without replying.", (_N,)),
    ("E12", "compensation reachability", "Every failure event reaches every earlier compensatable step.", "Subscribe the missing participant.", (_S,)),
)  # fmt: skip

CATALOGUE: dict[str, Obligation] = {row[0]: Obligation(*row) for row in _ROWS}
"""All obligations by id, in the catalogue's order."""


def order_of(obligation_id: str) -> tuple[int, str]:
    """Give the sort key that puts obligations into the catalogue's order; unknown ids come last."""
    ids = list(CATALOGUE)
    return (ids.index(obligation_id) if obligation_id in CATALOGUE else len(ids), obligation_id)
