"""Takes secrets and unprintable characters out of a report's data before anything is drawn (pure).

Every output of the report goes through here. What is a secret is told by `saga_contracts.rim.redact`, by names and forms; whoever
knows the values of other secrets takes them out before, as a verification does.
"""

import re

from saga_contracts.rim.redact import HIDDEN, everywhere, is_secret_name, without_secrets
from saga_e2e.report.data import ReportData

__all__ = ["HIDDEN", "is_secret_name", "redacted", "without_secrets"]

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def redacted(data: ReportData) -> ReportData:
    """Give the same data without secrets and without characters that HTML and XML do not allow."""
    return ReportData.model_validate(everywhere(data.model_dump(mode="json", by_alias=True, exclude_unset=True), _shown))


def _shown(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", without_secrets(text))
