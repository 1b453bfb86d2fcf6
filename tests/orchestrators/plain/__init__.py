"""A plain orchestrator without an engine: two tables, workers that take due rows, and nothing that knows of a harness.

Business transactions run in legs, one thing at a time. What a leg is about to send is written before it is sent, and what came
of it afterwards, so that a restart goes on from there. `declared` reads the saga file, `tables` keeps the state, `moves` decides
what a transaction does next, `worker` does it by `calls`, `__main__` listens.
"""
