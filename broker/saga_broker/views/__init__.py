"""Writes what was read as HAL documents. Nothing here reads the database or decides anything."""
