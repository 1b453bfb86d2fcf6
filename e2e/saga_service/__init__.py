"""The reference orchestrator."""
