"""Which of two version numbers is the greater, by semantic versioning. Pure."""

import re

Key = tuple[object, ...]
_NUMBER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-.]?([0-9A-Za-z][0-9A-Za-z.-]*))?(?:\+[0-9A-Za-z.-]*)?")


def key(number: str) -> Key | None:
    """Give what a version number is sorted by; None for one that is no semantic version, such as a commit's sha.

    Missing parts are zeros; a part behind the numbers, as in `2.0.4.rc1` or `1.0.0-beta.2`, comes before the version itself;
    what stands behind a plus sign is not looked at.
    """
    found = _NUMBER.fullmatch(number.strip()[:255])
    if found is None or (found[4] and not found[2]):
        return None
    parts = tuple(int(part or 0) for part in found.groups()[:3])
    early = tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in re.split(r"[.-]", found[4] or "") if word)
    return *parts, not early, early
