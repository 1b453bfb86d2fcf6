"""Each field of the settings has an option and a variable, the Pact Broker's names are understood, and the guide tells it all."""

from dataclasses import fields
from typing import Any

import click
import pytest
from click.testing import CliRunner

from saga_broker.serve.commands import broker, serve
from saga_broker.serve.setting_options import ORIGINALS, understood, variable
from saga_broker.settings import Settings
from settings_table import GUIDE, options, with_table

OTHERWISE = {"badge_provider_mode": "badges"}  # options that have another name than their field
WITHOUT = {"webhooks"}  # has options of its own


def test_each_field_has_an_option() -> None:
    known = {one.name for one in options()}
    assert {field.name for field in fields(Settings)} - WITHOUT - {
        field for field, name in OTHERWISE.items() if name in known
    } <= known


def test_an_option_has_the_default_of_its_field_and_a_variable_of_its_name() -> None:
    defaults = {field.name: field.default for field in fields(Settings)}
    made = {one.name: one for one in options() if one.envvar == variable(str(one.name)) and one.name in defaults}
    assert len(made) >= 15
    wrong = {name for name, one in made.items() if name not in {"work", "database_url"} and one.default != defaults[name]}
    assert wrong == set()


def test_the_guide_has_a_row_for_each_option() -> None:
    assert GUIDE.read_text(encoding="utf-8") == with_table(), "python tests/support/settings_table.py writes it"


@pytest.mark.parametrize("name", ORIGINALS)
def test_each_name_of_the_pact_broker_leads_to_an_option(name: str) -> None:
    parameter, _ = ORIGINALS[name]
    assert parameter in {one.name for one in options()}


def chosen_by(*words: str, **env: str) -> dict[str, Any]:
    """Give what `serve` would be called with."""
    seen: dict[str, Any] = {}

    @click.command(params=[*serve.params])
    @click.pass_context
    def show(context: click.Context, /, **given: Any) -> None:
        seen.update(given, **context.meta.get("saga_broker.settings", {}))

    group = click.Group("x", commands={"serve": show})
    defaults = understood(group, env)
    done = CliRunner(env={name: value for name, value in env.items() if name.startswith("SAGAPACT")}).invoke(
        show, list(words), default_map=defaults["serve"]
    )
    assert done.exit_code == 0, done.output
    return seen


def test_the_pact_brokers_variables_are_understood_behind_our_own_and_options() -> None:
    env = {
        "PACT_BROKER_BASE_URLS": "https://a https://b",
        "PACT_BROKER_PORT": "9999",
        "PACT_BROKER_ORDER_VERSIONS_BY_DATE": "false",
        "PACT_BROKER_MAIN_BRANCH_CANDIDATES": "trunk main",
        "PACT_BROKER_USE_FIRST_TAG_AS_BRANCH": "false",
        "PACT_BROKER_LOG_LEVEL": "WARNING",
        "PACT_BROKER_DATABASE_MAX_CONNECTIONS": "4",
    }
    found = chosen_by(**env)
    assert (found["base_urls"], found["port"], found["version_order"]) == (("https://a", "https://b"), 9999, "semver")
    assert (found["main_branch_candidates"], found["use_first_tag_as_branch"]) == (("trunk", "main"), False)
    assert (found["log_level"], found["pool_size"]) == ("warning", 4)
    ours = chosen_by("--port", "1", **env, SAGAPACT_VERSION_ORDER="date", SAGAPACT_TRUSTED_PROXIES="10.0.0.7 ::1")
    assert (ours["port"], ours["version_order"], ours["trusted_proxies"]) == (1, "date", ("10.0.0.7/32", "::1/128"))


def test_the_group_takes_them_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACT_BROKER_PORT", "none")
    done = CliRunner().invoke(broker, ["serve"])
    assert done.exit_code == 2
    assert "'none' is not a valid integer range" in done.output
