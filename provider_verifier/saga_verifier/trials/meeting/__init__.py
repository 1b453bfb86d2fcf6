"""Trials of several that meet at a participant: two sagas on one resource, two steps of one saga. Nothing disturbs them."""
