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
    messages: {path: /_messages}                                                          # optional
    container: {image: "registry/billing:1.4", env: {DATABASE_URL: "{database_url}"}}     # optional

`document` and `container` hold what may stand in the file, `faults` judges a text, `reading` brings it together with its
surroundings. Starting the participant is `saga_verifier.isolation`.
"""

from saga_verifier.provider_file.container import CONTAINER_PLACEHOLDERS, Bounds, Container
from saga_verifier.provider_file.document import FORMAT, Document, HealthCheck, Messages, Start, States
from saga_verifier.provider_file.reading import ProviderFile, ProviderFileError, load_provider_file

__all__ = [
    "CONTAINER_PLACEHOLDERS",
    "FORMAT",
    "Bounds",
    "Container",
    "Document",
    "HealthCheck",
    "Messages",
    "ProviderFile",
    "ProviderFileError",
    "Start",
    "States",
    "load_provider_file",
]
