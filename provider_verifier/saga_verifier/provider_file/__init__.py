"""The provider file: how one participant is started for its verification (`provider.yaml`, format 1).

    format: 1
    provider: billing
    base_path: /api/v1                                                                    # optional
    start:
      command: ["{python}", "-m", "participants.billing"]
      cwd: ..
      env: {PORT: "{port}", DATABASE_URL: "sqlite:///{workdir}/billing.sqlite", TOKEN: "${BILLING_TOKEN}"}
      pass_env: [PATH]
    health: {path: /health, timeout_s: 20}
    states: {path: /_states}
    messages: {path: /_messages}                                                          # optional
    headers: {X-Api-Key: "${API_KEY}"}                                                    # optional
    token: {command: ["./log_in"], lasts_s: 300}                                          # optional
    probes: {shop/charge: {sql: "SELECT …", url: "sqlite:///{workdir}/billing.sqlite"}}   # optional
    depends: [{name: payments, env: PAYMENTS_URL, replies: [{method: POST, path: /payments, status: 201}]}]  # optional; [] = none
    clock: {keeps_s: 172800, env: {CLOCK_AHEAD_S: "{seconds}"}}                           # optional
    instances: 1                                                                          # optional
    database: "sqlite:///{workdir}/billing.sqlite"                                        # optional
    orchestrator: {create: …, read: …}                                                    # optional
    container: {image: "registry/billing:1.4", env: {DATABASE_URL: "{database_url}"}}     # optional

`document` and the modules that are called like its fields hold what may stand in the file, `services` parts one that has several
services, `faults` judges a text, `reading` brings it together with its surroundings. Starting the participant is
`saga_verifier.isolation`.
"""

from saga_verifier.provider_file.container import CONTAINER_PLACEHOLDERS, Bounds, Container
from saga_verifier.provider_file.database import Database
from saga_verifier.provider_file.document import FORMAT, Document, HealthCheck, Messages, Start, States
from saga_verifier.provider_file.instances import Instances
from saga_verifier.provider_file.orchestrator import Orchestrator
from saga_verifier.provider_file.probes import ProbeForm
from saga_verifier.provider_file.programs import Program, Token
from saga_verifier.provider_file.reading import (
    ProviderFile,
    ProviderFileError,
    load_provider_file,
    load_provider_files,
    service_names,
)

__all__ = [
    "CONTAINER_PLACEHOLDERS",
    "FORMAT",
    "Bounds",
    "Container",
    "Database",
    "Document",
    "HealthCheck",
    "Instances",
    "Messages",
    "Orchestrator",
    "ProbeForm",
    "Program",
    "ProviderFile",
    "ProviderFileError",
    "Start",
    "States",
    "Token",
    "load_provider_file",
    "load_provider_files",
    "service_names",
]
