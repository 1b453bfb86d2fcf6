"""For all tests: plugins for testing plugins and for tests in containers, chance, order, and what stands at the end of a run."""

from collections.abc import Iterator

import pytest

pytest_plugins = ["pytester", "docker_engine", "recordings", "repetitions", "order", "time_budgets"]


@pytest.fixture(scope="session", autouse=True)
def _quick_children() -> Iterator[None]:
    """Runs of pytest that tests start do without the plugin of schemathesis, which takes longer to load than all of pytest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis")
        yield
