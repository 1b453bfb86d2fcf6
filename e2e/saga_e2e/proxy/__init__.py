"""The fault proxy between the services: which call it is, which fault meets it, what was seen."""
