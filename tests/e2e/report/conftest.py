"""Data for the report's tests: runs as the demo has them, made from the real saga file and its real decks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.decks import Deck, History, derive
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import load_saga
from saga_e2e.report import ReportData

SAGA_FILE = Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
CANARY = "canary-7f3a9c51"
Json = dict[str, Any]


@pytest.fixture(scope="session")
def small_run(broken_run: ReportData) -> Json:
    """Give one of each, as plain JSON: small enough to be tried with many texts."""
    data = broken_run.model_dump(mode="json", by_alias=True, exclude_unset=True)
    data["providers"] = [data["providers"][1]]
    deck = data["providers"][0]["pacts"][0]["decks"][0]
    deck["histories"] = [deck["histories"][0], next(one for one in deck["histories"] if one["verdict"] == "kept")]
    data["gates"], data["scenarios"] = data["gates"][:1], data["scenarios"][-1:]
    return data


@pytest.fixture(scope="session")
def saga() -> Saga:
    return load_saga(SAGA_FILE)


@pytest.fixture(scope="session")
def kept_run(saga: Saga) -> ReportData:
    """Every participant keeps its word, the saga can run."""
    providers = [_provider(saga, step.step, "1.0.0") for step in saga.steps]
    verdict = {
        "status": "kept",
        "sentence": "vas_purchase can run in production: all four participants keep what the saga asks of them.",
    }
    gates = [{"title": "Before deploying to production", "can_i_deploy": _deployable(saga), "can_run": _can_run(saga)}]
    return _report(saga, verdict, providers, gates, _scenarios(broken=False))


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
    return _report(saga, verdict, providers, [blocked, mended], _scenarios(broken=True))


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
        "title": "VAS purchase: nightly check",
        "generated_at": "2026-11-21 20:00 UTC",
        "sagapact": "0.1.0",
        "saga": saga.as_json(),
        "verdict": verdict,
        "providers": providers,
        "gates": gates,
        "scenarios": scenarios,
        "figures": figures,
    }
    return ReportData.model_validate(parts)


def _provider(saga: Saga, step: str, version: str, *, breaks: bool = False) -> Json:
    deck = derive(step_slice(saga, step))
    word = "broken" if breaks else "kept"
    keys = [f"{saga.saga}/{step}/{case}" for case in ("forward/done", "forward/refused", "compensate/done", "status/absent")]
    pact = {
        "consumer": saga.consumer,
        "verdict": word,
        "pending": False,
        "interactions": [{"key": key, "verdict": "kept", "mismatches": []} for key in keys],
        "decks": [_deck(deck, breaks=breaks)],
    }
    return {"provider": saga.step(step).participant, "version": version, "verdict": word, "pacts": [pact]}


def _deck(deck: Deck, *, breaks: bool) -> Json:
    histories = [_history(deck, one, broken=breaks and one.word.startswith("C")) for one in deck.histories]
    obligations = dict.fromkeys(sorted({o for one in deck.histories for o in one.obligations}), "kept")
    obligations |= {found["obligation"]: "broken" for one in histories for found in one["broken"]}
    return {
        "step": deck.step,
        "faults": deck.faults,
        "derivation": deck.derivation,
        "verdict": "broken" if breaks else "kept",
        "claim": deck.claim("2026-11-20"),
        "obligations": obligations,
        "histories": histories,
    }


def _history(deck: Deck, history: History, *, broken: bool) -> Json:
    if not broken:
        return {**_judged(history), "verdict": "kept", "broken": [], "text": "", "calls": []}
    text = (
        "The compensation (C) was answered 404 {'error': 'not_found'} (unknown) instead of done. "
        "A compensation whose forward call never came succeeds, changes nothing and is remembered."
    )
    key = f"{deck.saga}-5d1c9be20a17:{deck.step}"
    headers = {
        "Idempotency-Key": key,
        "Saga-Id": key.partition(":")[0],
        "Saga-Step": deck.step,
        "Authorization": f"Bearer {CANARY}",
    }
    probe = _call(
        "probe", None, "GET", "/accounts/account-1-5d1c9be20a17", headers, (200, {"available_minor": 49900, "held_minor": 0})
    )
    undo = _call("C", "unknown", "POST", "/reservations/cancel", headers, (404, {"error": "not_found"}))
    found = [{"obligation": "O8", "text": text}]
    return {**_judged(history), "verdict": "broken", "broken": found, "text": text, "calls": [probe, undo]}


def _judged(history: History) -> Json:
    return {"word": history.name, "obligations": list(history.obligations)}


def _call(letter: str, outcome: str | None, method: str, path: str, headers: dict[str, str], reply: tuple[int, Any]) -> Json:
    request = {"method": method, "url": f"http://127.0.0.1:41873{path}?access_token={CANARY}", "headers": headers, "body": None}
    return {
        "letter": letter,
        "outcome": outcome,
        "request": request,
        "reply": {"status": reply[0], "body": reply[1], "error": ""},
    }


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
        "type": "deck_broken",
        "verdict": "no",
        "step": "reserve_money",
        "participant": "billing",
        "version": "1.1.0",
        "obligation": "O8",
        "text": "vas_purchase: reserve_money breaks O8 (null compensation) at billing 1.1.0: C was answered 404.",
        "mend": "Answer success for an unknown key and store a tombstone for it.",
        "command": f"sagapact verify --provider billing --version 1.1.1 --token {CANARY}",
    }
    reasons = [no, *(_yes(step.step, step.participant) for step in saga.steps[1:])]
    return {"canRun": False, "summary": "vas_purchase cannot run in production with billing 1.1.0.", "reasons": reasons}


def _scenarios(*, broken: bool) -> list[Json]:
    unreachable = _scenario(
        "k1_reserve_money",
        "Billing cannot be reached",
        "K1 reserve_money nothing gets through any more",
        "compensated",
        "unreachable",
    )
    if broken:
        why = "the saga ended escalated without a cause that was injected: billing refused the compensation of reserve_money"
        unreachable["invariants"][0] |= {"verdict": "broken", "text": why}
        unreachable |= {"outcome": "escalated", "verdict": "broken", "trace": _trace("stuck")}
        unreachable["notifications"] = [{"step": "reserve_money", "event": "compensation_failed"}]
    return [
        _scenario("no_fault", "All goes well", "", "committed", "good"),
        _scenario(
            "k2_reserve_money", "A reply of billing is lost", "K2 reserve_money the first reply is lost", "committed", "lost"
        ),
        _scenario(
            "k5_create_packages", "The package is refused", "K5 create_packages it is not on sale", "compensated", "undone"
        ),
        unreachable,
    ]


def _scenario(name: str, title: str, fault: str, end: str, trace: str) -> Json:
    parts = fault.split(" ", 2)
    faults = [{"class": parts[0], "step": parts[1], "role": "forward", "text": parts[2]}] if fault else []
    held = {"available_minor": 0, "held_minor": 49900} if end == "committed" else {"available_minor": 49900, "held_minor": 0}
    state = "applied" if end == "committed" else "compensated"
    return {
        "name": name,
        "title": title,
        "tier": "demo",
        "faults": faults,
        "expected": end,
        "outcome": end,
        "verdict": "kept",
        "duration_ms": 843.2,
        "invariants": [{"id": one, "verdict": "kept", "text": text} for one, text in INVARIANTS.items()],
        "steps": [{"step": "reserve_money", "state": state, "status": state, "probe": held}],
        "trace": _trace(trace),
        "notifications": [],
    }


INVARIANTS = {
    "I1": "every step agrees with the end of the saga",
    "I2": "one net effect per key",
    "I3": "the money adds up",
    "I7": "undone in the reverse order",
    "I13": "every history is in its deck",
}
ROLES = {"F": "forward", "R": "forward", "C": "compensate", "S": "status", "D": "callback", "N": "notification"}


def _trace(name: str) -> list[Json]:
    lines = (Path(__file__).parent / "traces" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [_seen(*line.split()) for line in lines]


def _seen(*parts: str) -> Json:
    at, source, target, letter, step, method, path, status, fate = parts
    return {
        "at_ms": float(at),
        "source": source,
        "target": target,
        "letter": letter.replace("-", ""),
        "role": ROLES.get(letter),
        "step": step.replace("-", ""),
        "request": f"{method} {path}",
        "status": None if status == "-" else int(status),
        "fate": fate,
    }
