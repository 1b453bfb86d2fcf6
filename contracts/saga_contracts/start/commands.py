"""The command `sagapact contracts init`: writes a small saga to start from, or a draft of what a document tells.

Exit status: 0 written, 2 wrong usage or a document that cannot be read, 4 an extra is missing. A draft is finished when `lint`
names no open question.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from saga_contracts.errors import SagapactError, UsageError
from saga_contracts.start import small
from saga_contracts.start.draft import draft
from saga_contracts.start.told import is_name
from saga_contracts.start.writing import questions_in

_KINDS = ("openapi", "pact", "bpmn", "arazzo", "har")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--saga", help="The saga's name; default: sale, or what the document calls it.")
@click.option("--owner", help="The service that owns it; default: shop, or whom the document names.")
@click.option(
    "--from-openapi",
    "openapi",
    multiple=True,
    metavar="[PARTICIPANT=]FILE",
    help="An OpenAPI document; may be given several times.",
)
@click.option("--from-pact", "pact", multiple=True, metavar="FILE", help="A pact file; may be given several times.")
@click.option("--from-bpmn", "bpmn", metavar="FILE", help="A BPMN 2.0 process.")
@click.option("--from-arazzo", "arazzo", metavar="FILE", help="An Arazzo document; its OpenAPI documents by --from-openapi.")
@click.option("--from-har", "har", metavar="FILE", help="Recorded traffic (HAR).")
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="NAME[@PARTICIPANT]=CALL[,CALL…]",
    help="A step and the calls that do it, undo it, tell its state and find it, by method and path or by name; - for none.",
)
@click.option("--process", "part", help="Which process of BPMN, or workflow of Arazzo, when there are several.")
def init(folder: Path, saga: str | None, owner: str | None, steps: tuple[str, ...], part: str | None, **found: object) -> None:
    """Write a saga and its contract tests into a folder, to start from: a small one, or a draft of what you have.

    What a document does not tell is left as open questions in the file (TODO comments), which `lint` names.
    """
    _check_names(saga, owner)
    try:
        text = _text({kind: found[kind] for kind in _KINDS if found[kind]}, steps, part, saga, owner)
        written = small.write(folder, text)
    except SagapactError as error:
        _stop(str(error), error.exit_status)
    for path in written:
        click.echo(f"wrote {path}")
    _say_next(written[0], folder, questions_in(text))


def _text(sources: Mapping[str, object], steps: tuple[str, ...], part: str | None, saga: str | None, owner: str | None) -> str:
    if sources:
        from saga_contracts.start import sources as known  # noqa: PLC0415  (the small start needs none of it)

        return draft(known.told(sources, steps, part), saga, owner)
    if steps or part:
        raise UsageError("Name the document that the steps are in, such as --from-openapi FILE.")
    return small.SAGA.format(saga=saga or "sale", owner=owner or "shop")


def _check_names(saga: str | None, owner: str | None) -> None:
    if not (saga is None or is_name(saga)) or not (owner is None or re.fullmatch("[A-Za-z][A-Za-z0-9_./-]{0,62}", owner)):
        _stop("A saga is called as a saga file takes it, an owner by a plain word: such as --saga sale --owner shop.")


def _say_next(file: Path, folder: Path, questions: int) -> None:
    if questions:
        many = f"{questions} open questions" if questions > 1 else "1 open question"
        click.echo(f"Next: sagapact contracts lint {file} names its {many}; answer each in the file and remove its comment.")
    else:
        click.echo(f"Next: sagapact contracts lint {file} && pytest {folder}")


def _stop(message: str, status: int = UsageError.exit_status) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(status)
