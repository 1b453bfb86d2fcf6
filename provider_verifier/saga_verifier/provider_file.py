"""The provider file: how one participant is started for its verification (`provider.yaml`, format 1).

    format: 1
    provider: billing
    start:
      command: ["{python}", "-m", "participants.billing"]
      cwd: ..
      env: {PORT: "{port}", DATABASE_URL: "sqlite:///{workdir}/billing.sqlite", TOKEN: "${BILLING_TOKEN}"}
      pass_env: [PATH]
    health: {path: /health, timeout_s: 20}
    states: {path: /_states}

Reads it from text into frozen models, or into all of its faults at once, each with its place and a mend. Starting the
participant is `saga_verifier.isolation`.
"""

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from saga_contracts import positions
from saga_contracts.errors import Fault, FaultyFileError, UsageError
from saga_contracts.saga import Model, Pacticipant
from saga_verifier.isolation.placeholders import PLACEHOLDERS, inside_words, literal, outside_names
from saga_verifier.isolation.spec import Health, Spec

FORMAT = 1

EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""A name of an environment variable."""
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=1000)]
"""A path on the participant, from the slash on."""


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Start(Model):
    """What is run, where, and in which environment."""

    command: Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)]
    """Program and arguments; `{python}`, `{port}` and `{workdir}` may be used."""
    cwd: str = "."
    """Folder it runs in, relative to the provider file; placeholders allowed."""
    env: dict[EnvName, Annotated[str, BeforeValidator(_number_as_text)]] = Field(default={}, repr=False)
    """Its environment; placeholders allowed, and `${NAME}` for a value of the caller's environment."""
    pass_env: tuple[EnvName, ...] = ()
    """Variables that it inherits from the caller; nothing else is inherited."""


class HealthCheck(Model):
    """How it is seen that the participant is ready."""

    path: UrlPath = "/health"
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 20.0


class States(Model):
    """Where the participant takes state changes, the way Pact sends them."""

    path: UrlPath


class Document(Model):
    """What stands in the file."""

    format: Literal[1]
    provider: Pacticipant
    start: Start
    health: HealthCheck = HealthCheck()
    states: States | None = None


class ProviderFile(Document):
    """A provider file with what it needs of its surroundings."""

    folder: Path
    """Absolute path of the folder that holds the file."""
    outside: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """Values of `${NAME}`: secrets."""
    inherited: dict[str, str] = Field(default={}, repr=False, exclude=True)
    """The variables of `pass_env` that the caller has."""

    def spec(self) -> Spec:
        """Give what isolation needs to start the participant."""
        return Spec(
            name=self.provider,
            command=self.start.command,
            cwd=_joined(self.folder, self.start.cwd),
            env=self.start.env,
            outside=self.outside,
            inherited=self.inherited,
            health=Health(self.health.path, self.health.timeout_s),
        )

    def states_url(self, base_url: str) -> str | None:
        """Give the address for state changes at the running participant, or None when it takes none."""
        return None if self.states is None else base_url.rstrip("/") + self.states.path


class ProviderFileError(FaultyFileError):
    """A provider file has faults."""

    kind = "provider file"


def load_provider_file(path: str | Path, environ: Mapping[str, str] | None = None) -> ProviderFile:
    """Read a provider file.

    Args:
        path: A YAML or JSON file.
        environ: The caller's environment; None: that of this process.

    Raises:
        ProviderFileError: with every fault of the file.
        UsageError: when the file cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        fault = Fault(str(path), 0, 0, "", f"Byte {error.start} is not UTF-8.", "Save it as UTF-8.")
        raise ProviderFileError(str(path), [fault]) from None
    except OSError as error:
        raise UsageError(
            f"Cannot read the provider file {path}: {error.strerror or error}. Name an existing YAML or JSON file."
        ) from None
    document = positions.read(text, str(path))
    folder = Path(path).resolve().parent
    surroundings = os.environ if environ is None else environ
    read, faults = _judged(document)
    faults += _faults_across_fields(document, folder, surroundings)
    if read is None or faults:
        raise ProviderFileError(str(path), faults)
    return _placed(read, folder, surroundings)


def _judged(document: positions.Document) -> tuple[Document | None, list[Fault]]:
    """Give what the text says, or the faults of its shape."""
    if document.faults:
        return None, list(document.faults)
    if not isinstance(document.data, Mapping):
        return None, [document.fault((), "A provider file is a mapping of fields.", f"Start it with `format: {FORMAT}`.")]
    try:
        return Document.model_validate_json(json.dumps(document.data)), []
    except ValidationError as error:
        return None, list(_shape_faults(document, error))


def _placed(read: Document, folder: Path, environ: Mapping[str, str]) -> ProviderFile:
    names = {name for text in read.start.env.values() for name in outside_names(text)}
    return ProviderFile(
        **dict(read),
        folder=folder,
        outside={name: environ[name] for name in sorted(names)},
        inherited={name: environ[name] for name in read.start.pass_env if name in environ},
    )


def _joined(folder: Path, cwd: str) -> str:
    return cwd if cwd.startswith("{workdir}") else os.path.normpath(f"{literal(str(folder))}/{cwd}")


def _shape_faults(document: positions.Document, error: ValidationError) -> Iterator[Fault]:
    for one in error.errors():
        path, kind = tuple(part for part in one["loc"] if part != "[key]"), one["type"]
        if kind == "missing":
            yield document.fault(path[:-1], f"The field `{path[-1]}` is missing.", "Add it.")
        elif kind == "extra_forbidden":
            yield document.fault(path, f"The field `{path[-1]}` is not known.", _nearest(str(path[-1]), _known_beside(path)))
        elif path == ("format",):
            what = f"Format {one['input']!r} is not known to this version, which reads format {FORMAT}."
            yield document.fault(path, what, f"Upgrade sagapact, or write format {FORMAT}.")
        elif kind in _SHAPES:
            yield document.fault(path, *_SHAPES[kind])
        elif kind == "string_pattern_mismatch":
            yield document.fault(path, *_PATTERNS[path[0]])
        else:
            found = "" if path[:2] == ("start", "env") else f"Found {_short(one['input'])}."
            yield document.fault(path, f"{one['msg'].rstrip('.')}.", found)


_SHAPES = {
    "tuple_type": ("This must be a list.", 'Write it as ["one", "two"].'),
    "too_short": ("This list is empty.", "Write at least one value."),
    "model_type": ("This must be a mapping of fields.", "Write it as {name: value}."),
    "dict_type": ("This must be a mapping of names to texts.", "Write it as {NAME: value}."),
    "string_type": ("This must be a text.", "Put it between quotes."),
}


_ENV_NAME = ("A name of an environment variable has letters, digits and underscores only.", "Rename it.")
_URL_PATH = ("A path begins with a slash and has no blanks.", "Mend it.")
_PATTERNS: dict[str | int, tuple[str, str]] = {
    "provider": ("A pacticipant's name has no slash at its beginning and no line break.", "Mend it."),
    "start": _ENV_NAME,
    "health": _URL_PATH,
    "states": _URL_PATH,
}


def _known_beside(path: positions.Path) -> list[str]:
    model: Any = {"start": Start, "health": HealthCheck, "states": States}.get(str(path[0])) if len(path) > 1 else Document
    return sorted(model.model_fields) if model else []


def _nearest(found: str, known: list[str]) -> str:
    close = difflib.get_close_matches(found, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Remove it; known here: {', '.join(known)}."


def _short(value: Any, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _faults_across_fields(document: positions.Document, folder: Path, environ: Mapping[str, str]) -> list[Fault]:
    """Judge what no shape can tell; looks only at values of the right shape, so that it can run beside the shape's faults."""
    start = document.data.get("start") if isinstance(document.data, Mapping) else None
    if not isinstance(start, Mapping):
        return []
    texts = dict(_texts(start, ("start",)))
    faults = [fault for path, text in texts.items() for fault in _placeholder_faults(document, path, text, environ)]
    if start.get("command") and not any("port" in inside_words(text) for text in texts.values()):
        faults.append(
            document.fault(("start",), "Nothing tells the participant its port.", 'Add `PORT: "{port}"` to env, or an argument.')
        )
    faults += _pass_env_faults(document, start)
    cwd = start.get("cwd", ".")
    if isinstance(cwd, str) and "{workdir}" not in cwd and not (folder / cwd).is_dir():
        faults.append(
            document.fault(("start", "cwd"), f"There is no folder {folder / cwd}.", "Name one, from this file's folder on.")
        )
    return faults


def _texts(value: Any, path: positions.Path) -> Iterator[tuple[positions.Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping | list):
        for key, member in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _texts(member, (*path, key))


def _placeholder_faults(
    document: positions.Document, path: positions.Path, text: str, environ: Mapping[str, str]
) -> Iterator[Fault]:
    for word in inside_words(text):
        if word in PLACEHOLDERS:
            continue
        close = difflib.get_close_matches(word, PLACEHOLDERS, n=1)
        mend = f"Did you mean {{{close[0]}}}?" if close else f"Write {{{{{word}}}}} for the text {{{word}}} itself."
        yield document.fault(path, f"The placeholder {{{word}}} is not known.", mend)
    for name in outside_names(text) if path[:2] == ("start", "env") else ():
        if name not in environ:
            mend = f"Did you mean {{{name}}}?" if name in PLACEHOLDERS else "Set it where this is run, or remove it here."
            yield document.fault(path, f"The caller's environment has no {name}.", mend)


def _pass_env_faults(document: positions.Document, start: Mapping[str, Any]) -> Iterator[Fault]:
    names, env = start.get("pass_env"), start.get("env")
    if isinstance(names, list) and isinstance(env, Mapping):
        for index, name in enumerate(names):
            if isinstance(name, str) and name in env:
                yield document.fault(("start", "pass_env", index), f"{name} stands in env, too.", "Remove it from one of them.")
