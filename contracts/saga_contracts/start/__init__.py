"""A saga file to start from: a small one that works, or a draft of what a team has already: `sagapact contracts init`.

`small` is the start that works as it is. The others read a document and write a draft: what it tells is taken over, what follows
by custom is marked as a guess, and what it cannot tell is an open question at its place, which `lint` names.
"""
