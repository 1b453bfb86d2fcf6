"""Looking after sagas beside the work on them: checker, health of participants, escalations, and what is forgotten."""
