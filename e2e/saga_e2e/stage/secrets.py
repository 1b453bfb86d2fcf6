"""What a run must never show: the values that the provider files of its services take from outside."""

import contextlib
from collections.abc import Iterator, Mapping

from saga_contracts.errors import SagapactError
from saga_contracts.rim.redact import Redactor
from saga_verifier.provider_file import ProviderFile

_SHORT = 4  # a shorter value that is only handed on is no secret: it would garble every text


def redactor_of(services: Mapping[str, ProviderFile]) -> Redactor:
    """Give what hides the secrets of all services, by their provider files."""
    secrets: dict[str, str] = {}
    for service, file in services.items():
        spec = file.spec()
        for name, value in spec.secrets.items():
            if name in spec.outside or len(value) >= _SHORT:
                secrets[name if secrets.get(name, value) == value else f"{service}: {name}"] = value
    return Redactor(secrets)


@contextlib.contextmanager
def hidden_in_errors(redact: Redactor) -> Iterator[None]:
    """Hide secrets in the message of an error that leaves the block."""
    try:
        yield
    except SagapactError as error:
        error.args = tuple(redact(part) if isinstance(part, str) else part for part in error.args)
        raise
