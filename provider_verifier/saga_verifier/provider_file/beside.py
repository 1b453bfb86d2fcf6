"""Judges what a provider file says beside the start of the participant: live headers, token, probes, database, adapter."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.errors import Fault
from saga_contracts.read import positions
from saga_verifier.isolation.placeholders import outside_names, without_outside
from saga_verifier.provider_file.container import CONTAINER_PLACEHOLDERS
from saga_verifier.provider_file.orchestrator import faults as orchestrator_faults
from saga_verifier.provider_file.probes import FORMS, ONE_FORM, VALUES, bound_names
from saga_verifier.provider_file.programs import PROGRAM_PLACEHOLDERS, TOKEN, Token

_URLS = ("url", "container_url")
_ONLY_WITH = {**dict.fromkeys(_URLS, "sql"), "params": "sql", "env": "command", "pass_env": "command"}
_BACKENDS = ("sqlite:", "postgresql:", "postgresql+", "{database_url}", "${")
_READS = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)


def faults(document: positions.Document, environ: Mapping[str, str] | None) -> Iterator[Fault]:
    """Give each fault of these parts.

    Args:
        document: One service's text.
        environ: The caller's environment; None: what is missing in it does not matter.
    """
    data = document.data
    headers, token, probes = (data.get(name) for name in ("headers", "token", "probes"))
    if isinstance(headers, Mapping):
        yield from _outside(document, dict(texts_in(headers, ("headers",))), environ)
    if isinstance(token, Mapping):
        yield from _program(document, token, ("token",), environ)
        yield from _token(document, token, headers if isinstance(headers, Mapping) else {})
    for name, one in probes.items() if isinstance(probes, Mapping) else ():
        if isinstance(one, Mapping):
            yield from _probe(document, one, ("probes", name), environ)
    if (database := data.get("database")) is not None:
        yield from _database(document, database, environ)
    yield from orchestrator_faults.faults(document)


def texts_in(value: Any, path: positions.Path) -> Iterator[tuple[positions.Path, str]]:
    """Give every text in a value with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping | list):
        for key, member in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from texts_in(member, (*path, key))


def _token(document: positions.Document, token: Mapping[str, Any], headers: Mapping[str, Any]) -> Iterator[Fault]:
    written, name = token.get("format", TOKEN), token.get("header", Token.model_fields["header"].default)
    if isinstance(written, str) and TOKEN not in written:
        yield document.fault(
            ("token", "format"), "The token has no place in it.", f'Write {TOKEN} where it stands, as in "Bearer {TOKEN}".'
        )
    if isinstance(name, str) and name.lower() in {one.lower() for one in headers}:
        yield document.fault(("token",), f"The header {name} stands in `headers`, too.", "Remove it from one of them.")


def _probe(
    document: positions.Document, probe: Mapping[str, Any], at: positions.Path, environ: Mapping[str, str] | None
) -> Iterator[Fault]:
    forms = [name for name in FORMS if probe.get(name) is not None]
    if len(forms) != 1:
        what = "It does not say how the effect is read." if not forms else f"It says so in {len(forms)} ways."
        yield document.fault(at, what, ONE_FORM)
    for name, form in _ONLY_WITH.items():
        if probe.get(name) is not None and forms and form not in forms:
            yield document.fault((*at, name), f"The field `{name}` belongs to `{form}`.", "Remove it.")
    yield from _program(document, probe, at, environ)
    yield from _sql(document, probe, at, environ)
    for part in ("params", "requests"):
        yield from _values(document, dict(texts_in(probe.get(part), (*at, part))), VALUES)


def _sql(
    document: positions.Document, probe: Mapping[str, Any], at: positions.Path, environ: Mapping[str, str] | None
) -> Iterator[Fault]:
    sql, params = probe.get("sql"), probe.get("params", {})
    if not isinstance(sql, str):
        return
    if not any(name in probe for name in _URLS):
        yield document.fault(
            at, "It does not say where the database is.", 'Add `url: "sqlite:///{workdir}/…"`, or `url: "{database_url}"`.'
        )
    urls = {(*at, name): url for name in _URLS if isinstance(url := probe.get(name), str)}
    yield from _values(document, urls, CONTAINER_PLACEHOLDERS)
    yield from _outside(document, urls, environ)
    if sql.strip() and not _READS.match(sql):
        yield document.fault((*at, "sql"), "A probe reads only.", "Begin it with SELECT or WITH.")
    named, given = bound_names(sql), set(params) if isinstance(params, Mapping) else set[str]()
    for name in sorted(named - given):
        yield document.fault(
            (*at, "sql"), f"Nothing says what :{name} stands for.", f'Add `params: {{{name}: "{{payload.…}}"}}`.'
        )
    for name in sorted(given - named):
        yield document.fault((*at, "params", name), f"The statement has no :{name}.", "Remove it, or use it there.")


def _database(document: positions.Document, database: Any, environ: Mapping[str, str] | None) -> Iterator[Fault]:
    named = {(name,): database.get(name) for name in _URLS} if isinstance(database, Mapping) else {(): database}
    written = {("database", *path): url for path, url in named.items() if isinstance(url, str)}
    yield from _values(document, written, CONTAINER_PLACEHOLDERS)
    yield from _outside(document, written, environ)
    for path, url in written.items():
        if url and not url.startswith(_BACKENDS):
            mend = 'Write "sqlite:///{workdir}/FILE", "postgresql://…" or, for a container, "{database_url}"; or remove it.'
            yield document.fault(path, "No barrier is known for such a database.", mend)


def _program(
    document: positions.Document, program: Mapping[str, Any], at: positions.Path, environ: Mapping[str, str] | None
) -> Iterator[Fault]:
    """Judge a command and its environment; those of a probe may name the step's data, too."""
    known = (*PROGRAM_PLACEHOLDERS, *VALUES) if at[0] == "probes" else PROGRAM_PLACEHOLDERS
    written = {path: text for part in ("command", "env") for path, text in texts_in(program.get(part), (*at, part))}
    yield from _values(document, written, known)
    yield from _outside(document, {path: text for path, text in written.items() if path[len(at)] == "env"}, environ)
    names, env = program.get("pass_env"), program.get("env")
    own = set(env) if isinstance(env, Mapping) else set()
    for index, name in enumerate(names) if isinstance(names, list) else ():
        if isinstance(name, str) and name in own:
            yield document.fault((*at, "pass_env", index), f"{name} stands in env, too.", "Remove it from one of them.")


def _values(document: positions.Document, written: Mapping[positions.Path, str], known: tuple[str, ...]) -> Iterator[Fault]:
    for path, text in written.items():
        for name in templates.names_in(without_outside(text)):
            root = name.partition(".")[0]
            if root not in known:
                close = difflib.get_close_matches(root, known, n=1)
                mend = f"Did you mean {{{close[0]}}}?" if close else f"Known here: {', '.join(known)}."
                yield document.fault(path, f"The placeholder {{{name}}} is not known.", mend)


def _outside(
    document: positions.Document, written: Mapping[positions.Path, str], environ: Mapping[str, str] | None
) -> Iterator[Fault]:
    for path, text in written.items():
        for name in outside_names(text) if environ is not None else ():
            if environ is not None and name not in environ:
                what = f"The caller's environment has no {name}."
                yield document.fault(path, what, "Set it where this is run, or remove it here.")
