"""From the text of a saga file to a saga, or to all of its faults."""
