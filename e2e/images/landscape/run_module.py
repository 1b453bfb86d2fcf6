"""Runs a module of the landscape in its container, where it must listen on the address of HOST instead of the loopback one.

A service that reads HOST itself is not changed by it.
"""

import os
import runpy
import sys
from typing import Any

from uvicorn.config import Config

_make = Config.__init__


def _on_host(self: Config, app: Any, *args: Any, **options: Any) -> None:
    _make(self, app, *args, **{**options, "host": os.environ["HOST"]})


if __name__ == "__main__":
    Config.__init__ = _on_host  # type: ignore[method-assign]  # the one place where a container differs from a process
    module = sys.argv.pop(1)
    sys.path[0] = ""
    runpy.run_module(module, run_name="__main__", alter_sys=True)
