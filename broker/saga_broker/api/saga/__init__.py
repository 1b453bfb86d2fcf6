"""The resources about sagas: their versions, whether they can run, and the results of playing decks."""
