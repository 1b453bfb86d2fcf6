"""Pages of sagas: all of them, one, a version, a step; with what they owe as a table and each history as a sequence of calls."""
