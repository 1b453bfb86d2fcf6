"""What a saga file is worth: which deviations of a participant its contracts and decks would catch, and which not, and why.

The stub of the file's own steps is served right, and with each deviation of the catalogue, in this process over real HTTP; its
decks are played and its contract cases are brought about. What gets through could get through at a real participant as well: for
lack of a status call, a probe or a precondition, and the mend says which to declare.
"""
