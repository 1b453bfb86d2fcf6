"""For all tests: the plugin for testing plugins, and the time budgets at the end of a run."""

pytest_plugins = ["pytester", "time_budgets"]
