"""The drawings of a report, as SVG: the saga, a history of a deck, the trace of a scenario (pure)."""
