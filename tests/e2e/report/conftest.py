"""Data for the report's tests: runs as the demo has them, made from the real saga file and its real decks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.decks import Deck, History, derive
from saga_contracts.saga import Saga
from saga_contracts.sagafile import load_saga
from saga_contracts.slices import step_slice
from saga_e2e.report import ReportData

SAGA_FILE = Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
CANARY = "canary-7f3a9c51"
Json = dict[str, Any]


@pytest.fixture(scope="session")
def saga() -> Saga:
    return load_saga(SAGA_FILE)


@pytest.fixture(scope="session")
def kept_run(saga: Saga) -> ReportData:
    """Every participant keeps its word, the saga can run."""
    providers = [_provider(saga, step.step, "1.0.0") for step in saga.steps]
    verdict = {"status": "kept", "sentence": "vas_purchase can run in production: all four participants keep what the saga asks of them."}
    gates = [{"title": "Before deploying to production", "can_i_deploy": _deployable(saga), "can_run": _can_run(saga)}]
    return _report(saga, verdict, providers, gates, _scenarios(saga, broken=False))


@pytest.fixture(scope="session")
def broken_run(saga: Saga) -> ReportData:
    """Billing 1.1.0 forgot null compensations; 1.1.1 mends it."""
    providers = [_provider(saga, step.step, "1.0.0") for step in saga.steps]
    providers.insert(1, _provider(saga, "reserve_money", "1.1.0", breaks=True))
    providers.insert(2, _provider(saga, "reserve_money", "1.1.1"))
    verdict = {
        "status": "broken",
        "sentence": "vas_purchase cannot run with billing 1.1.0: a compensation that comes without its forward call is "
        "answered 404, so an undoing would be stuck.",
    }
    blocked = {"title": "billing 1.1.0 wants to go to production", "can_i_deploy": _blocked(), "can_run": _cannot_run(saga)}
    mended = {"title": "billing 1.1.1 wants to go to production", "can_i_deploy": _deployable(saga), "can_run": _can_run(saga)}
    return _report(saga, verdict, providers, [blocked, mended], _scenarios(saga, broken=True))


@pytest.fixture(scope="session")
def make_report() -> Callable[..., ReportData]:
    """Give what makes a report from plain parts."""
    return lambda **parts: ReportData.model_validate(parts)


def _report(saga: Saga, verdict: Json, providers: list[Json], gates: list[Json], scenarios: list[Json]) -> ReportData:
    figures = [
        {"name": "Contract cases", "value": 31, "unit": "cases"},
        {"name": "Whole run", "value": 48.213, "unit": "s"},
        {"name": "Reused results", "value": 12840, "unit": "results"},
        {"name": "Slowest deck", "value": 6.1, "unit": "s"},
    ]
    parts = {
        "title": "VAS purchase: nightly check", "generated_at": "2026-11-21 20:00 UTC", "sagapact": "0.1.0", "saga": saga.as_json(),
        "verdict": verdict, "providers": providers, "gates": gates, "scenarios": scenarios, "figures": figures,
    }  # fmt: skip
    return ReportData.model_validate(parts)


def _provider(saga: Saga, step: str, version: str, *, breaks: bool = False) -> Json:
    deck = derive(step_slice(saga, step))
    word = "broken" if breaks else "kept"
    keys = [f"{saga.saga}/{step}/{case}" for case in ("forward/done", "forward/refused", "compensate/done", "status/absent")]
    pact = {
        "consumer": saga.consumer, "verdict": word, "pending": False,
        "interactions": [{"key": key, "verdict": "kept", "mismatches": []} for key in keys],
        "decks": [_deck(deck, breaks=breaks)],
    }  # fmt: skip
    return {"provider": saga.step(step).participant, "version": version, "verdict": word, "pacts": [pact]}


def _deck(deck: Deck, *, breaks: bool) -> Json:
    histories = [_history(deck, one, broken=breaks and one.word.startswith("C")) for one in deck.histories]
    obligations = dict.fromkeys(sorted({o for one in deck.histories for o in one.obligations}), "kept")
    obligations |= {o: "broken" for one in histories if one["verdict"] == "broken" for o in one["obligations"]}
    return {
        "step": deck.step, "faults": deck.faults, "derivation": deck.derivation, "verdict": "broken" if breaks else "kept",
        "claim": deck.claim("2026-11-20"), "obligations": obligations, "histories": histories,
    }  # fmt: skip


def _history(deck: Deck, history: History, *, broken: bool) -> Json:
    if not broken:
        return {"word": history.name, "verdict": "kept", "obligations": list(history.obligations), "text": "", "calls": []}
    text = (
        "The compensation (C) was answered 404 {'error': 'not_found'} (unknown) instead of done. "
        "A compensation whose forward call never came succeeds, changes nothing and is remembered."
    )
    key = f"{deck.saga}-5d1c9be20a17:{deck.step}"
    headers = {"Idempotency-Key": key, "Saga-Id": key.split(":")[0], "Saga-Step": deck.step, "Authorization": f"Bearer {CANARY}"}
    probe = _call("probe", None, "GET", "/accounts/account-1-5d1c9be20a17", headers, (200, {"available_minor": 49900, "held_minor": 0}))
    undo = _call("C", "unknown", "POST", "/reservations/cancel", headers, (404, {"error": "not_found"}))
    return {"word": history.name, "verdict": "broken", "obligations": ["O8"], "text": text, "calls": [probe, undo]}


def _call(letter: str, outcome: str | None, method: str, path: str, headers: dict[str, str], reply: tuple[int, Any]) -> Json:
    request = {"method": method, "url": f"http://127.0.0.1:41873{path}?access_token={CANARY}", "headers": headers, "body": None}
    return {"letter": letter, "outcome": outcome, "request": request, "reply": {"status": reply[0], "body": reply[1], "error": ""}}


def _deployable(saga: Saga) -> list[Json]:
    names = dict.fromkeys(step.participant for step in saga.steps)
    reason = "All required verification results are published and successful."
    return [{"pacticipant": name, "version": "1.0.0", "deployable": True, "reason": reason} for name in names]


def _blocked() -> list[Json]:
    reason = "The pact of saga_service with billing 1.1.0 failed: the deck of reserve_money is broken."
    return [{"pacticipant": "billing", "version": "1.1.0", "deployable": False, "reason": reason}]


def _yes(step: str, participant: str) -> Json:
    text = f"{participant} 1.0.0 keeps the pact and the deck of {step}."
    return {"type": "step_holds", "verdict": "yes", "step": step, "participant": participant, "version": "1.0.0", "text": text}


def _can_run(saga: Saga) -> Json:
    reasons = [_yes(step.step, step.participant) for step in saga.steps]
    return {"canRun": True, "summary": "vas_purchase can run in production.", "reasons": reasons, "environment": "production"}


def _cannot_run(saga: Saga) -> Json:
    no = {
        "type": "deck_broken", "verdict": "no", "step": "reserve_money", "participant": "billing", "version": "1.1.0", "obligation": "O8",
        "text": "vas_purchase: reserve_money breaks O8 (null compensation) at billing 1.1.0: the compensation (C) was answered 404.",
        "mend": "Answer success for an unknown key and store a tombstone for it.",
        "command": f"sagapact verify --provider billing --version 1.1.1 --token {CANARY}",
    }  # fmt: skip
    reasons = [no, *(_yes(step.step, step.participant) for step in saga.steps[1:])]
    return {"canRun": False, "summary": "vas_purchase cannot run in production with billing 1.1.0.", "reasons": reasons}


def _scenarios(saga: Saga, *, broken: bool) -> list[Json]:
    lost = {"step": "reserve_money", "role": "forward", "class": "K2", "text": "the reply of the first try is lost"}
    unreachable = {"step": "reserve_money", "role": "forward", "class": "K1", "text": "nothing gets through any more"}
    refused = {"step": "create_packages", "role": "forward", "class": "K5", "text": "the package is not on sale"}
    invariants = [("I1", "every step agrees with the end of the saga"), ("I2", "one net effect per key"), ("I3", "the money adds up"),
                  ("I7", "undone in the reverse order"), ("I13", "every history is in its deck")]  # fmt: skip
    return [
        _scenario("no_fault", "All goes well", [], "committed", "committed", invariants, _trace(saga)),
        _scenario("k2_reserve_money", "The reply of billing is lost once", [lost], "committed", "committed", invariants, _trace(saga, lost=True)),
        _scenario("k5_create_packages", "The package is refused", [refused], "compensated", "compensated", invariants, _undone_trace()),
        _scenario("k1_reserve_money", "Billing cannot be reached", [unreachable], "compensated", "escalated" if broken else "compensated",
                  invariants, _unreachable_trace(broken=broken), broken=broken),
    ]  # fmt: skip


def _scenario(  # noqa: PLR0917
    name: str, title: str, faults: list[Json], expected: str, outcome: str, invariants: list[tuple[str, str]], trace: list[Json],
    *, broken: bool = False,
) -> Json:  # fmt: skip
    found = [{"id": one, "verdict": "broken" if broken and one == "I1" else "kept", "text": text} for one, text in invariants]
    if broken:
        found[0]["text"] = "the saga ended escalated without a cause that was injected: billing refused the compensation of reserve_money"
    steps = [
        {"step": "reserve_money", "state": "applied" if outcome == "committed" else "compensated", "status": "applied" if outcome == "committed" else "compensated",
         "probe": {"available_minor": 0, "held_minor": 49900} if outcome == "committed" else {"available_minor": 49900, "held_minor": 0}},
    ]  # fmt: skip
    told = [{"step": "reserve_money", "event": "compensation_failed"}] if broken else []
    return {
        "name": name, "title": title, "tier": 1, "faults": faults, "expected": expected, "outcome": outcome, "verdict": "broken" if broken else "kept",
        "duration_ms": 843.2, "invariants": found, "steps": steps, "trace": trace, "notifications": told,
    }  # fmt: skip


def _seen(at: float, source: str, target: str, letter: str, step: str, request: str, status: int | None, fate: str = "") -> Json:  # noqa: PLR0917
    role = {"F": "forward", "C": "compensate", "S": "status", "D": "callback"}.get(letter)
    return {"at_ms": at, "source": source, "target": target, "step": step, "role": role, "letter": letter, "request": request,
            "status": status, "fate": fate}  # fmt: skip


def _start() -> Json:
    return {"at_ms": 0, "source": "vas_owner", "target": "saga_service", "request": "POST /sagas", "status": 201}


def _trace(saga: Saga, *, lost: bool = False) -> list[Json]:
    first = [_seen(9, "saga_service", "billing", "F", "reserve_money", "POST /reservations", None if lost else 201, "reply lost" if lost else "delivered")]
    if lost:
        first.append(_seen(2014, "saga_service", "billing", "F", "reserve_money", "POST /reservations", 200, "delivered"))
    return [
        _start(),
        *first,
        _seen(2040, "saga_service", "user_service", "F", "apply_vas", "PUT /users/user-1/vas-operations/…", 201),
        _seen(2043, "saga_service", "vas_packages", "F", "create_packages", "PUT /package-orders/…", 202),
        _seen(2090, "vas_packages", "saga_service", "D", "create_packages", "POST /callbacks/…", 204),
        _seen(2101, "saga_service", "notifications", "F", "notify", "POST /messages", 201),
    ]


def _undone_trace() -> list[Json]:
    return [
        _start(),
        _seen(8, "saga_service", "billing", "F", "reserve_money", "POST /reservations", 201),
        _seen(31, "saga_service", "user_service", "F", "apply_vas", "PUT /users/user-1/vas-operations/…", 201),
        _seen(33, "saga_service", "vas_packages", "F", "create_packages", "PUT /package-orders/…", 422),
        _seen(60, "saga_service", "user_service", "C", "apply_vas", "DELETE /users/user-1/vas-operations/…", 200),
        _seen(81, "saga_service", "billing", "C", "reserve_money", "POST /reservations/cancel", 200),
    ]


def _unreachable_trace(*, broken: bool) -> list[Json]:
    answered = 404 if broken else 200
    told = [{"at_ms": 4120, "source": "saga_service", "target": "vas_owner", "request": "POST /saga-events", "status": 204}] if broken else []
    return [
        _start(),
        _seen(9, "saga_service", "billing", "F", "reserve_money", "POST /reservations", None, "request lost"),
        _seen(2012, "saga_service", "billing", "F", "reserve_money", "POST /reservations", None, "request lost"),
        _seen(4030, "saga_service", "billing", "C", "reserve_money", "POST /reservations/cancel", answered),
        *told,
    ]
