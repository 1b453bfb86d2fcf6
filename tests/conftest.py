"""For all tests: the plugin for testing plugins, and what stands at the end of a run: time budgets, and what was left out."""

pytest_plugins = ["pytester", "recordings", "time_budgets"]
