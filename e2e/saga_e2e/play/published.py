"""The published contracts that a run's calls are held against: from a folder of pact files, or the newest of a broker."""

from collections.abc import Iterable
from pathlib import Path

from saga_broker.client.broker import BrokerClient
from saga_contracts.errors import SagapactError, UsageError
from saga_e2e.judge.traffic.contracts import Contract, contracts_of
from saga_verifier.pacts import files, selected
from saga_verifier.pacts.source import Source

_NEWEST = ({"mainBranch": True}, {"deployedOrReleased": True}, {"latest": True})


def contracts(where: str, participants: Iterable[str]) -> tuple[Contract, ...]:
    """Read the contracts with some participants.

    Args:
        where: A pact file, a folder of them, or the URL of a broker.
        participants: The providers whose contracts are wanted.

    Raises:
        UsageError: when there is no contract with any of them.
        SagapactError: when one cannot be read.
    """
    found = _of_broker(where, participants) if "://" in where else _of_folder(Path(where), participants)
    pacts = [source.load().document for source in {source.name: source for source in found}.values()]
    if not pacts:
        raise UsageError(f"There is no contract with any participant of the saga in {where}. Correct --pacts.")
    return contracts_of(pacts)


def _of_folder(path: Path, participants: Iterable[str]) -> list[Source]:
    found, without = list[Source](), list[UsageError]()
    for name in participants:
        try:
            found += files.sources([path], name)
        except UsageError as error:  # a participant without a contract is told by the calls to it
            without.append(error)
    if not found and without:
        raise without[0]
    return found


def _of_broker(url: str, participants: Iterable[str]) -> list[Source]:
    with BrokerClient(url) as broker:
        return [_loaded(source) for name in participants if broker.knows(name) for source in _sources(broker, name)]


def _sources(broker: BrokerClient, name: str) -> tuple[Source, ...]:
    return selected.sources(broker, name, _NEWEST, None)


def _loaded(source: Source) -> Source:
    """Read a pact while its broker is at hand."""
    try:
        loaded = source.load()
    except SagapactError as error:
        raise SagapactError(f"Cannot read the contract {source.name}: {error}") from None
    return Source(source.name, source.pending, lambda: loaded)
