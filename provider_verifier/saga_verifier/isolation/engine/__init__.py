"""The Docker engine as the backend `container` needs it.

`api` is the only place that speaks to the engine and translates its errors; `owner` says whose an object is, `sweep` removes what
a killed run left, `images` finds and builds images.
"""

from saga_verifier.isolation.engine.api import ContainerState, Engine
from saga_verifier.isolation.engine.errors import EngineError, NoEngineError, NotThereError

__all__ = ["ContainerState", "Engine", "EngineError", "NoEngineError", "NotThereError"]
