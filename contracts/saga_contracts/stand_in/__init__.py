"""A right participant made from the saga file, and the same one with a planted deviation: `sagapact stub`.

It is `derive.expectations` turned into a server. Whoever has no provider yet can call it; and since it exists for every file that
`lint` accepts, it is the proof that decks and contracts accuse no participant that keeps its word, and catch each that does not.
"""
