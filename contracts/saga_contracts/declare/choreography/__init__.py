"""The part of a saga file that speaks of events: what is published, who reacts, which time runs out, how it ends (pure)."""
