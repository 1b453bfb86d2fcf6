"""The options of `serve` about webhooks. Each has a variable of ours and that of the Pact Broker, for who moves in."""

import os
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from saga_broker.settings import WebhookSettings
from saga_broker.webhooks.allowed import METHODS, entry_fault, split

_KEPT = "saga_broker.webhooks"
_DEFAULTS = WebhookSettings()
_CERTIFICATE = re.compile(r"PACT_BROKER_WEBHOOK_CERTIFICATES__(\d+)__(PATH|CONTENT)")
_BEGIN = "-----BEGIN CERTIFICATE-----"
Command = TypeVar("Command", bound=Callable[..., Any])


class _Words(click.ParamType[tuple[Any, ...]]):
    """A list, separated by blanks or commas; each word is read by a function."""

    name = "list"

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> tuple[Any, ...]:
        """Read the list."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._read(word) for word in split(str(value)))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, context)


def _method(word: str) -> str:
    if word.upper() not in METHODS:
        msg = f"{word} is no HTTP method"
        raise ValueError(msg)
    return word.upper()


def _scheme(word: str) -> str:
    if word.lower() not in {"http", "https"}:
        msg = f"{word} is not http or https"
        raise ValueError(msg)
    return word.lower()


def _host(word: str) -> str:
    fault = entry_fault(word)
    if fault is not None:
        raise ValueError(fault)
    return word


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 <= seconds <= 7 * 86_400:
        msg = f"{word} is not between 0 and a week of seconds"
        raise ValueError(msg)
    return seconds


def _status(word: str) -> int:
    if not re.fullmatch(r"[1-5]\d\d", word):
        msg = f"{word} is no HTTP status"
        raise ValueError(msg)
    return int(word)


_OPTIONS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("methods", "HTTP_METHOD_WHITELIST", "HTTP methods that webhooks may use.", {"type": _Words(_method)}),
    ("schemes", "SCHEME_WHITELIST", "Schemes that webhooks may use: https, http.", {"type": _Words(_scheme)}),
    (
        "hosts",
        "HOST_WHITELIST",
        "Hosts that may be called: names, *.domain, networks, /regular expressions/; else all outside, with hidden answers.",
        {"type": _Words(_host)},
    ),
    (
        "retry_schedule_s",
        "RETRY_SCHEDULE",
        "Seconds from a failed attempt to the next; there is one attempt more than entries.",
        {"type": _Words(_seconds)},
    ),
    ("success_statuses", "HTTP_CODE_SUCCESS", "Statuses that count as success.", {"type": _Words(_status)}),
    ("redact", "REDACT_SENSITIVE_DATA", "Hide secrets in the logs of webhooks.", {"type": bool}),
)


def webhook_options(command: Command) -> Command:
    """Give a command the options about webhooks."""
    command = _option("private_networks", "Let webhooks call addresses inside, too.", type=bool)(command)
    command = _option(
        "first_call_after_s",
        "Seconds from an event to its first call, so that tags and results that follow at once are told.",
        type=click.FloatRange(0, 86_400),
    )(command)
    command = _option("user_agent", "What a call names itself.", "PACT_BROKER_USER_AGENT")(command)
    command = _option("verify_tls", "Check the certificates of receivers.", type=bool)(command)
    for field, original, text, more in reversed(_OPTIONS):
        command = _option(field, text, f"PACT_BROKER_WEBHOOK_{original}", **more)(command)
    return command


def chosen_for_webhooks(context: click.Context, environment: Mapping[str, str] = os.environ) -> WebhookSettings:
    """Give what the options and the variables say.

    Certificates and the signing key are variables only: `PACT_BROKER_WEBHOOK_CERTIFICATES__0__PATH` or `…__CONTENT`, and
    `SAGAPACT_WEBHOOK_SIGNING_KEY`, since a command line can be read by every user of a machine.
    """
    found = dict(context.meta.get(_KEPT, {}))
    off = environment.get("PACT_BROKER_DISABLE_SSL_VERIFICATION", "").lower() in {"true", "1", "yes"}
    if off and context.get_parameter_source("verify_tls") is click.core.ParameterSource.DEFAULT:
        found["verify_tls"] = False
    found["certificates"] = tuple(_certificates(environment))
    found["signing_key"] = environment.get("SAGAPACT_WEBHOOK_SIGNING_KEY", "")
    return WebhookSettings(**found)


def _certificates(environment: Mapping[str, str]) -> list[str]:
    named = [(int(match[1]), match[2], name) for name in environment if (match := _CERTIFICATE.fullmatch(name))]
    found = []
    for _, kind, name in sorted(named):
        text = environment[name].replace("\\n", "\n") if kind == "CONTENT" else _file(name, environment[name])
        try:
            ssl.create_default_context().load_verify_locations(cadata=text[text.find(_BEGIN) :])
        except (ssl.SSLError, ValueError) as error:
            msg = f"{name} holds no PEM certificate: {error}"
            raise click.UsageError(msg) from error
        found.append(text[text.find(_BEGIN) :])
    return found


def _file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{name}: cannot read {path}: {error}"
        raise click.UsageError(msg) from error


def _option(field: str, text: str, *originals: str, **more: Any) -> Callable[[Command], Command]:
    name = f"--webhook-{field.removesuffix('_s').replace('_', '-')}"
    is_flag = more.get("type") is bool
    default = getattr(_DEFAULTS, field)
    return click.option(
        f"{name}/--no-{name[2:]}" if is_flag else name,
        field,
        envvar=[f"SAGAPACT_{name[2:].replace('-', '_').upper()}", *originals],
        default=default,
        show_default=" ".join(f"{one:g}" if isinstance(one, float | int) else one for one in default) or "all"
        if isinstance(default, tuple)
        else True,
        expose_value=False,
        callback=_keep,
        help=text,
        **more,
    )


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    context.meta.setdefault(_KEPT, {})[parameter.name] = value
    return value
