"""Runs a saga's contract tests in a process of their own: `python -m saga_e2e.stage.contract_tests PARENT PACTS FILE`.

The process ends with its parent, and takes no configuration from the folders around it.
"""

import os
import sys
from pathlib import Path

import pytest

from saga_verifier.isolation.guarding.with_parent import die_with_parent


def main() -> int:
    """Run the tests; give pytest's exit status."""
    parent, pacts, file = sys.argv[1:]
    die_with_parent(int(parent))
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, "--import-mode=importlib"]
    return int(pytest.main([*options, "--rootdir", str(Path(file).parent), "--pacts", pacts, file]))


if __name__ == "__main__":
    sys.exit(main())
