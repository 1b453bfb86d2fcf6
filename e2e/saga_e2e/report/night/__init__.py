"""What a night of whole sagas adds to a report: faults by step, outcomes, changes, shrunk failures, traffic (pure)."""
