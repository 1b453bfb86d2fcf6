"""What can go wrong when a program is started in isolation.

    IsolationError           could not be started, or not be kept running (exit status 4)
      CannotStartError       the command cannot be run at all
      DiedAtStartError       it ended before it was ready
      NeverHealthyError      it ran and was not ready in time
      GivenUpError           another program of the same group failed first

None of the messages holds a secret: what comes from the program was redacted before.
"""

from saga_contracts.errors import SagapactError


class IsolationError(SagapactError):
    """A program could not be started or kept running in isolation."""


class CannotStartError(IsolationError):
    """The command cannot be run at all."""


class DiedAtStartError(IsolationError):
    """The program ended before it was ready."""


class NeverHealthyError(IsolationError):
    """The program ran and was not ready in time."""


class GivenUpError(IsolationError):
    """The start was given up because another program of the group failed."""
