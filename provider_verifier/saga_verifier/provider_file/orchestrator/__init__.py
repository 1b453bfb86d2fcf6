"""What a provider file says of an orchestrator: how whole sagas are run by it."""

from saga_verifier.provider_file.orchestrator.declared import Create, Orchestrator, Read

__all__ = ["Create", "Orchestrator", "Read"]
