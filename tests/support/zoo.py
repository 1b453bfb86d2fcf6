"""The zoo: right participants in several styles, and for each fault the same one with one line that differs (`tests/zoo`).

Each is really started, with a database of its own, and put through the histories and trials of its step, or some of them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from foreign import FOREIGN
from saga_contracts.derive import decks, trials
from saga_contracts.derive.decks import Deck, History
from saga_contracts.derive.slices import StepSlice, step_slice
from saga_contracts.derive.trials import Kind, Trial
from saga_contracts.rim.sender import bounded_client
from saga_contracts.sagafile import load_saga
from saga_verifier.depended import Services
from saga_verifier.isolation import ProcessIsolation
from saga_verifier.play.callbacks import CallbackReceiver
from saga_verifier.play.deck import play_deck
from saga_verifier.play.driver import Driver
from saga_verifier.provider_file import load_provider_file
from saga_verifier.run import with_environment
from saga_verifier.trials import Ground, play, play_two_sagas
from saga_verifier.verdicts import HistoryResult
from stand_ins import TODAY

ZOO = Path(__file__).parents[1] / "zoo"
SEED = 7
RIGHT = {
    "Starlette in threads, refuses what comes too late": ZOO / "header_key",
    "http.server with a ledger, accepts what comes too late": ZOO / "path_key",
    "asyncio with an outbox, calls back": ZOO / "callback",
    "WSGI, each booking a file": ZOO / "wsgi_files",
    "aiohttp, asked until it is done": ZOO / "aiohttp_vouchers",
    "Node, LRA style": FOREIGN / "lra_flights",
    "Node, ids from the server, looked up": FOREIGN / "lookup_bookings",
    "bare sockets, the IETF's header": FOREIGN / "ietf_payments",
    "asyncio, balances in memory, asked until it is done": FOREIGN / "polling_transfers",
}
"""Right participants, each written differently."""


def the_step(folder: Path) -> StepSlice:
    """Give the slice of the first step of the saga that stands in a folder."""
    saga = load_saga(folder / "saga.yaml")
    return step_slice(saga, saga.steps[0].step)


@contextmanager
def on_the_ground(folder: Path, slice_: StepSlice, fault: str = "", *, outside: bool = False) -> Iterator[Ground]:
    """Start a participant with one fault or none; give what its histories and trials need.

    Args:
        folder: Where it stands.
        slice_: Its step.
        fault: What it does wrong.
        outside: Has it the services that it depends on?
    """
    isolation = ProcessIsolation()
    with pytest.MonkeyPatch.context() as environment, ExitStack() as stack:
        environment.setenv("FAULT", fault)
        provider = load_provider_file(folder / "provider.yaml")
        services = stack.enter_context(Services(provider)) if outside else None
        provider = with_environment(provider, services.env) if services is not None else provider
        with isolation.start(provider.spec()) as running, CallbackReceiver() as callbacks, bounded_client() as http:
            driver = Driver(slice_, lambda: running.base_url, lambda: str(provider.states_url(running.base_url)), callbacks, http)
            yield Ground(driver, running, isolation, provider, TODAY, SEED, services=services)


def judged(
    folder: Path,
    slice_: StepSlice,
    fault: str = "",
    *,
    histories: Callable[[History], bool] = lambda _: True,
    tried: Callable[[Trial], bool] = lambda _: False,
) -> tuple[HistoryResult, ...]:
    """Play histories and trials of a step at a participant with one fault or none.

    Args:
        folder: Where it stands.
        slice_: Its step.
        fault: What it does wrong.
        histories: Chooses histories of the deck; those of the chosen trials are played as well.
        tried: Chooses trials.
    """
    deck = decks.derive(slice_)
    to_try = [trial for trial in trials.derive(slice_, deck) if tried(trial)]
    needed = {name for trial in to_try for name in (trial.history.name, *getattr(trial, "alone", ()))}
    chosen = [one for one in deck.histories if histories(one) or one.name in needed]
    outside = any(trial.kind == Kind.INSIDE for trial in to_try)
    with on_the_ground(folder, slice_, fault, outside=outside) as ground:
        plain = _played(ground, deck, chosen)
        known = {one.name: one for one in plain}
        apart = [trial for trial in to_try if trial.kind == Kind.TWO_SAGAS]
        rest = [trial for trial in to_try if trial not in apart]
        met = play_two_sagas(ground.driver, apart, known, TODAY)
        return (*plain, *met, *play(replace(ground, plain=known), rest))


def _played(ground: Ground, deck: Deck, chosen: list[History]) -> tuple[HistoryResult, ...]:
    return play_deck(ground.driver, replace(deck, histories=tuple(chosen)), TODAY).histories if chosen else ()
