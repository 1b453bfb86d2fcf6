"""What several sagas at one step share: who keeps what others ask for, and what all their effects come to (pure)."""

from collections.abc import Iterable

from saga_contracts.declare import templates
from saga_contracts.derive import resources
from saga_contracts.derive.slices import StepSlice
from saga_contracts.stand_in.book import Book, Row
from saga_contracts.stand_in.caller import names_of
from saga_contracts.stand_in.right import Right
from saga_contracts.stand_in.world import Standing
from saga_contracts.wire.likeness import same
from saga_contracts.wire.matching import names_found
from saga_contracts.wire.unfilling import Bound, as_context


def is_locked(rules: Right, book: Book, row: Row, standing: Standing) -> bool:
    """Does another saga keep what this one asks for? What was kept before a precondition was set up is free."""
    if resources.why_no_lock(rules.slice) is not None:
        return False
    return any(rules.holds(one) and one.touched > standing.at for one in rivals(rules.slice, book, row))


def rivals(slice_: StepSlice, book: Book, row: Row) -> list[Row]:
    """Give the rows of other sagas that asked for the same as this one; where nothing is named that is shared, all later ones."""
    mine, saga = _resource(slice_, row), _saga_of(slice_, row)
    others = [one for one in book.of(row.step) if one is not row and not (saga and _saga_of(slice_, one) == saga)]
    if not slice_.step.semantic_lock and not resources.had_in_common(slice_):
        rows = list(book.of(row.step))
        return [one for one in others if row in rows and rows.index(one) > rows.index(row)]
    return [one for one in others if mine is not None and same(_resource(slice_, one), mine)]


def release(all_rules: Iterable[Right], book: Book, row: Row) -> None:
    """Free what a saga keeps at another step, once the step has done its work that stands for the end of the saga."""
    every = list(all_rules)
    own = next((rules for rules in every if rules.step.step == row.step), None)
    saga = _saga_of(own.slice, row) if own is not None and row.effect else ""
    for rules in every if saga else ():
        lock = rules.step.semantic_lock
        if lock is None or lock.released_by != row.step:
            continue
        for one in book.of(rules.step.step):
            one.released = one.released or _saga_of(rules.slice, one) == saga


def effect_of(slice_: StepSlice, book: Book, row: Row, values: Bound, standing: Standing) -> float:
    """Give how often the effect is there that a probe with these values reads: of all sagas, where they share what it reads."""
    if not _is_shared(slice_):
        return row.effect
    return sum(one.effect for one in book.agreeing(row.step, values) if one is row or one.touched > standing.at)


def read_by(slice_: StepSlice, values: Bound) -> Bound:
    """Give the values by which a probe reads: where sagas share what is read, whose question it is does not matter."""
    probe = slice_.step.probe
    if not _is_shared(slice_) or probe is None or probe.request is None:
        return values
    return {name: value for name, value in values.items() if name in names_found(probe.request)}


def _is_shared(slice_: StepSlice) -> bool:
    common = resources.had_in_common(slice_)
    declared = slice_.step.semantic_lock is not None or slice_.step.given.enough_for_two is not None
    return declared or bool(common) or resources.is_prepared_again(slice_, common)


def _resource(slice_: StepSlice, row: Row) -> object:
    """Give what a row asks for, as far as its calls and preconditions tell; None when they do not."""
    lock = slice_.step.semantic_lock
    context = as_context(row.known)
    names = {f"payload.{name}" for name in resources.had_in_common(slice_)}
    asked = lock.resource if lock is not None else [f"{{{name}}}" for name in sorted(names)]
    try:
        return templates.fill(asked, context) or None
    except templates.TemplateError:
        return None


def _saga_of(slice_: StepSlice, row: Row) -> str:
    return names_of(slice_, row.known)["saga_id"]
