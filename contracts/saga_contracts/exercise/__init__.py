"""Letting a real client meet the cases, and keeping what it did as pact files."""
