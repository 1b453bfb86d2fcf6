"""Tokens, sessions and the audit log as they are stored."""
