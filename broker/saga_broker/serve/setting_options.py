"""The options of `serve` that set a field of `Settings` and nothing else: a row for each; its name makes option and variable.

What they chose is kept in click's context, so that `serve` takes it as a whole. `ORIGINALS` names the variables of the Pact
Broker that mean the same: who moves in need not rewrite an environment.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, NamedTuple, TypeVar

import click

from saga_broker.http.addresses import checked_proxy
from saga_broker.settings import Settings

_KEPT = "saga_broker.settings"
_DEFAULTS = {field.name: field.default for field in fields(Settings)}
Command = TypeVar("Command", bound=Callable[..., Any])


class Row(NamedTuple):
    """An option: the field of `Settings`, what values it has, and what it is for; of several values each is given by itself."""

    field: str
    type: Any
    text: str
    name: str = ""
    several: bool = False


class _Proxy(click.ParamType[str]):
    """An address or network of a proxy."""

    name = "network"

    def convert(self, value: Any, _param: Any, _context: Any) -> str:
        return checked_proxy(str(value))


_NUMBER, _SECONDS = click.IntRange(1), click.FloatRange(0.001)
ROWS = (
    Row(
        "trusted_proxies",
        _Proxy(),
        "Address or network of a proxy whose X-Forwarded-* headers are believed; nobody else's are.",
        "--trusted-proxy",
        several=True,
    ),
    Row(
        "version_order",
        click.Choice(["date", "semver"]),
        "What makes a version the newest: that it came last, or its number. With semver a number that is none is refused.",
    ),
    Row("case_insensitive_names", bool, "Take names of pacticipants that differ only in capital letters for the same."),
    Row("max_body_bytes", _NUMBER, "A larger request body is answered 413."),
    Row("max_json_depth", _NUMBER, "JSON that is nested deeper is answered 400."),
    Row("auto_detect_main_branch", bool, "Take the first branch or tag named like a main branch as the main branch."),
    Row("main_branch_candidates", str, "A name that this detection looks for.", "--main-branch-candidate", several=True),
    Row("use_first_tag_as_branch", bool, "Make a branch of the first tag of a young version."),
    Row("first_tag_age_s", _SECONDS, "How many seconds a version is young."),
    Row("create_deployed_versions_for_tags", bool, "Let a tag named like an environment record a deployment."),
    Row("allow_dangerous_contract_modification", bool, "Let a pact be replaced under the same consumer version."),
    Row(
        "base_equality_only_on_content_that_affects_verification_results",
        bool,
        "Leave out of the content sha what no verification depends on.",
    ),
    Row("check_for_potential_duplicate_pacticipant_names", bool, "Refuse a new name that reads like an existing one."),
    Row("pact_content_diff_timeout_s", _SECONDS, "A diff that takes more seconds is given up with 408."),
    Row(
        "verified_by_other_branch_lookback_days",
        _NUMBER,
        "How many days back results of other branches count for work in progress.",
    ),
    Row(
        "dynamic_wip_window",
        bool,
        "Choose how far back work in progress is looked for; the date that a client asks for is not looked at.",
    ),
    Row("pool_size", _NUMBER, "Database connections that are kept open; for a moment there may be twice as many."),
    Row("work", bool, "Do the broker's own work here: hand events on, call webhooks, queue jobs."),
    Row(
        "traces_endpoint",
        str,
        "Where traces are sent, by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces. Needs sagapact[telemetry].",
    ),
    Row(
        "job_lease_s",
        click.FloatRange(1),
        "Seconds after which a worker that is not heard of is taken for dead.",
        "--job-lease",
    ),
    Row("wait_s", _SECONDS, "Seconds that a request waits for other writers or a thread before it is answered 503."),
    Row("work_s", _SECONDS, "Seconds that a request's statements may take before it is answered 503."),
    Row("public_read", bool, "With tokens: reading needs none."),
    Row("public_badges", bool, "With tokens: badges need none."),
    Row("public_heartbeat", bool, "With tokens: the sign of life needs none."),
    Row(
        "requests_a_minute",
        click.IntRange(0),
        "With tokens: how often each may ask this process, unless it has a number of its own; 0: as often as it likes.",
    ),
)

_Origin = Callable[[str], Any]


def _as_it_is(value: str) -> Any:
    return value


def _negated(value: str) -> bool:
    return value.strip().lower() in {"false", "0", "no"}


def _order(value: str) -> str:
    return "semver" if value.strip().lower() in {"false", "0", "no"} else "date"


ORIGINALS: Mapping[str, tuple[str, _Origin]] = {
    "PACT_BROKER_DATABASE_URL": ("database_url", _as_it_is),
    "PACT_BROKER_DATABASE_MAX_CONNECTIONS": ("pool_size", _as_it_is),
    "PACT_BROKER_HOST": ("host", _as_it_is),
    "PACT_BROKER_PORT": ("port", _as_it_is),
    "PACT_BROKER_LOG_LEVEL": ("log_level", str.lower),
    "PACT_BROKER_BASE_URL": ("base_urls", str.split),
    "PACT_BROKER_BASE_URLS": ("base_urls", str.split),
    "PACT_BROKER_ALLOW_PUBLIC_READ": ("public_read", _as_it_is),
    "PACT_BROKER_ENABLE_PUBLIC_BADGE_ACCESS": ("public_badges", _as_it_is),
    "PACT_BROKER_PUBLIC_HEARTBEAT": ("public_heartbeat", _as_it_is),
    "PACT_BROKER_ORDER_VERSIONS_BY_DATE": ("version_order", _order),
    "PACT_BROKER_USE_CASE_SENSITIVE_RESOURCE_NAMES": ("case_insensitive_names", _negated),
    "PACT_BROKER_AUTO_DETECT_MAIN_BRANCH": ("auto_detect_main_branch", _as_it_is),
    "PACT_BROKER_MAIN_BRANCH_CANDIDATES": ("main_branch_candidates", str.split),
    "PACT_BROKER_USE_FIRST_TAG_AS_BRANCH": ("use_first_tag_as_branch", _as_it_is),
    "PACT_BROKER_USE_FIRST_TAG_AS_BRANCH_TIME_LIMIT": ("first_tag_age_s", _as_it_is),
    "PACT_BROKER_CREATE_DEPLOYED_VERSIONS_FOR_TAGS": ("create_deployed_versions_for_tags", _as_it_is),
    "PACT_BROKER_ALLOW_DANGEROUS_CONTRACT_MODIFICATION": ("allow_dangerous_contract_modification", _as_it_is),
    "PACT_BROKER_BASE_EQUALITY_ONLY_ON_CONTENT_THAT_AFFECTS_VERIFICATION_RESULTS": (
        "base_equality_only_on_content_that_affects_verification_results",
        _as_it_is,
    ),
    "PACT_BROKER_CHECK_FOR_POTENTIAL_DUPLICATE_PACTICIPANT_NAMES": (
        "check_for_potential_duplicate_pacticipant_names",
        _as_it_is,
    ),
    "PACT_BROKER_PACT_CONTENT_DIFF_TIMEOUT": ("pact_content_diff_timeout_s", _as_it_is),
    "PACT_BROKER_VERIFIED_BY_OTHER_BRANCH_LOOKBACK_DAYS": ("verified_by_other_branch_lookback_days", _as_it_is),
    "PACT_BROKER_DYNAMIC_WIP_WINDOW": ("dynamic_wip_window", _as_it_is),
}


def setting_options(command: Command) -> Command:
    """Give a command the options of all rows."""
    for row in reversed(ROWS):
        command = click.option(
            *_names(row),
            envvar=variable(row.field),
            type=row.type,
            multiple=row.several,
            default=True if row.field == "work" else _DEFAULTS[row.field],
            show_default=True,
            expose_value=False,
            callback=_keep,
            help=row.text,
        )(command)
    return command


def chosen(context: click.Context) -> dict[str, Any]:
    """Give the fields of `Settings` that the options of a command set."""
    return dict(context.meta.get(_KEPT, {}))


def variable(field: str) -> str:
    """Give the name of the variable that sets a field."""
    return f"SAGAPACT_{field.upper()}"


def understood(group: click.Group, environment: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """Give the defaults that the Pact Broker's variables set, by command and parameter; options and our variables go before."""
    return {name: dict(_defaults(command, environment)) for name, command in group.commands.items()}


def _defaults(command: click.Command, environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    known = {parameter.name for parameter in command.params}
    for name, (parameter, read) in ORIGINALS.items():
        if parameter in known and environment.get(name):
            yield parameter, read(environment[name])


def _names(row: Row) -> tuple[str, ...]:
    name = row.name or f"--{row.field.replace('_', '-')}"
    return (f"{name}/--no-{name[2:]}" if row.type is bool else name, row.field)


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    context.meta.setdefault(_KEPT, {})[parameter.name] = value
    return value
