"""The table of the settings in the broker's guide, made from the options themselves; run as a program it writes it there."""

from pathlib import Path

import click

from saga_broker.serve.commands import serve
from saga_broker.serve.setting_options import ORIGINALS

GUIDE = Path(__file__).parents[2] / "broker" / "README.md"
HEAD = "| option | variable | the Pact Broker's | for |\n| --- | --- | --- | --- |\n"


def with_table() -> str:
    """Give the guide with the table as it should be."""
    before, _, rest = GUIDE.read_text(encoding="utf-8").partition(HEAD)
    return before + HEAD + "\n".join(row(option) for option in options()) + "\n\n" + rest.partition("\n\n")[2]


def options() -> list[click.Option]:
    return [one for one in serve.params if isinstance(one, click.Option)]


def row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    envvars = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    theirs = sorted(name for name, (parameter, _) in ORIGINALS.items() if parameter == option.name)
    text = (option.help or "").replace("|", "\\|")
    return f"| {names} | {_listed(envvars)} | {_listed(theirs)} | {text}{_default(option)} |".replace("  ", " ")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _default(option: click.Option) -> str:
    if not option.show_default:
        return ""
    values = list(option.default) if isinstance(option.default, tuple) else [option.default]
    words = " ".join({True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value) for value in values)
    return f" Default: {words or 'none'}."


if __name__ == "__main__":
    GUIDE.write_text(with_table(), encoding="utf-8")
