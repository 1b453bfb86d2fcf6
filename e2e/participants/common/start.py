"""Loading a participant's modules quickly. Uses the standard library only; starting the server is left to `server`.

A participant loads some hundred thousand objects (FastAPI, SQLAlchemy) that all stay until it ends. Collecting garbage among
them again and again costs a third of the start-up time and frees nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """Put garbage collection off while modules load, then leave what was loaded out of all later collections."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
