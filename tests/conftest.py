"""For all tests: plugins for testing plugins and for tests in containers, and what stands at the end of a run."""

pytest_plugins = ["pytester", "docker_engine", "recordings", "time_budgets"]
