"""Writes a saga file out: what each step's `dialect` says is filled in, and the step's own words stay (pure).

`dialect` may stand at a step or at the saga, for all of its steps that name no other; `none` at a step: not this one. A dialect
is named by its word, `dialect: lra`, or with the participant's paths, `dialect: {lra: {path: /flights}}`. Where all steps speak
one and the file says nothing of `correlation`, there is none: no participant of these protocols gives back what is ours.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from saga_contracts.declare.kinds import NONE
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.read.dialects.dtm import Dtm
from saga_contracts.read.dialects.filling import Dialect, merged
from saga_contracts.read.dialects.ietf import Ietf
from saga_contracts.read.dialects.lra import Lra

FIELD = "dialect"
_CALLS = ("forward", "compensate", "status")
DIALECTS: Mapping[str, type[Dialect]] = {"lra": Lra, "dtm": Dtm, "ietf": Ietf}


def expand(document: Any) -> tuple[Any, list[Problem]]:
    """Give a saga's document with its dialects written out, and what is wrong with them.

    Args:
        document: The saga file's JSON value, of any shape; it is left as it is.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("steps"), list):
        return document, []
    problems: list[Problem] = []
    of_saga = _read(document.get(FIELD), (FIELD,), problems)
    written, spoken = [], []
    for index, step in enumerate(document["steps"]):
        dialect = _of_step(step, of_saga, ("steps", index, FIELD), problems)
        written.append(step if dialect is None else _written_out(step, dialect))
        problems += [] if dialect is None else _without_path(written[-1], dialect, ("steps", index, FIELD))
        spoken.append(dialect is not None)
    rest = {name: value for name, value in document.items() if name != FIELD}
    correlation = {"correlation": NONE} if spoken and all(spoken) else {}
    return {**correlation, **rest, "steps": [_plain(step) for step in written]}, problems


def _of_step(step: Any, of_saga: Dialect | None, at: Path, problems: list[Problem]) -> Dialect | None:
    if not isinstance(step, Mapping) or step.get(FIELD) == NONE:
        return None
    return _read(step[FIELD], at, problems) if FIELD in step else of_saga


def _read(said: Any, at: Path, problems: list[Problem]) -> Dialect | None:
    if said is None:
        return None
    if isinstance(said, Mapping) and len(said) == 1:
        [(name, fields)] = said.items()
        at = (*at, name)
    else:
        name, fields = said, {}
    if not isinstance(name, str) or name not in DIALECTS:
        problems.append(Problem(at, "This is no dialect.", did_you_mean(str(name), DIALECTS)))
        return None
    try:
        return DIALECTS[name].model_validate({} if fields is None else fields)
    except ValidationError as error:
        problems.extend(_problem(DIALECTS[name], at, one) for one in error.errors(include_url=False))
        return None


def _problem(kind: type[Dialect], at: Path, found: Any) -> Problem:
    known = list(kind.model_fields)
    where = (*at, *found["loc"])
    if found["type"] == "extra_forbidden":
        return Problem(where, f"The dialect has no field `{found['loc'][-1]}`.", did_you_mean(str(found["loc"][-1]), known))
    if found["type"] == "literal_error":
        return Problem(where, "This is none of the dialect's words.", f"Write {found['ctx']['expected']}.")
    return Problem(where, "This is not what the dialect takes here.", f"Write a text for one of {', '.join(known)}.")


def _written_out(step: Mapping[str, Any], dialect: Dialect) -> Mapping[str, Any]:
    own = {name: value for name, value in step.items() if name != FIELD}
    return merged(dialect.fill(own), own)


def _without_path(written: Mapping[str, Any], dialect: Dialect, at: Path) -> list[Problem]:
    """A dialect knows what a call is like, and not where its participant takes it."""
    filled = dialect.fill(written)
    for role in (one for one in _CALLS if one in filled):
        call = written.get(role)
        request = call.get("request") if isinstance(call, Mapping) else None
        if isinstance(request, Mapping) and "path" not in request:
            name = next(word for word, kind in DIALECTS.items() if isinstance(dialect, kind))
            paths = ", ".join(one for one in type(dialect).model_fields if one in ("path", *_CALLS))
            what = f"Nothing tells the path of the call `{role}`."
            return [Problem(at, what, f"Write `dialect: {{{name}: {{…}}}}` with {paths}, or `{role}.request.path`.")]
    return []


def _plain(step: Any) -> Any:
    return {name: value for name, value in step.items() if name != FIELD} if isinstance(step, Mapping) else step
