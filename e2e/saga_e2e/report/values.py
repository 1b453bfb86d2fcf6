"""Takes secrets that are known by their value out of a report's data, before it is written anywhere (pure).

Secrets that their name or form gives away are taken out by `redact`. The saga is left as it is: it is public by its nature.
"""

from collections.abc import Callable
from typing import Any

from saga_e2e.report.data import ReportData, Verdict

_VERDICTS = frozenset(verdict.value for verdict in Verdict)
_OUR_NUMBERS = frozenset({"at_ms", "derivation", "duration_ms", "faults", "status", "statuses", "tier"})


def without_values(data: ReportData, hide: Callable[[str], str]) -> ReportData:
    """Give the same data with every text passed through what hides secrets; verdicts and our own numbers stay."""
    document = data.model_dump(mode="json", by_alias=True, exclude_unset=True)
    saga = {"saga": document.pop("saga")} if "saga" in document else {}
    return ReportData.model_validate({name: _value(name, value, hide) for name, value in document.items()} | saga)


def _value(name: str, value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if value in _VERDICTS else hide(value)
    if isinstance(value, list):
        return [_value(name, one, hide) for one in value]
    if isinstance(value, dict):
        return {hide(key): _value(key, one, hide) for key, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool) and name not in _OUR_NUMBERS:
        return value if hide(str(value)) == str(value) else hide(str(value))
    return value
