"""Writes a JSON value as YAML that our own reader reads back as the same value (pure)."""

from typing import Any

import yaml

from saga_contracts.read.scalars import NotPlainError, value_of

_WIDTH = 120


def as_yaml(value: Any) -> str:
    """Give a JSON value as YAML in block style; a text that would be read as something else stands between quotes.

    >>> print(as_yaml({"on": "1e3", "steps": [{"tries": 2}]}), end="")
    on: '1e3'
    steps:
      - tries: 2
    """
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Quotes by YAML 1.2, writes no aliases, and indents lists."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  (PyYAML's signature)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002  (as above)
        return super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = value_of(text, None, plain=True) == text
    except NotPlainError:
        plain = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Dumper.add_representer(str, _text)
